import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/cli/config.js';
import { configTemplate } from '../../src/cli/config-template.js';
import { run } from '../../src/cli/program.js';
import type { Tensor } from '../../src/model/model.js';
import { matcher } from '../../src/model/selectors.js';
import { generatedModels } from '../support/models.js';
import { filesIn, fxq, fxqIn, LENET, makeFolder, putModel } from './support.js';

/** Runs the program inside of this process: much faster. */
async function inside(...args: string[]) {
  const finished = { code: 0, stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      finished[name] += text;
    },
  });
  finished.code = await run(args, { stdout: stream('stdout'), stderr: stream('stderr') });
  return finished;
}

const uncomment = (text: string, option: string) => text.replaceAll(`    # ${option}:`, `    ${option}:`);

describe('init', () => {
  it('lists the layers in order of size, with their options commented out', () => {
    const folder = makeFolder();
    const path = join(folder, 'settings.yaml');
    const told = fxq('init', LENET, '-o', path);
    expect(told).toEqual({ code: 0, stdout: `${LENET} → ${path}, 3 layers\n`, stderr: '' });
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^# Options of fxq-compress for lenet-300-100\.onnx\.\n/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text.slice(text.indexOf('# For single layers'))).toBe(`# For single layers, the largest first:
layers:
  # weight of Gemm, 300 × 784, float32: 235,200 weights, 941 KB
  - match: fc1.weight
    # prune: { density: 0.5 }
    # cluster: { bits: 5 }
    # quantize: { weights: int8 }
  # weight of Gemm, 100 × 300, float32: 30,000 weights, 120 KB
  - match: fc2.weight
    # prune: { density: 0.5 }
    # cluster: { bits: 5 }
    # quantize: { weights: int8 }
  # weight of Gemm, 10 × 100, float32: 1,000 weights, 4.00 KB
  - match: fc3.weight
    # prune: { density: 0.5 }
    # cluster: { bits: 5 }
    # quantize: { weights: int8 }

# Left alone unless included: 3 bias (1.64 KB).
`);
    expect(parseConfig(text, path)).toEqual({
      layers: [{ match: 'fc1.weight' }, { match: 'fc2.weight' }, { match: 'fc3.weight' }],
    });
  });

  it('offers options that are valid', () => {
    const folder = makeFolder();
    const path = join(folder, 'fxq.yaml');
    expect(fxq('init', LENET, '-o', path, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    const text = readFileSync(path, 'utf8');
    const options = { prune: { density: 0.5 }, cluster: { bits: 5 }, quantize: { weights: 'int8' } };
    const layers = ['fc1', 'fc2', 'fc3'].map((name) => ({ match: `${name}.weight`, ...options }));
    expect(parseConfig(uncomment(uncomment(uncomment(text, 'prune'), 'cluster'), 'quantize'), path)).toEqual({
      layers,
    });
    expect(parseConfig(text.replace(/^# (?=(include|exclude|prune|cluster): [{[])/gm, ''), path)).toMatchObject({
      include: ['role:weight'],
      exclude: [],
      prune: { density: 0.5 },
      cluster: { snr: 40 },
    });
  });

  it('prints the layers as JSON', () => {
    const folder = makeFolder();
    const path = join(folder, 'fxq.yaml');
    const { code, stdout, stderr } = fxq('init', LENET, '-o', path, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const layer = (name: string, ...dims: [number, number]) => {
      const weights = dims[0] * dims[1];
      return { name, role: 'weight', op: 'Gemm', dims, dtype: 'float32', weights, bytes: 4 * weights };
    };
    const layers = [layer('fc1.weight', 300, 784), layer('fc2.weight', 100, 300), layer('fc3.weight', 10, 100)];
    expect(JSON.parse(stdout)).toEqual({ input: LENET, output: path, layers });
    expect(Object.keys(filesIn(folder))).toEqual(['fxq.yaml']);
  });

  it('writes a file that changes nothing', async () => {
    const folder = makeFolder();
    const path = (name: string) => join(folder, name);
    let layers = 0;
    const models = generatedModels().filter(({ bytes }) => bytes.length < 10_000);
    // Without any setting what takes no more without loss would be kept as it is, and with a file of settings it is not.
    const noise = ['--snr', '40'];
    for (const [i, model] of models.entries()) {
      mkdirSync(path(`${i}`));
      const input = putModel(path(`${i}`), model);
      const plain = await inside('compress', input, '-o', path(`${i}/plain.fxq`), ...noise, '--json');
      if (plain.code !== 0) continue;
      const made = await inside('init', input, '-o', path(`${i}/fxq.yaml`), '--json');
      expect(made, model.name).toMatchObject({ code: 0, stderr: '' });
      layers += JSON.parse(made.stdout).layers.length;
      const config = ['--config', path(`${i}/fxq.yaml`)];
      const same = await inside('compress', input, '-o', path(`${i}/same.fxq`), ...config, ...noise, '--json');
      expect(JSON.parse(same.stdout).warnings, model.name).toEqual(JSON.parse(plain.stdout).warnings);
      const [a, b] = ['plain.fxq', 'same.fxq'].map((name) => readFileSync(path(`${i}/${name}`)));
      expect(Buffer.compare(a, b), model.name).toBe(0);
    }
    expect(layers).toBeGreaterThan(50);
  });

  it('does the same to a trained net, and what is then set takes effect', () => {
    const folder = makeFolder();
    const path = (name: string) => join(folder, name);
    expect(fxq('init', LENET, '-o', path('fxq.yaml'), '-q').code).toBe(0);
    expect(fxq('compress', LENET, '-o', path('plain.fxq'), '--no-synthetic', '-q').code).toBe(0);
    const compress = (...flags: string[]) =>
      fxq('compress', LENET, '-o', path('m.fxq'), '--config', path('fxq.yaml'), '--json', ...flags);
    const silent = compress();
    expect(silent).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
    expect(JSON.parse(silent.stdout).synthetic.kind).toBe('pictures');
    expect(compress('--no-synthetic')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
    expect(readFileSync(path('m.fxq')).equals(readFileSync(path('plain.fxq')))).toBe(true);
    writeFileSync(path('fxq.yaml'), uncomment(readFileSync(path('fxq.yaml'), 'utf8'), 'prune'));
    const { tensors } = JSON.parse(compress().stdout);
    const densities = (tensors as { role: string; density: number }[]).flatMap(({ role, density }) =>
      role === 'weight' ? [density] : [],
    );
    expect(densities).toEqual([0.5, 0.5, 0.5]);
  });
});

describe('where init writes', () => {
  it('is fxq.yaml in the current folder; one that is there already stays', () => {
    const folder = makeFolder();
    expect(fxqIn(folder, 'init', LENET)).toMatchObject({ code: 0, stdout: `${LENET} → fxq.yaml, 3 layers\n` });
    writeFileSync(join(folder, 'fxq.yaml'), '# mine\n');
    const { code, stdout, stderr } = fxqIn(folder, 'init', LENET);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'error: fxq.yaml: exists already; name it with -o to replace it, or choose another name (IO)\n',
    );
    expect(filesIn(folder)).toEqual({ 'fxq.yaml': Buffer.from('# mine\n') });
    expect(fxqIn(folder, 'init', LENET, '-o', 'fxq.yaml', '-q').code).toBe(0);
    expect(filesIn(folder)['fxq.yaml'].toString()).toContain('fc1.weight');
  });

  it('is never an input', () => {
    const folder = makeFolder();
    const input = putModel(folder, 'Conv');
    const before = filesIn(folder);
    const { code, stderr } = fxq('init', input, '-o', input);
    expect([code, stderr]).toEqual([
      1,
      `error: ${input}: this is an input, which is never overwritten; choose another name with -o (IO)\n`,
    ]);
    expect(filesIn(folder)).toEqual(before);
  });

  it('stays empty if the model cannot be read', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'model.onnx'), 'no model');
    const { code, stderr } = fxqIn(folder, 'init', 'model.onnx');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: model\.onnx: .*\(ONNX_MALFORMED\)\n$/)]);
    expect(Object.keys(filesIn(folder))).toEqual(['model.onnx']);
  });

  it('is linked to the schema of a package that is installed there', () => {
    const folder = makeFolder();
    const path = (name: string) => join(folder, name);
    const schema = 'node_modules/fxq-compress/dist/config.schema.json';
    mkdirSync(path('node_modules/fxq-compress/dist'), { recursive: true });
    mkdirSync(path('nets'));
    writeFileSync(path(schema), '{}');
    for (const [name, expected] of [
      ['fxq.yaml', `./${schema}`],
      ['nets/fxq.yaml', `../${schema}`],
    ]) {
      expect(fxq('init', LENET, '-o', path(name), '-q').code).toBe(0);
      const [first] = readFileSync(path(name), 'utf8').split('\n');
      expect(first).toBe(`# yaml-language-server: $schema=${expected}`);
    }
  });
});

