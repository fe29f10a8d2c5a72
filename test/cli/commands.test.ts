import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { CLUSTER_DEFAULTS } from '../../src/stages/cluster.js';
import { filesIn, fxq, LENET, MNIST, makeFolder, putModel } from './support.js';

const open = (path: string) => openOnnx(new Uint8Array(readFileSync(path)));
const reportOf = (path: string) => inspectOnnx(open(path));
const weightsOf = (path: string) => reportOf(path).tensors.filter(({ role }) => role === 'weight');

describe('prune', () => {
  it('writes an ONNX file of the same length but for its record', () => {
    const out = join(makeFolder(), 'pruned.onnx');
    const { code, stdout, stderr } = fxq('prune', LENET, '-o', out, '--density', '0.25');
    expect(code).toBe(0);
    // What pruning without data costs nobody knows, which is the last that is said.
    expect(stderr).toBe('warning: accuracy was not measured\n');
    expect(stdout).toMatch(
      /^\S+ \(1\.07 MB\) → \S+pruned\.onnx \(1\.07 MB\)\nanswers: not measured; this tells: fxq-compress evaluate \S+pruned\.onnx --reference \S+ --data DATA\ntime: \d+ ms\n\nnext:\n {2}fxq-compress encode \S+pruned\.onnx\n$/,
    );
    expect(weightsOf(out).map(({ density }) => density)).toEqual([0.25, 0.25, 0.25]);
    expect(readRecords(open(out)).at(-1)?.text).toBe('prune density=0.25');
  });

  it('prunes to one threshold over all layers with --scope global', () => {
    const out = join(makeFolder(), 'pruned.onnx');
    expect(fxq('prune', LENET, '-o', out, '--density', '0.25', '--scope', 'global', '-q').code).toBe(0);
    const weights = weightsOf(out);
    const sum = (values: number[]) => values.reduce((a, b) => a + b);
    expect(sum(weights.map(({ kept }) => kept))).toBe(Math.round(0.25 * sum(weights.map((each) => each.weights))));
    expect(new Set(weights.map(({ density }) => density)).size).toBe(3);
  });

  it('works on what is included and not excluded', () => {
    const out = join(makeFolder(), 'pruned.onnx');
    const selection = ['--include', 'fc*', '--exclude', 'fc1.*', 'role:bias'];
    expect(fxq('prune', LENET, '-o', out, '--threshold', '1000', '-q', ...selection).code).toBe(0);
    const kept = Object.fromEntries(reportOf(out).tensors.map(({ name, density }) => [name, density]));
    expect(kept).toMatchObject({ 'fc1.weight': 1, 'fc2.weight': 0, 'fc2.bias': 1, 'fc3.weight': 0 });
  });

  it('takes a factor of the deviation', () => {
    const out = join(makeFolder(), 'pruned.onnx');
    expect(fxq('prune', LENET, '-o', out, '--quality', '1', '-q').code).toBe(0);
    for (const { density } of weightsOf(out)) expect(density).toBeLessThan(0.6);
  });
});

