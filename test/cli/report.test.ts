import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fxq, LENET, MNIST, makeFolder, putModel } from './support.js';

const FEW = ['--data', MNIST, '--limit', '200', '--threads', '1'];

function compressed(folder: string): string {
  const out = join(folder, 'small.fxq');
  expect(fxq('compress', LENET, '-o', out, '--density', '0.3', '--bits', '3', '-q').code).toBe(0);
  return out;
}

describe('report', () => {
  it('writes what other commands measure, in the form that the name asks for', () => {
    const folder = makeFolder();
    const small = compressed(folder);
    const frontier = join(folder, 'search.json');
    writeFileSync(frontier, JSON.stringify({ calibration: { points: [{ lambda: 1, bytes: 30_000, loss: 0.2 }] } }));
    const out = join(folder, 'report.json');
    const args = ['report', LENET, small, ...FEW, '--frontier', frontier, '-o', out];
    const { code, stdout, stderr } = fxq(...args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^1\.07 MB → [\d.]+ KB, [\d.]+× smaller\nCan I ship this\? (Yes|Not clear): .*\n.*report\.json \(/,
    );
    const found = JSON.parse(readFileSync(out, 'utf8'));

    const inspected = JSON.parse(fxq('inspect', small, '--json').stdout);
    expect([found.tensors, found.overhead]).toEqual([inspected.tensors, inspected.overhead]);
    const { file, data, reference, ...answers } = JSON.parse(
      fxq('evaluate', small, '--reference', LENET, ...FEW, '--json').stdout,
    );
    expect(found.accuracy.compressed).toEqual(answers);
    expect(found.accuracy.data).toBe(data);
    const { files, warnings, ...divergence } = JSON.parse(fxq('sensitivity', LENET, small, ...FEW, '--json').stdout);
    expect([found.sensitivity, found.warnings]).toEqual([divergence, warnings]);
    // All layers replaced are the file; sums are rounded otherwise where weights are fed, and not constants.
    const { value, low, high, ...judged } = found.accuracy.compressed.loss;
    const near = (figure: number) => expect.closeTo(figure, 4);
    expect(found.sensitivity.cumulative.at(-1).loss).toEqual({
      ...{ ...judged, value: near(value), low: near(low), high: near(high) },
    });

    const bytes = readFileSync(LENET);
    const [gzip, brotli, int8] = found.baselines;
    expect(gzip.bytes).toBe(gzipSync(bytes, { level: 9 }).length);
    // The same bytes in other pieces: a few bytes apart.
    expect(Math.abs(brotli.bytes / brotliCompressSync(bytes).length - 1)).toBeLessThan(0.001);
    expect(int8.bytes).toBeLessThan(bytes.length / 4);
    expect(int8.agreement).toBeGreaterThan(0.9);
    expect(found.frontier).toEqual([
      { bytes: 30_000, loss: 0.2, low: null, high: null, unit: 'points', lambda: 1, isChosen: false },
    ]);
    expect(found.stages).toEqual(['prune density=0.3', 'cluster bits=3']);
    expect(found.provenance.command).toBe(['fxq-compress', ...args].join(' '));
    expect(found.provenance.hashes).toEqual([
      { file: 'lenet-300-100.onnx', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      {
        ...{ file: 'small.fxq', bytes: inspected.bytes },
        sha256: createHash('sha256').update(readFileSync(small)).digest('hex'),
      },
    ]);
    expect(Object.keys(found.provenance.versions)).toEqual(['fxq-compress', 'Node.js', 'ONNX Runtime']);
  });

  it('needs no data, and is the same twice', () => {
    const folder = makeFolder();
    const small = compressed(folder);
    const out = join(folder, 'report.html');
    const texts = [1, 2].map(() => {
      const { code, stdout } = fxq('report', LENET, small, '-o', out, '--no-baselines', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ accuracy: null, sensitivity: null, baselines: [] });
      return readFileSync(out, 'utf8');
    });
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toMatch(/^<!doctype html>/);
  });

  it('leaves out the layers when told to, and compares ONNX files with external data, too', () => {
    const folder = makeFolder();
    const model = putModel(folder, 'external: beside a tensor in the model file');
    const pruned = join(makeFolder(), 'pruned.onnx');
    expect(fxq('prune', model, '-o', pruned, '--density', '0.5', '-q').code).toBe(0);
    const out = join(folder, 'report.md');
    const { code, stderr, stdout } = fxq('report', model, pruned, '-o', out, '-q');
    expect([code, stderr, stdout]).toEqual([0, '', '']);
    expect(readFileSync(out, 'utf8')).toContain('- stage: `prune density=0.5`');
    const few = fxq('report', LENET, LENET, ...FEW, '--no-sensitivity', '--no-baselines', '-o', out, '--json');
    expect(JSON.parse(few.stdout)).toMatchObject({ sensitivity: null, accuracy: { compressed: { agreement: 1 } } });
  });

  it('runs on inputs at random where there are no data', () => {
    const folder = makeFolder();
    const out = join(folder, 'report.json');
    const args = ['--data', 'random', '--limit', '16', '--threads', '1', '--no-baselines', '-o', out, '-q'];
    expect(fxq('report', LENET, compressed(folder), ...args)).toEqual({ code: 0, stdout: '', stderr: '' });
    const { accuracy, sensitivity } = JSON.parse(readFileSync(out, 'utf8'));
    expect([accuracy.data, accuracy.original.samples, accuracy.original.top1]).toEqual(['random', 16, null]);
    expect(sensitivity.layers).toHaveLength(3);
  });

  it('says what is wrong before it works, and leaves no file', () => {
    const folder = makeFolder();
    const small = compressed(folder);
    const out = join(folder, 'report.html');
    const cases: [args: string[], code: number, stderr: RegExp][] = [
      [
        [LENET, small, '-o', join(folder, 'report.pdf')],
        2,
        /report\.pdf: expected a name that ends in \.html, \.md, \.json/,
      ],
      [[LENET, small, '-o', out, '--limit', '5'], 2, /^error: --limit needs --data to run the models on\n$/],
      [[LENET, join(folder, 'none.fxq'), '-o', out], 1, /none\.fxq: no such file/],
      [[LENET, LENET.replace('300-100', '5'), '-o', out], 1, /fc1\.weight: expected shape .* \(MISMATCH\)\n$/],
      [
        [LENET, small, '-o', out, '--frontier', LENET],
        2,
        /lenet-300-100\.onnx: expected JSON as `compress --json` prints it, got .* \(CONFIG\)\n$/,
      ],
      [[LENET, small, '-o', out, ...FEW, '--judged-output', 'none'], 1, /which are 'logits' \(DATASET\)\n$/],
      [[LENET, small, '-o', join(small, 'r.html')], 1, /"\S+\.fxq" is no folder, but a file/],
    ];
    for (const [args, code, stderr] of cases) {
      const found = fxq('report', ...args);
      expect([found.code, found.stdout]).toEqual([code, '']);
      expect(found.stderr).toMatch(stderr);
      expect(existsSync(out)).toBe(false);
    }
  });
});
