import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../src/onnx/open.js';
import { AUGMENTATIONS } from '../../src/tune/augment.js';
import { nonZeros, valuesOf } from '../tune/support.js';
import { filesIn, fxq, LENET, MNIST, makeFolder, stopped } from './support.js';

const LENET_5 = LENET.replace('300-100', '5');
const FEW = ['--data', MNIST, '--limit', '200', '--held-out', '40', '--threads', '1', '--batch-size', '32'];
const HINT = '(--help lists the options)\n';

/** Weights and biases of a file. */
const valuesIn = (path: string) => valuesOf(openOnnx(new Uint8Array(readFileSync(path))));

describe('tune', () => {
  it('writes the tuned model, and tells of each epoch', () => {
    const folder = makeFolder();
    const out = join(folder, 'tuned.onnx');
    const { code, stderr } = fxq('tune', LENET_5, '-o', out, ...FEW, '--epochs', '2');
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^(epoch [12]\/2 {2}loss [\d.]+ {2}held out [\d.]+% right \(95 %: [\d.]+ to [\d.]+\), lost [−\d.]+ points, 95 %: [−\d.]+ to [\d.]+, (expected of|counted on) 40 inputs, loss [\d.]+( {2}best)?\n){2}$/,
      ),
    ]);
    expect(Object.keys(filesIn(folder))).toEqual(['tuned.onnx']);
    expect(valuesIn(out)).not.toEqual(valuesIn(LENET_5));
    expect(readFileSync(out, 'latin1')).toMatch(/tune epochs=2 best=[12] loss=cross-entropy/);
  });

  it('gives a summary with its epochs as JSON, and nothing else with --quiet', () => {
    const folder = makeFolder();
    const out = join(folder, 'tuned.onnx');
    const args = ['tune', LENET_5, '-o', out, ...FEW, '--epochs', '2', '--json', '--quiet', '--density', '0.2'];
    const { code, stdout, stderr } = fxq(...args, '--teacher', LENET_5, '--augment', 'shift=0.07', 'rotate=10');
    expect([code, stderr]).toEqual([0, '']);
    const { epochs, ...summary } = JSON.parse(stdout);
    expect(summary).toMatchObject({ input: LENET_5, output: out, outputBytes: readFileSync(out).length, warnings: [] });
    expect(epochs.map(({ epoch }: { epoch: number }) => epoch)).toEqual([1, 2]);
    expect(epochs[1]).toEqual({
      ...{ epoch: 2, epochs: 2, loss: expect.any(Number), heldOutLoss: expect.any(Number) },
      ...{ accuracy: expect.any(Number), accuracyInterval: [expect.any(Number), expect.any(Number)] },
      judgement: expect.objectContaining({ metric: 'accuracy', unit: 'points', value: expect.any(Number) }),
      ...{ density: expect.closeTo(0.2, 3), isBest: true, ms: expect.any(Number) },
    });
    expect(readFileSync(out, 'latin1')).toContain('loss=distillation density=0.2');
  });

  it('takes densities of single layers from a config file', () => {
    const folder = makeFolder();
    const config = join(folder, 'tune.yaml');
    writeFileSync(
      config,
      'prune: { density: 0.5 }\nexclude: [fc2.weight]\nlayers:\n  - match: fc1.*\n    prune: { density: 0.1 }\n',
    );
    const out = join(folder, 'tuned.onnx');
    const args = ['tune', LENET_5, '-o', out, ...FEW, '--epochs', '1', '--prune-share', '1', '--config', config];
    expect(fxq(...args, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    for (const [name, values] of Object.entries(valuesIn(out))) {
      const density = { 'conv1.weight': 0.5, 'conv2.weight': 0.5, 'fc1.weight': 0.1 }[name] ?? 1;
      expect(nonZeros(values), name).toBe(Math.round(density * values.length));
    }
  });

  it('has a help that names what it trains and how images are changed', () => {
    const { code, stdout } = fxq('tune', '--help');
    const text = stdout.replace(/\s+/g, ' ');
    expect(code).toBe(0);
    expect(text).toContain('dtype: with globs (default: role:weight role:bias role:normalisation)');
    for (const name of Object.keys(AUGMENTATIONS)) expect(text).toContain(`${name}=…`);
    expect(text).toContain('$ fxq-compress tune pruned.onnx -o tuned.onnx');
    expect(fxq('prune', '--help').stdout.replace(/\s+/g, ' ')).toContain('(default: role:weight)');
  });
});