describe('prune --calibrate', () => {
  const calibrated = ['prune', LENET, '--density', '0.1', '--calibrate', MNIST];

  it('lets the other weights make up for those that go', () => {
    const out = join(makeFolder(), 'pruned.onnx');
    const flags = ['--calibrate-samples', '64', '--fast', '--include', 'fc2.weight', 'fc3.weight'];
    const { code, stdout, stderr } = fxq(...calibrated, '-o', out, ...flags);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^calibrating on .*\nwarning: 88\.4% of .* left alone, .*\n$/),
    ]);
    expect(stdout).toMatch(/^time: [\d.]+ m?s$/m);
    expect(weightsOf(out).map(({ density }) => density)).toEqual([1, 0.1, 0.1]);
    expect(readRecords(open(out)).at(-1)?.text).toBe('prune density=0.1 calibrated=true fast=true');
    const biases = (path: string) => open(path).tensors.filter(({ role }) => role === 'bias');
    const changed = biases(out).filter(
      (bias, i) => !Buffer.from(bias.payload.read()).equals(biases(LENET)[i].payload.read()),
    );
    expect(changed.map(({ name }) => name)).toEqual(['fc2.bias', 'fc3.bias']);
  });

  it.each([
    [['--fast'], '--fast needs --calibrate'],
    [['--calibrate-samples', '5'], '--calibrate-samples needs --calibrate'],
    [['--calibrate', MNIST, '--scope', 'layer', '--seed', '-1'], 'Expected a whole number from 0'],
  ])('refuses %j', (flags, message) => {
    const folder = makeFolder();
    const { code, stderr } = fxq('prune', LENET, '-o', join(folder, 'out.onnx'), '--density', '0.5', ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(filesIn(folder)).toEqual({});
  });

  it('needs a density', () => {
    const flags = ['--threshold', '0.1', '--calibrate', MNIST];
    const { code, stderr } = fxq('prune', LENET, '-o', join(makeFolder(), 'out.onnx'), ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining('with calibration, give a density')]);
  });
});

describe('cluster', () => {
  it('leaves 2^bits values a layer', () => {
    const out = join(makeFolder(), 'clustered.onnx');
    const { code, stdout, stderr } = fxq('cluster', LENET, '-o', out, '--bits', '3', '--init', 'density', '--table');
    // Of the first layer most weights are next to nothing.
    const told =
      /^warning: most weights of a layer have one value now; .*: fcN\.weight \(N%\)\nwarning: accuracy was not measured\n$/;
    expect([code, stderr.replace(/\d+/g, 'N')]).toEqual([0, expect.stringMatching(told)]);
    expect(weightsOf(out).map(({ clusters }) => clusters)).toEqual([8, 8, 8]);
    expect(stdout).toContain('values');
  });

  it('keeps the tensor type of the centroids if told', () => {
    const folder = makeFolder();
    for (const centroids of ['float16', 'native']) {
      const out = join(folder, `${centroids}.onnx`);
      expect(fxq('cluster', LENET, '-o', out, '--clusters', '5', '--centroids', centroids, '-q').code).toBe(0);
      const weights = new Float32Array(open(out).tensors[0].payload.read().slice().buffer);
      // float16 has ten fraction bits, float32 23: the rest is zero in what float16 could hold.
      const isHalf = new Uint32Array(weights.buffer).every((bits) => (bits & 0x1fff) === 0);
      expect(isHalf).toBe(centroids === 'float16');
    }
  });
});

