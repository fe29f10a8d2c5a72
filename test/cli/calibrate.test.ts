import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { filesIn, fxq, LENET, MNIST, makeFolder, stopped } from './support.js';

const LENET_5 = LENET.replace('300-100', '5');
const FAST = ['--calibrate', MNIST, '--calibrate-samples', '64', '--fast'];

/** A data set of one batch of this shape, as a module. */
function putData(folder: string, count: number, dims: readonly number[]): string {
  const path = join(folder, 'data.mjs');
  const size = dims.reduce((all, dim) => all * dim, count);
  writeFileSync(
    path,
    `export default async function* () {
      yield { inputs: { input: { data: Float32Array.from({ length: ${size} }, (_, i) => ((i * i * 7919) % 1009) / 1009), dims: ${JSON.stringify([count, ...dims])} } } };
    }`,
  );
  return path;
}

describe('compress --calibrate', () => {
  it('with a price of a bit calibrates once', async () => {
    const folder = makeFolder();
    const out = join(folder, 'model.fxq');
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, ...FAST, '--lambda', '1e-6', '--threads', '2');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^calibrating on .*\n {2}λ 1\.0e-6 {2}[\d.]+ KB\n$/)]);
    expect(stdout).toMatch(/^.*lenet-300-100\.onnx \(1\.07 MB\) → .*model\.fxq \([\d.]+ KB\), [\d.]+× smaller\n/);
    expect(Object.keys(filesIn(folder))).toEqual(['model.fxq']);
    const model = openOnnx(await decode(new Uint8Array(readFileSync(out))));
    expect(readRecords(model).at(-1)?.text).toContain('calibrate lambda=0.000001 fast=true');
    // The same without threads of its own choice.
    const again = join(makeFolder(), 'model.fxq');
    expect(fxq('compress', LENET, '-o', again, ...FAST, '--lambda', '1e-6', '--threads', '1', '-q').code).toBe(0);
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  it('keeps to a size, and tells what it tried as JSON', () => {
    const out = join(makeFolder(), 'model.fxq');
    const size = ['--target-size', '16kB'];
    const { code, stdout } = fxq('compress', LENET, '-o', out, ...FAST, ...size, '--json');
    expect(code).toBe(0);
    const { calibration, outputBytes, answers } = JSON.parse(stdout);
    expect(readFileSync(out)).toHaveLength(outputBytes);
    expect(outputBytes).toBeLessThanOrEqual(16_000);
    expect(calibration).toMatchObject({ samples: 64, heldOut: 512, metric: 'accuracy', isReached: true, skipped: [] });
    expect(calibration.chosen).toEqual({
      lambda: expect.any(Number),
      bytes: outputBytes,
      loss: expect.any(Number),
      judgement: expect.objectContaining({ unit: 'points', samples: expect.any(Number) }),
      divergence: expect.any(Number),
    });
    expect(calibration.points).toContainEqual(calibration.chosen);
    expect(answers.text).toMatch(
      /^lost .* points, 95 %: .* inputs, of which 512 were kept apart$|512 inputs kept apart$/,
    );
  });

  it('tells what it was judged by, and what it could not reach', () => {
    const folder = makeFolder();
    const data = putData(folder, 12, [1, 28, 28]);
    const args = [
      'compress',
      LENET,
      '-o',
      join(folder, 'model.fxq'),
      '--calibrate',
      data,
      '--fast',
      '--include',
      'fc2.weight',
      'fc3.weight',
    ];
    const judged = fxq(...args, '--max-loss', '1');
    expect(judged.code).toBe(0);
    expect(judged.stderr).toContain('judged by the inputs fitted to, for want of others\n');
    expect(judged.stderr).not.toContain('kept apart');
    const small = fxq(...args, '--target-size', '100', '--force');
    expect(small.code).toBe(0);
    expect(small.stderr).toContain('warning: no setting reached the goal; this is the nearest\n');
    expect(small.stdout).toContain('answers: not measured, as all of the 12 inputs were calibrated on; this tells:');
  });

  it('keeps every weight where nothing else loses as little as it may, and says so', () => {
    const folder = makeFolder();
    const [out, plain] = ['model.fxq', 'plain.fxq'].map((name) => join(folder, name));
    const args = ['--calibrate', putData(folder, 12, [1, 28, 28]), '--fast', '--include', 'fc3.weight'];
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, ...args, '--max-loss', '0', '--json');
    expect(code).toBe(0);
    const { calibration, answers, outputBytes } = JSON.parse(stdout);
    const lossless = { lambda: null, bytes: outputBytes, loss: 0, divergence: 0 };
    expect(calibration).toMatchObject({ isReached: true, isLossless: true, chosen: lossless });
    expect(answers.text).toBe('the same, every weight is kept, as nothing else reached the goal');
    expect(stderr).toContain('warning: no setting reached the goal, so that the file keeps every weight');
    expect(fxq('encode', LENET, '-o', plain).code).toBe(0);
    expect(readFileSync(out).equals(readFileSync(plain))).toBe(true);
  });

  it('holds against the original what is lost by pruning, too', () => {
    const folder = makeFolder();
    const args = [
      '--calibrate',
      MNIST,
      '--calibrate-samples',
      '20',
      '--fast',
      '--density',
      '0.02',
      '--max-loss',
      '0.5',
    ];
    const { code, stdout } = fxq('compress', LENET, '-o', join(folder, 'model.fxq'), ...args, '--json');
    const { calibration } = JSON.parse(stdout);
    expect([code, calibration.samples, calibration.isReached]).toEqual([0, 20, false]);
    expect(calibration.chosen.loss).toBeGreaterThan(5);
  });

  it('warns of few inputs, and shares values by --bits', () => {
    const out = join(makeFolder(), 'model.fxq');
    const few = ['--calibrate', MNIST, '--calibrate-samples', '48', '--bits', '2', '--include', 'fc*.weight'];
    const { code, stdout, stderr } = fxq('compress', LENET_5, '-o', out, ...few, '--json');
    expect([code, stderr]).toEqual([0, expect.stringContaining('warning: calibrated on 48 inputs only;')]);
    const { calibration, tensors } = JSON.parse(stdout);
    expect(calibration.points).toEqual([
      { lambda: null, bytes: expect.any(Number), loss: null, judgement: null, divergence: null },
    ]);
    const clusters = Object.fromEntries(
      tensors.map((each: { name: string; clusters: number }) => [each.name, each.clusters]),
    );
    expect(clusters['fc1.weight']).toBeLessThanOrEqual(5);
    expect(clusters['conv1.weight']).toBeGreaterThan(100);
  });

  it('tells of layers that are pruned by magnitude, and of a file that is against it', () => {
    const folder = makeFolder();
    const [out, config] = [join(folder, 'model.fxq'), join(folder, 'fxq.yaml')];
    writeFileSync(config, 'cluster: false');
    const pruned = ['--config', config, '--density', '0.5', '--include', 'fc3.weight', 'fc3.bias'];
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, ...FAST, ...pruned, '--bits', '4', '--json');
    const note = expect.stringMatching(/^fc3\.bias: pruned by magnitude, not calibrated: /);
    const ignored = 'config: what it says of clusters has no effect with these options';
    const alone = expect.stringMatching(
      /^99\.6% of the floating-point numbers are left alone, 1\.06 MB: fc1\.weight .*--include /,
    );
    expect([code, JSON.parse(stdout).warnings]).toEqual([0, [ignored, alone, note]]);
    expect(stderr).toMatch(/^warning: fc3\.bias: pruned by magnitude/m);
  });

  it.each([
    [['--max-loss', '1'], '--max-loss needs --calibrate'],
    [['--target-size', '9kB'], '--target-size needs --calibrate'],
    [['--lambda', '1e-7'], '--lambda needs --calibrate'],
    [['--fast'], '--fast needs --calibrate'],
    [[...FAST, '--lambda', '1e-7', '--max-loss', '1'], "cannot be used with option '--lambda <price>'"],
    [[...FAST, '--target-size', '9kB', '--max-loss', '1'], 'cannot be used with option'],
    [[...FAST, '--target-size', 'small'], 'Expected a size such as 90000, 90kB or 1.5MB.'],
    [[...FAST, '--bits', '2', '--max-loss', '1'], '--bits and --clusters fix the size'],
    [[...FAST, '--no-cluster'], "option '--no-cluster' cannot be used with option '--calibrate <data>'"],
    [[...FAST, '--bits', '2', '--metric', 'snr'], '--metric is for a search, and has no effect with --bits'],
    [[...FAST, '--weights', 'int4', '--max-loss', '1', '--time', '9s'], '--time does not go with number formats'],
    [['--data', MNIST, '--max-loss', '1', '--per-class', '3'], '--per-class needs --calibrate'],
    [[...FAST, '--snr', '30'], '--snr does not go with --calibrate'],
    [[...FAST, '--init', 'random'], '--init is for clustering without --calibrate'],
    [[...FAST, '--centroids', 'native'], '--centroids is for clustering without --calibrate'],
    [[...FAST, '--threads', '0'], 'Expected a whole number of at least 1.'],
    [[...FAST, '--max-loss', '-1'], 'calibrate: expected a --max-loss of at least 0, got -1'],
    [[...FAST, '--lambda', '-1'], 'calibrate: expected a lambda of at least 0, got -1'],
    [[...FAST, '--bits', '40'], 'cluster: expected a whole number of bits from 1 to 10, got 40'],
    [[...FAST, '--seed', '-1'], 'Expected a whole number from 0 to'],
  ])('refuses %j', (flags, message) => {
    const folder = makeFolder();
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', join(folder, 'out.fxq'), ...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    expect(stderr).not.toContain('fault of fxq-compress');
    expect(filesIn(folder)).toEqual({});
  });

  it('fails with data that does not fit the model, and leaves no file', () => {
    const folder = makeFolder();
    const data = putData(makeFolder(), 8, [3, 5]);
    const args = ['compress', LENET, '-o', join(folder, 'out.fxq'), '--calibrate'];
    const { code, stdout, stderr } = fxq(...args, data);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\nerror: .*expected shape \[N, 1, 28, 28\], got \[8, 3, 5\]; .*\(DATASET\)\n$/);
    const missing = fxq(...args, join(folder, 'nowhere.npz'), '--json');
    expect([missing.code, missing.stdout]).toEqual([1, '']);
    expect(JSON.parse(missing.stderr).error).toMatchObject({ code: 'DATASET' });
    expect(filesIn(folder)).toEqual({});
  });

  it('stopped between two points leaves the old file and nothing else', async () => {
    const folder = makeFolder();
    const out = join(folder, 'out.fxq');
    writeFileSync(out, 'old');
    const { code, stderr } = await stopped(['compress', LENET, '-o', out, ...FAST, '--max-loss', '0'], 'KB, lost ');
    expect([code, stderr]).toEqual([
      130,
      expect.stringContaining('error: stopped by SIGINT; no file was changed (ABORTED)\n'),
    ]);
    expect(Object.entries(filesIn(folder)).map(([name, bytes]) => [name, String(bytes)])).toEqual([['out.fxq', 'old']]);
  });
});