describe('tune --resume', () => {
  it('after a signal gives the file of a run that was not stopped', async () => {
    const folder = makeFolder();
    const [whole, out] = [join(folder, 'whole.onnx'), join(folder, 'out.onnx')];
    const rest = [...FEW, '--epochs', '8', '--density', '0.2', '--prune-share', '0.25', '--seed', '3'];
    // With nothing to go on from it begins anew.
    const anew = fxq('tune', LENET_5, '-o', whole, ...rest, '--resume');
    expect([anew.code, anew.stderr]).toEqual([
      0,
      expect.stringContaining('whole.onnx.tune is not there to go on from: begins anew\n'),
    ]);

    const first = await stopped(['tune', LENET_5, '-o', out, ...rest], 'epoch 2/8');
    expect([first.code, first.stderr]).toEqual([
      130,
      expect.stringMatching(/out\.onnx\.tune: kept, so that --resume goes on from there\n/),
    ]);
    expect(first.stderr).toMatch(
      /stopped by SIGINT; .*out\.onnx is the best epoch so far, and the same command with --resume goes on\n$/,
    );
    expect(Object.keys(filesIn(folder))).toEqual(['out.onnx', 'out.onnx.tune', 'whole.onnx']);
    expect(openOnnx(new Uint8Array(readFileSync(out))).tensors.length).toBeGreaterThan(0);

    const second = fxq('tune', LENET_5, '-o', out, ...rest, '--resume');
    expect([second.code, second.stderr]).toEqual([0, expect.not.stringContaining('epoch 1/8')]);
    expect(Object.keys(filesIn(folder))).toEqual(['out.onnx', 'whole.onnx']);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
  });

  it('after a signal that came before the density was reached as well', async () => {
    const folder = makeFolder();
    const [whole, out] = [join(folder, 'whole.onnx'), join(folder, 'out.onnx')];
    const rest = [...FEW, '--epochs', '6', '--density', '0.2', '--prune-share', '1', '--optimiser', 'sgd'];
    expect(fxq('tune', LENET_5, '-o', whole, ...rest, '-q').code).toBe(0);
    const first = await stopped(['tune', LENET_5, '-o', out, ...rest], 'epoch 1/6', 'SIGTERM');
    expect([first.code, first.stdout]).toEqual([143, '']);
    expect(first.stderr).toContain('kept, so that --resume goes on from there\n');
    expect(first.stderr).toMatch(
      /stopped by SIGTERM; the density of [\d.]+% is not reached yet, [\d.]+% of the weights are left after epoch \d of 6; no file was written, and the same command with --resume goes on\n$/,
    );
    expect(Object.keys(filesIn(folder))).toEqual(['out.onnx.tune', 'whole.onnx']);
    expect(fxq('tune', LENET_5, '-o', out, ...rest, '--resume', '-q').code).toBe(0);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
  });

  it('leaves a checkpoint of other options as it is', () => {
    const folder = makeFolder();
    const out = join(folder, 'out.onnx');
    writeFileSync(`${out}.tune`, 'fxq-compress tune 1\n{"subject":"other"}\n');
    const before = filesIn(folder);
    const { code, stderr } = fxq('tune', LENET_5, '-o', out, ...FEW, '--resume');
    expect([code, stderr]).toEqual([2, expect.stringContaining('of another model, other data or other options')]);
    expect(filesIn(folder)).toEqual(before);
  });
});

