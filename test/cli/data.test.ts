import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readIdx } from '../../src/data/idx.js';
import { packageModels } from '../support/packages.js';
import { BIN, fxq, LENET, MNIST, makeFolder } from './support.js';

const LENET5 = LENET.replace('300-100', '5');
const COUNT = 300;

const images = readIdx(readFileSync(join(MNIST, 't10k-images-idx3-ubyte')));
const labels = readIdx(readFileSync(join(MNIST, 't10k-labels-idx1-ubyte')));

/** The first digits of the test set as PNG files, each in the folder that `place` names. */
async function digits(place: (label: number) => string, count = COUNT): Promise<string> {
  const folder = makeFolder();
  for (let i = 0; i < count; i++) {
    const path = join(folder, place(labels.data[i]));
    mkdirSync(path, { recursive: true });
    const pixels = images.data.subarray(784 * i, 784 * (i + 1));
    const image = sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } });
    await image.png().toFile(join(path, `${String(i).padStart(5, '0')}.png`));
  }
  return folder;
}

const json = (...args: string[]) => {
  const { code, stdout, stderr } = fxq(...args, '--threads', '1', '--json');
  expect([
    code,
    stderr.replace(
      /^.*: \d+ images?.*\n {2}.*\n {2}.*\n(warning: 9 classes .*\n)?(warning: the model is right .* no better than chance.*\n)?/,
      '',
    ),
  ]).toEqual([0, '']);
  const { data, ...rest } = JSON.parse(stdout);
  return rest;
};