describe('compress and decode', () => {
  it('prints sizes, answers and times, and what to do next; the table if it is asked for', () => {
    const folder = makeFolder();
    const out = join(folder, 'model.fxq');
    const flags = ['--density', '0.2', '--bits', '4'];
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, ...flags);
    expect([code, stderr.split('\n').at(-2)]).toEqual([0, 'warning: accuracy was not measured']);
    const [sizes, answers, time, , ...next] = stdout.split('\n');
    expect(sizes).toMatch(/lenet-300-100\.onnx \(1\.07 MB\) → .*model\.fxq \([\d.]+ KB\), [\d.]+× smaller$/);
    expect(answers).toBe(
      `answers: not measured; this tells: fxq-compress evaluate ${out} --reference ${LENET} --data DATA`,
    );
    expect(time).toMatch(/^time: [\d.]+ m?s \(prune \d+ ms, cluster \d+ ms, encode \d+ ms, verify \d+ ms\)$/);
    expect(next).toEqual([
      'next:',
      `  fxq-compress report ${LENET} ${out} -o ${join(folder, 'model.html')}`,
      'in a page:',
      "  import * as ort from 'onnxruntime-web';",
      "  import { createSession } from 'fxq-compress/session';",
      "  const session = await createSession(ort, 'model.fxq');",
      '',
    ]);
    const table = fxq('compress', LENET, '-o', out, ...flags, '--table').stdout.split(LENET)[0];
    expect(table).toMatch(/^fc1\.weight +235,200 +20\.0% +4\.0/m);
    expect(Math.max(...table.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(100);
    expect(Object.keys(filesIn(folder))).toEqual(['model.fxq']);
  });

  it('gives what the stages give one by one', () => {
    const folder = makeFolder();
    const path = (name: string) => join(folder, name);
    expect(fxq('compress', LENET, '-o', path('once.fxq'), '--density', '0.2', '--bits', '4', '-q').code).toBe(0);
    expect(fxq('prune', LENET, '-o', path('p.onnx'), '--density', '0.2', '-q').code).toBe(0);
    expect(fxq('cluster', path('p.onnx'), '-o', path('c.onnx'), '--bits', '4', '-q').code).toBe(0);
    expect(fxq('encode', path('c.onnx'), '-o', path('steps.fxq'), '-q').code).toBe(0);
    const files = filesIn(folder);
    expect(files['once.fxq'].equals(files['steps.fxq'])).toBe(true);
    expect(fxq('decode', path('once.fxq'), '-o', path('d.onnx'), '--verify', '-q')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(path('d.onnx')).equals(files['c.onnx'])).toBe(true);
  });

  it('clusters without made inputs, with the defaults that --help names', () => {
    const out = join(makeFolder(), 'model.fxq');
    const { code, stdout, stderr } = fxq('compress', LENET, '-o', out, '--no-synthetic');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^time: .* \(cluster .*, encode .*, verify .*\)$/m);
    expect(statSync(out).size).toBeLessThan(statSync(LENET).size / 3);
    const help = fxq('compress', '--help').stdout.replace(/\s+/g, ' ');
    expect(help).toContain(`signal-to-noise ratio of ${CLUSTER_DEFAULTS.snr} dB`);
    expect(help).toContain(`(default: ${CLUSTER_DEFAULTS.init})`);
  });

  it('keeps all values with --no-cluster', async () => {
    const out = join(makeFolder(), 'model.fxq');
    expect(fxq('compress', LENET, '-o', out, '--no-cluster', '-q').code).toBe(0);
    expect(Buffer.compare(await decode(readFileSync(out)), readFileSync(LENET))).toBe(0);
  });

  it('prints JSON on stdout and nothing else there', () => {
    const folder = makeFolder();
    const out = join(folder, 'model.fxq');
    const packed = fxq('compress', LENET, '-o', out, '--bits', '5', '--json');
    expect(packed.code).toBe(0);
    const json = JSON.parse(packed.stdout);
    const outputBytes = statSync(out).size;
    const inputBytes = statSync(LENET).size;
    expect(json).toMatchObject({ input: LENET, output: out, inputBytes, outputBytes, ratio: inputBytes / outputBytes });
    expect(json.stages.map(({ name }: { name: string }) => name)).toEqual(['cluster', 'encode', 'verify']);
    for (const { ms } of json.stages) expect(ms).toBeGreaterThanOrEqual(0);
    expect(json.tensors).toEqual(JSON.parse(fxq('inspect', out, '--json').stdout).tensors);

    const decoded = fxq('decode', out, '-o', join(folder, 'd.onnx'), '--json', '--quiet');
    expect(decoded).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(decoded.stdout)).toMatchObject({ inputBytes: outputBytes, stages: [{ name: 'decode' }] });
  });

  it.each(['prune', 'cluster'])('%s --json has the fields of compress', (command) => {
    const out = join(makeFolder(), 'out.onnx');
    const target = command === 'prune' ? ['--density', '0.5'] : [];
    const { code, stdout } = fxq(command, LENET, '-o', out, '--json', ...target);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      input: LENET,
      output: out,
      inputBytes: statSync(LENET).size,
      outputBytes: statSync(out).size,
      ratio: null,
      stages: [{ name: command }],
      answers: { isMeasured: false },
      warnings: command === 'prune' ? ['accuracy was not measured'] : [],
      tensors: reportOf(out).tensors,
    });
  });
});

