import { describe, expect, it } from 'vitest';
import { isPatchable, readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { fixedBasisOf } from '../../src/quantize/fixed-basis.js';
import { createRandom, normal } from '../../src/random.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';

const random = createRandom(3);
const hann = (i: number, length: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length);

/** A matrix by a formula. */
function matrix(rows: number, columns: number, value: (row: number, column: number) => number) {
  return [
    { dims: [rows, columns] },
    Float32Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns)),
  ] as const;
}

const mel = (row: number, column: number) => Math.max(0, 1 - Math.abs(row - 4 - 3 * column) / 3);

describe('a fixed basis', () => {
  it.each([
    ['cosines of a Fourier transform', matrix(129, 256, (k, n) => Math.cos((2 * Math.PI * k * n) / 256)), 'waves'],
    ['under a window', matrix(129, 256, (k, n) => hann(n, 256) * Math.sin((2 * Math.PI * k * n) / 256)), 'waves'],
    ['of a longer transform, turned', matrix(400, 200, (n, k) => Math.cos((2 * Math.PI * k * n) / 512)), 'waves'],
    ['a cosine transform', matrix(80, 40, (n, k) => Math.cos((Math.PI / 80) * (n + 0.5) * k)), 'waves'],
    [
      'positions as sines',
      matrix(512, 64, (p, i) => Math.sin(p / 10_000 ** ((i - (i % 2)) / 64) + (i % 2) * (Math.PI / 2))),
      'waves',
    ],
    ['a mel filter bank', matrix(129, 40, mel), 'filters'],
    ['linear interpolation', matrix(64, 33, (i, j) => Math.max(0, 1 - Math.abs(i / 2 - j))), 'filters'],
  ] as const)('is %s', (_, [tensor, weights], kind) => {
    expect(fixedBasisOf(tensor, weights)).toBe(kind);
  });

  it.each([
    ['normal numbers', matrix(64, 256, () => normal(random))],
    ['a smooth walk', matrix(64, 128, (row, i) => Math.sin(row + i / 9) + 2 * normal(random))],
    ['positive and sparse', matrix(100, 64, () => (random.float() < 0.1 ? random.float() : 0))],
    ['an identity that is too small', matrix(4, 4, (i, j) => Number(i === j))],
    ['nothing but zeros', matrix(64, 64, () => 0)],
  ] as const)('is not %s', (_, [tensor, weights]) => {
    expect(fixedBasisOf(tensor, weights)).toBeUndefined();
  });

  it('is found in Silero, which has one for each sample rate, and in no other net at hand', () => {
    const found = packageModels().flatMap((path) =>
      openOnnx(readBytes(path)).tensors.flatMap((tensor) =>
        tensor.role === 'weight' && isPatchable(tensor) && fixedBasisOf(tensor, readWeights(tensor))
          ? [tensor.name]
          : [],
      ),
    );
    expect(found.length).toBeGreaterThanOrEqual(4);
    expect(found.filter((name) => !name.endsWith('forward_basis_buffer'))).toEqual([]);
  });
});
