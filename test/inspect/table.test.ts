import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Report, TensorReport } from '../../src/inspect/figures.js';
import {
  formatBytes,
  formatCount,
  formatRatio,
  formatShare,
  formatTime,
  shorten,
  shortenAll,
} from '../../src/inspect/format.js';
import { inspectContainer, inspectOnnx } from '../../src/inspect/inspect.js';
import { formatTable } from '../../src/inspect/table.js';
import { toRow } from '../../src/inspect/totals.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compress } from '../../src/search/compress.js';
import { packageModels } from '../support/packages.js';

function tensor(fields: Partial<TensorReport>): TensorReport {
  return {
    name: 'w',
    role: 'weight',
    op: 'Gemm',
    dims: [100],
    dtype: 'float32',
    layout: 'gap',
    sharedWith: null,
    weights: 100,
    kept: 100,
    density: 1,
    clusters: 16,
    weightBits: 4,
    indexBits: 4,
    codedWeightBits: 3,
    codedIndexBits: 2,
    bytes: 60,
    payloadBytes: 400,
    codebookBytes: 32,
    tableBytes: 8,
    ratio: 4,
    ...fields,
  };
}

function report(tensors: TensorReport[]): Report {
  const codebooks = tensors.reduce((sum, { codebookBytes }) => sum + codebookBytes, 0);
  const tables = tensors.reduce((sum, { tableBytes }) => sum + tableBytes, 0);
  const overhead = { header: 30, skeleton: 50, codebooks, tables, other: 20 };
  const bytes = tensors.reduce((sum, each) => sum + each.bytes, 100 + codebooks + tables);
  return { file: 'm.fxq', bytes, originalBytes: 2000, ratio: 2000 / bytes, tensors, overhead };
}

describe('formatTable', () => {
  it('shows a container layer by layer, and where its bytes are', () => {
    const layers = [
      tensor({ name: 'fc1', weights: 400, kept: 100, density: 0.25, payloadBytes: 1600, ratio: 16 }),
      tensor({ name: 'fc2', layout: 'dense', indexBits: 0, codedIndexBits: 0 }),
      tensor({
        name: 'b1',
        role: 'bias',
        layout: 'inline',
        weights: 10,
        kept: 10,
        payloadBytes: 40,
        ratio: null,
        bytes: 0,
        codebookBytes: 0,
        tableBytes: 0,
        codedWeightBits: null,
        codedIndexBits: null,
      }),
      tensor({ name: 'b2', role: 'bias', weightBits: 8 }),
    ];
    expect(`\n${formatTable(report(layers))}\n`).toBe(`
                                  weight bits  index bits         ratio
layer              weights   kept  P+Q  P+Q+H  P+Q  P+Q+H    P+Q  P+Q+H
───────────────────────────────────────────────────────────────────────
fc1                    400  25.0%  4.0    3.0  4.0    2.0  12.1×  16.0×
fc2                    100   100%  4.0    3.0  0.0    0.0  4.88×  4.00×
other tensors (2)      110   100%  8.0    3.0  4.0    2.0  2.20×  4.00×
───────────────────────────────────────────────────────────────────────
total                  610  50.8%  5.3    3.0  2.7    1.3  6.06×  8.00×
– in the skeleton: 1 tensor of 40 B, with no ratio of their own
– P+Q: pruned and quantised; P+Q+H: with Huffman coding, as in the file

original               2,000 bytes  2.00 KB
file                     400 bytes  400 B, 5.00× smaller
  weights and indices    180 bytes   45.0%
  codebooks               96 bytes   24.0%
  code tables             24 bytes    6.0%
  header                  30 bytes    7.5%
  skeleton                50 bytes   12.5%
  prefix                  20 bytes    5.0%
`);
  });

  it('shows an ONNX file with what there is to say of it', () => {
    const onnx = inspectOnnx(openOnnx(new Uint8Array(readFileSync('models/lenet-300-100.onnx'))));
    expect(`\n${formatTable(onnx)}\n`).toBe(`
layer              weights  kept  values  weight bits     size
──────────────────────────────────────────────────────────────
fc1.weight         235,200  100%  >1,023         32.0   941 KB
fc2.weight          30,000  100%  >1,023         32.0   120 KB
fc3.weight           1,000  100%   1,000         32.0  4.00 KB
other tensors (3)      410  100%       –         32.0  1.64 KB
──────────────────────────────────────────────────────────────
total              266,610  100%       –         32.0  1.07 MB

file               1,067,017 bytes  1.07 MB
  tensors          1,066,440 bytes   99.9%
  everything else        577 bytes    0.1%
`);
  });

  it('says of a file that has grown how much larger it is, and nothing of one that has not changed', () => {
    const sizes = (bytes: number) => formatTable({ ...report([tensor({ name: 'w' })]), bytes, originalBytes: 2000 });
    expect(sizes(1000)).toContain('1.00 KB, 2.00× smaller\n');
    expect(sizes(2500)).toContain('2.50 KB, 1.25× larger\n');
    expect(sizes(2000)).toContain('2.00 KB\n');
    expect(sizes(2005)).not.toMatch(/smaller|larger/);
  });

  it('has a row for each tensor if told', () => {
    const layers = [tensor({ name: 'w' }), tensor({ name: 'b', role: 'bias' })];
    expect(formatTable(report(layers), { all: true })).toMatch(/^w .*\nb /m);
    expect(formatTable(report(layers))).toMatch(/^w .*\nother tensors \(1\) /m);
  });

  it('names tensors that repeat others; they count in the total ratio for no bytes', () => {
    const none = {
      codedWeightBits: null,
      codedIndexBits: null,
      bytes: 0,
      codebookBytes: 0,
      tableBytes: 0,
      ratio: null,
    };
    const text = formatTable(report([tensor({ name: 'a' }), tensor({ name: 'b', sharedWith: 'a', ...none })]));
    expect(text).toMatch(/^b +100 +100% +– +– +– +– +– +–$/m);
    expect(text).toMatch(/^total .* 8\.00×$/m);
    expect(text).toContain('\n– repeated: 1 tensor of 400 B, whose bytes stand with another tensor\n');
  });

  it('has no table without tensors', () => {
    expect(formatTable(report([]))).toMatch(/^no tensors\n\n/);
  });

  it('fits a hundred columns, whatever the names', async () => {
    for (const path of [...packageModels().slice(-2), packageModels()[2]]) {
      const { container } = await compress(new Uint8Array(readFileSync(path)), { cluster: { bits: 4 } });
      const lines = formatTable(await inspectContainer(container), { all: true }).split('\n');
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100);
      for (const line of lines) expect(line).toBe(line.trimEnd());
    }
    const long = tensor({
      name: 'x'.repeat(500),
      weights: 2 ** 40,
      kept: 2 ** 40,
      payloadBytes: 2 ** 42,
      bytes: 2 ** 38,
    });
    for (const line of formatTable(report([long])).split('\n')) expect([...line].length).toBeLessThanOrEqual(100);
  });
});