describe('inspect', () => {
  const FIELDS =
    'name role op dims dtype weights density clusters weightBits indexBits codedWeightBits codedIndexBits bytes ratio';

  it('tells a container from an ONNX file by its content', () => {
    const folder = makeFolder();
    const misnamed = join(folder, 'model.onnx');
    expect(fxq('encode', LENET, '-o', join(folder, 'model.fxq'), '-q').code).toBe(0);
    renameSync(join(folder, 'model.fxq'), misnamed);
    for (const [path, layout] of [
      [misnamed, expect.any(String)],
      [LENET, null],
    ]) {
      const { code, stdout, stderr } = fxq('inspect', path as string, '--json');
      expect([code, stderr]).toEqual([0, '']);
      const json = JSON.parse(stdout);
      expect(json).toMatchObject({ file: path, bytes: statSync(path as string).size });
      expect(json.originalBytes).toBe(statSync(LENET).size);
      expect(json.ratio).toBeCloseTo(json.originalBytes / json.bytes, 12);
      expect(Object.keys(json.overhead)).toEqual(['header', 'skeleton', 'codebooks', 'tables', 'other']);
      expect(Object.keys(json.tensors[0])).toEqual(expect.arrayContaining(FIELDS.split(' ')));
      expect(json.tensors[0]).toMatchObject({ name: 'fc1.weight', role: 'weight', layout });
    }
  });

  it('lists weights, or with --all every tensor', () => {
    const short = fxq('inspect', LENET).stdout;
    expect(short).toContain('other tensors (3)');
    expect(short).not.toContain('fc1.bias');
    const all = fxq('inspect', LENET, '--all').stdout;
    expect(all).not.toContain('other tensors');
    expect(all).toContain('fc1.bias');
  });
});

describe('evaluate', () => {
  const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith('fxq-compress-'));

  it('measures the bytes that ship, beside the original', () => {
    const out = join(makeFolder(), 'model.fxq');
    expect(fxq('compress', LENET, '-o', out, '--no-synthetic', '-q').code).toBe(0);
    const options = ['--data', MNIST, '--reference', LENET, '--limit', '500', '--batch-size', '100'];
    const { code, stdout, stderr } = fxq('evaluate', out, ...options, '--threads', '1', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({ file: out, samples: 500 });
    expect(json.top1).toBeGreaterThan(0.97);
    expect(json.top5).toBeGreaterThan(0.99);
    expect(json.agreement).toBeGreaterThan(0.98);
    expect(json.maxAbsDiff).toBeGreaterThan(0);
    expect(json.meanAbsDiff).toBeLessThan(json.maxAbsDiff);
    const text = fxq('evaluate', out, ...options).stdout;
    expect(text).toMatch(new RegExp(`^top-1 accuracy +${(100 * json.top1).toFixed(2)}%$`, 'm'));
    expect(text).toContain('agreement with reference');
  });

  it('runs a container with external data, and cleans up', () => {
    const folder = makeFolder();
    const path = putModel(folder, 'external: folder');
    const [container, data] = [join(folder, 'model.fxq'), join(folder, 'data.mjs')];
    writeFileSync(
      data,
      'export default function* () { yield { inputs: { X: { data: Float32Array.of(1, 2, 3, 4), dims: [1, 4] } } }; }',
    );
    expect(fxq('encode', path, '-o', container, '-q').code).toBe(0);
    const before = temporary();
    const { code, stdout, stderr } = fxq('evaluate', container, '--data', data, '--reference', path, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ samples: 1, top1: null, agreement: 1, maxAbsDiff: 0, reference: path });
    expect(temporary()).toEqual(before);
  });

  it('leaves out what does not apply', () => {
    const { code, stdout } = fxq('evaluate', LENET, '--data', MNIST, '--limit', '10');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^samples +10\ntop-1 accuracy +\d+\.\d\d%\ntop-5 accuracy +\d+\.\d\d%\n$/);
  });
});