describe('tune refuses', () => {
  it('to work without data', () => {
    const { code, stdout, stderr } = fxq('tune', LENET_5, '-o', 'out.onnx');
    expect([code, stdout, stderr]).toEqual([2, '', `error: required option '--data <data>' not specified\n${HINT}`]);
  });

  it.each([
    [['--epochs', '0'], 'Expected a whole number of at least 1.'],
    [['--optimiser', 'lion'], 'Allowed choices are sgd, adam.'],
    [['--loss', 'hinge'], 'Allowed choices are cross-entropy, distillation, mean-squared-error.'],
    [['--schedule', 'linear'], 'Allowed choices are cubic, steps.'],
    [['--augment', 'blur=1'], 'Expected one of shift=…, rotate=…, scale=…, shear=…, flip=….'],
    [['--augment', 'shift'], 'Expected one of shift=…'],
    [['--augment', 'shift=far'], 'Expected a number.'],
    [['--augment', 'flip=2'], 'error: tune: expected a flip from 0 to 1, got 2\n'],
    [['--density', '2'], 'error: tune: expected a density from 0 to 1, got 2\n'],
    [['--temperature', '0'], 'error: tune: expected a temperature above 0, got 0\n'],
    [['--seed', '0.5'], "error: option '--seed <number>' argument '0.5' is invalid. Expected a whole number"],
    [['--exclude', '*'], 'no selected tensor of the model'],
    [['--train-output', 'nothing'], 'nothing: the model computes no value of this name'],
  ])('%j', (flags, message) => {
    const folder = makeFolder();
    const { code, stdout, stderr } = fxq('tune', LENET_5, '-o', join(folder, 'out.onnx'), ...FEW, ...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    expect(stderr).not.toContain('fault of fxq-compress');
    expect(filesIn(folder)).toEqual({});
  });

  it.each([
    ['prune: { threshold: 0.1 }', 'a threshold'],
    ['layers: [{ match: fc1.weight, prune: { quality: 1 } }]', 'a quality'],
  ])('a config file with %s', (text, what) => {
    const folder = makeFolder();
    const config = join(folder, 'tune.yaml');
    writeFileSync(config, text);
    const { code, stderr } = fxq('tune', LENET_5, '-o', join(folder, 'out.onnx'), ...FEW, '--config', config);
    expect([code, stderr]).toEqual([2, `error: config: prune to a density with tune, not to ${what}\n`]);
    expect(Object.keys(filesIn(folder))).toEqual(['tune.yaml']);
  });

  it('to write over what it reads', () => {
    const folder = makeFolder();
    const [model, teacher, odd] = ['model.onnx', 'teacher.onnx', 'odd.tune'].map((name) => join(folder, name));
    for (const path of [model, teacher, odd]) copyFileSync(LENET_5, path);
    const original = readFileSync(LENET_5);
    for (const [input, output] of [
      [model, model],
      [model, teacher],
      [odd, join(folder, 'odd')],
    ]) {
      const { code, stderr } = fxq('tune', input, '-o', output, ...FEW, '--teacher', teacher);
      expect([code, stderr]).toEqual([1, expect.stringContaining('this is an input, which is never overwritten')]);
    }
    const after = Object.entries(filesIn(folder));
    expect(after.map(([name]) => name)).toEqual(['model.onnx', 'odd.tune', 'teacher.onnx']);
    expect(after.every(([, bytes]) => bytes.equals(original))).toBe(true);
  });
});

describe('tune that fails', () => {
  it('leaves the old file and nothing else', () => {
    const folder = makeFolder();
    const out = join(folder, 'out.onnx');
    writeFileSync(out, 'old');
    for (const flags of [
      ['--data', join(folder, 'nowhere.npz')],
      [...FEW, '--teacher', join(folder, 'nowhere.onnx')],
      [...FEW, '--held-out', '200'],
      [...FEW, '--learning-rate', '1e30', '--optimiser', 'sgd'],
    ]) {
      const { code, stdout, stderr } = fxq('tune', LENET_5, '-o', out, ...flags, '--json');
      expect([code, stdout, Object.keys(filesIn(folder))]).toEqual([1, '', ['out.onnx']]);
      expect(JSON.parse(stderr.trim().split('\n').at(-1)!).error.code).toMatch(/^(DATASET|IO|RUNTIME)$/);
    }
    expect(readFileSync(out, 'utf8')).toBe('old');
  });

  it('after an epoch keeps what it has, and says so', () => {
    const folder = makeFolder();
    const data = join(folder, 'data.mjs');
    writeFileSync(
      data,
      `export default async function* () {
        const data = Float32Array.from({ length: 60 * 784 }, (_, i) => ((i * 7919) % 1009) / 1009);
        yield { inputs: { input: { data, dims: [60, 1, 28, 28] } }, labels: Array.from({ length: 60 }, (_, i) => i % 10) };
      }`,
    );
    const out = join(folder, 'out.onnx');
    const flags = ['--data', data, '--optimiser', 'sgd', '--learning-rate', '30', '--clip', '1e30', '--epochs', '50'];
    const { code, stderr } = fxq('tune', LENET_5, '-o', out, ...flags, '--batch-size', '54', '--threads', '1');
    expect([code, stderr]).toEqual([1, expect.stringContaining('give a smaller learning rate (RUNTIME)\n')]);
    expect(stderr).toContain('out.onnx.tune: kept, so that --resume goes on from there\n');
    expect(Object.keys(filesIn(folder))).toEqual(['data.mjs', 'out.onnx.tune']);
  });
});