describe('images', () => {
  it('in folders of their classes give exactly what the same ones give as MNIST', async () => {
    const folder = await digits((label) => String(label));
    for (const model of [LENET5, LENET]) {
      const known = json('evaluate', model, '--data', MNIST, '--limit', String(COUNT));
      expect(json('evaluate', model, '--data', folder)).toEqual(known);
      expect(known.top1).toBeGreaterThan(0.97);
    }
  });

  it('go by the names of classes, or a table', async () => {
    const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    const folder = await digits((label) => names[label], 50);
    const known = json('evaluate', LENET5, '--data', MNIST, '--limit', '50').top1;
    writeFileSync(join(folder, 'names.txt'), names.join('\n'));
    expect(json('evaluate', LENET5, '--data', folder, '--labels', join(folder, 'names.txt')).top1).toBe(known);
    expect(json('evaluate', LENET5, '--data', folder).top1).toBeLessThan(known / 2);
    const flat = await digits(() => '.', 50);
    const lines = Array.from({ length: 50 }, (_, i) => `${String(i).padStart(5, '0')}.png,${names[labels.data[i]]}`);
    writeFileSync(join(flat, 'labels.csv'), `file,label\n${lines.join('\n')}\n`);
    expect(json('evaluate', LENET5, '--data', flat, '--labels', join(folder, 'names.txt')).top1).toBe(known);
  });

  it('are prepared as a description says: a file, the option itself, or one beside the model', async () => {
    const folder = await digits((label) => String(label), 40);
    const model = join(makeFolder(), 'onnx/model.onnx');
    mkdirSync(join(model, '..'));
    cpSync(LENET5, model);
    const evaluated = (...flags: string[]) => {
      const { code, stdout, stderr } = fxq('evaluate', model, '--data', folder, '--json', ...flags);
      expect(code, stderr).toBe(0);
      return [JSON.parse(stdout).top1, stderr];
    };
    const right = evaluated()[0];
    const inverted = '{mean: 1, std: -1}';
    expect(evaluated('--preprocess', inverted)[0]).toBeLessThan(right / 2);
    const yaml = join(folder, 'p.yaml');
    writeFileSync(yaml, 'resize: 28\nscale: 1/255\nchannels: grey # as the model\n');
    expect(evaluated('--preprocess', yaml)).toEqual([right, expect.stringContaining('as the description given says')]);
    const config = { do_resize: false, do_rescale: true, do_normalize: true, image_mean: [1], image_std: [-1] };
    writeFileSync(join(model, '../../preprocessor_config.json'), JSON.stringify(config));
    const [top1, stderr] = evaluated();
    expect(top1).toBe(evaluated('--preprocess', inverted)[0]);
    expect(stderr).toMatch(/as .*preprocessor_config\.json says/);
  });

  it('calibrate, and tune', async () => {
    const folder = await digits((label) => String(label), 96);
    const out = join(makeFolder(), 'small.fxq');
    const small = fxq('compress', LENET, '-o', out, '--calibrate', folder, '--fast', '--bits', '3', '--threads', '1');
    expect([small.code, small.stderr]).toEqual([
      0,
      expect.stringMatching(/96 images, 10 classes, .*\n.*\n.*\ncalibrating on/),
    ]);
    const tuned = join(makeFolder(), 'tuned.onnx');
    const run = fxq('tune', LENET, '-o', tuned, '--data', folder, '--epochs', '1', '--threads', '1');
    expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(/held out [\d.]+% right/)]);
  });

  it('need sharp, and say so', async () => {
    const folder = await digits((label) => String(label), 2);
    const resolve = `export function resolve(name, context, next) {
      if (name !== 'sharp') return next(name, context);
      throw Object.assign(new Error("Cannot find package 'sharp' imported from somewhere"), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    const hook = `import { register } from 'node:module'; register(${JSON.stringify(urlOf(resolve))});`;
    const args = ['--import', urlOf(hook), BIN, 'evaluate', LENET, '--data', folder, '-q'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'error: sharp: needed to read images, but not installed; install it with `npm install sharp` (MISSING_PACKAGE)\n',
    );
  });
});

const urlOf = (module: string) => `data:text/javascript,${encodeURIComponent(module)}`;

describe('inputs at random', () => {
  const small = packageModels().filter((path) => /silero_vad_(legacy|v5)|cls/.test(path));

  it.each(small)('hold a compressed model against its original: %s', (model) => {
    const out = join(makeFolder(), 'small.fxq');
    expect(fxq('compress', model, '-o', out, '--bits', '4', '-q').code).toBe(0);
    const run = () => fxq('evaluate', out, '--reference', model, '--data', 'random', '--limit', '3', '--json');
    const { code, stdout, stderr } = run();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: inputs at random: they tell how alike .*\n$/)]);
    const warnings = [expect.stringMatching(/^inputs at random: they tell how alike/)];
    expect(JSON.parse(stdout)).toMatchObject({ samples: 3, top1: null, maxAbsDiff: expect.any(Number), warnings });
    expect(run().stdout).toBe(stdout);
    const ranked = fxq('sensitivity', model, out, '--data', 'random', '--limit', '1', '--json');
    expect(ranked.code, ranked.stderr).toBe(0);
    const { layers, ...rest } = JSON.parse(ranked.stdout);
    expect(rest.warnings).toEqual(warnings);
    expect(layers.length).toBeGreaterThan(4);
    expect(layers[0].divergence).toBeGreaterThan(0);
  });

  it('need another model, and sizes that the model has', () => {
    expect(fxq('evaluate', LENET, '--data', 'random')).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'error: --data random has no labels to be right about; give --reference with the original model\n',
    });
    const sized = fxq('evaluate', LENET, '--data', 'random', '--reference', LENET, '--dim', 'width=3');
    expect(sized).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: dimension 'width': .* which are N\n$/),
    });
    const bad = fxq('evaluate', LENET, '--data', 'random', '--dim', 'width');
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('Expected name=size.') });
    const same = fxq(
      'evaluate',
      LENET,
      '--data',
      'random',
      '--reference',
      LENET,
      '--dim',
      'N=5',
      '--limit',
      '5',
      '--json',
    );
    expect(JSON.parse(same.stdout)).toMatchObject({ samples: 5, agreement: 1, maxAbsDiff: 0 });
  });
});

describe('wrong descriptions', () => {
  it.each([
    ['damaged YAML', '{resize: [', /^error: --preprocess: expected YAML or JSON, got damaged text/],
    ['an unknown key', '{size: 3}', /^error: preprocessing: expected one of resize, .*, got size \(CONFIG\)/],
    ['no such file', 'none.yaml', /none\.yaml/],
  ])('%s', async (_, preprocess, message) => {
    const folder = await digits(String, 1);
    const { code, stderr } = fxq('evaluate', LENET, '--data', folder, '--preprocess', preprocess);
    expect([code, stderr.split('\n').filter((line) => line.startsWith('error'))[0]]).toEqual([
      preprocess === 'none.yaml' ? 1 : 2,
      expect.stringMatching(message),
    ]);
  });

  it('and options about inputs that they have nothing to do with', async () => {
    const folder = await digits(String, 1);
    const { code, stderr } = fxq('evaluate', LENET, '--data', folder, '--dim', 'N=4');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/expected the word random, since sizes of dimensions/)]);
  });

  it('and nothing to measure by', async () => {
    const folder = await digits(() => '.', 1);
    const warning = 'warning: no labels that the model could be right about; give --reference with the original model';
    const { code, stderr } = fxq('evaluate', LENET, '--data', folder);
    expect([code, stderr]).toEqual([0, expect.stringContaining(warning)]);
    expect(fxq('evaluate', LENET, '--data', folder, '--reference', LENET).stderr).not.toContain(warning);
  });

  it('and options about images without any', () => {
    const { code, stderr } = fxq('evaluate', LENET, '--data', MNIST, '--labels', 'l.txt');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/expected a folder of images, since labels are given/)]);
    const random = fxq('evaluate', LENET, '--data', 'random', '--reference', LENET, '--preprocess', '{}');
    expect([random.code, random.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: random: expected a folder of images/),
    ]);
    const stray = fxq('compress', LENET, '-o', 'x.fxq', '--preprocess', '{}');
    expect([stray.code, stray.stderr]).toEqual([
      2,
      'error: --preprocess needs --calibrate or --data with inputs to look at\n',
    ]);
  });
});