describe('toRow', () => {
  it('weighs bits by kept weights and ratios by bytes', () => {
    const a = tensor({ kept: 10, density: 0.1, weightBits: 2, codedWeightBits: 1, bytes: 10 });
    const b = tensor({ kept: 30, density: 0.3, weightBits: 6, codedWeightBits: 5, bytes: 70 });
    const row = toRow('both', [a, b]);
    expect(row).toMatchObject({ weights: 200, density: 0.2, weightBits: [5, 4] });
    expect(row.ratio[1]).toBe(800 / (10 + 70 + 2 * 40));
    // Indices of two and six bits with gaps of four, and two codebooks.
    expect(row.ratio[0]).toBe(800 / ((10 * 6 + 30 * 10) / 8 + 64));
  });
});

describe('figures as text', () => {
  it('sizes have three digits and decimal units', () => {
    const sizes = [0, 1, 999, 1000, 1004, 1067017, 99_949, 99_960, 999_499, 999_500, 2.5e9, 1e20];
    expect(sizes.map(formatBytes)).toEqual([
      '0 B',
      '1 B',
      '999 B',
      '1.00 KB',
      '1.00 KB',
      '1.07 MB',
      '99.9 KB',
      '100 KB',
      '999 KB',
      '1.00 MB',
      '2.50 GB',
      '100000 PB',
    ]);
  });

  it('counts, shares, ratios and times', () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([0, 0.0804, 1].map(formatShare)).toEqual(['0.0%', '8.0%', '100%']);
    expect([1, 9.994, 9.996, 39.14, 99.96, 1234].map(formatRatio)).toEqual([
      '1.00×',
      '9.99×',
      '10.0×',
      '39.1×',
      '100×',
      '1234×',
    ]);
    expect([0.2, 12.4, 9999, 14_230].map(formatTime)).toEqual(['0 ms', '12 ms', '9999 ms', '14.2 s']);
  });

  it('long names lose their middle, control characters their effect', () => {
    expect(shorten('encoder.layer.11.attention.weight', 16)).toBe('encod…ion.weight');
    expect([...shorten('a'.repeat(40), 32)]).toHaveLength(32);
    expect(shorten('short', 16)).toBe('short');
    expect(shorten('a\x1b[31mb\n', 16)).toBe('a�[31mb�');
    // Where they differ is kept, if it can be.
    const names = ['/layer1/block.0/output', '/layer1/block.1/output', '/layer2/block.0/output', 'input'];
    expect(new Set(names.map((name) => shorten(name, 16))).size).toBe(3);
    expect(shortenAll(names, 16)).toEqual(['/layer1…0/output', '/layer1…1/output', '/layer2…0/output', 'input']);
  });
});