describe('the template', () => {
  const layer = (name: string, rest: Partial<Tensor> = {}) =>
    ({ name, role: 'weight', op: 'Gemm', dims: [2, 3], dtype: 'float32', count: 6, length: 24, ...rest }) as Tensor;
  const matches = (text: string) => (parseConfig(text, 'fxq.yaml').layers ?? []).map(({ match }) => match);

  it('names any tensor so that the rule is about it, whatever the model calls things', () => {
    const part = fc.constantFrom('op:', 'role:', 'name:', 'null', '1', '#', ': ', '- ', '"', '\n', '\u2028', '\u0085');
    const anything = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.array(part, { minLength: 1 }).map((parts) => parts.join('')),
    );
    const property = fc.property(fc.array(anything, { minLength: 1 }), anything, (names, op) => {
      const layers = names.map((name) => layer(name, { op }));
      const text = configTemplate(layers, [layer('b', { role: 'bias' })], { model: op });
      const found = matches(text);
      expect(found).toHaveLength(names.length);
      for (const [i, match] of found.entries()) expect(matcher(match)(layers[i])).toBe(true);
      expect(matches(uncomment(uncomment(uncomment(text, 'prune'), 'cluster'), 'quantize'))).toEqual(found);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('writes plain names plainly', () => {
    const names = ['conv1.weight', '/net/conv/W', 'null', 'No', '1', 'a b', 'op:x'];
    const text = configTemplate(
      names.map((name) => layer(name)),
      [],
      { model: basename(LENET) },
    );
    expect(text.match(/(?<=match: ).*/g)).toEqual([
      'conv1.weight',
      '/net/conv/W',
      '"null"',
      '"No"',
      '"1"',
      '"a b"',
      '"name:op:x"',
    ]);
  });

  it('says so if there is nothing to list', () => {
    const text = configTemplate([], [], { model: 'empty.onnx' });
    expect(text).toContain('\n# This model has no weights that can be compressed with loss.\n');
    expect(parseConfig(text, 'fxq.yaml')).toEqual({});
  });
});
