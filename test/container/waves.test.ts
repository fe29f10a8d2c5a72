import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../src/binary/bits.js';
import { concat } from '../../src/binary/bytes.js';
import { sineOf } from '../../src/container/read/waves.js';
import { planWaves } from '../../src/container/write/waves.js';
import { decode } from '../../src/decode/index.js';
import { writeGolomb, zigzag } from '../../src/entropy/golomb.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { formatTable } from '../../src/inspect/table.js';
import { toRow } from '../../src/inspect/totals.js';
import { toWaves } from '../../src/quantize/waves.js';
import { createRandom } from '../../src/random.js';
import { forge } from '../support/forge.js';
import { throughBoth } from '../support/through-both.js';

const hann = (k: number, length: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / length);
const tau = 2 * Math.PI;

/** Transforms as models have them: what they are made of, and how many weights a byte stands for at least. */
const BASES: readonly [name: string, dims: number[], of: (row: number, column: number) => number, ratio: number][] = [
  ['a discrete Fourier transform', [128, 65], (n, k) => Math.cos((tau * n * k) / 128), 100],
  ['one of a length that is no power of two', [400, 201], (n, k) => Math.sin((tau * n * k) / 400), 60],
  [
    'a windowed one, real and imaginary halves behind each other',
    [130, 1, 128],
    (k, n) => hann(n, 128) * (k < 65 ? Math.cos((tau * n * k) / 128) : -Math.sin((tau * n * (k - 65)) / 128)),
    8,
  ],
  [
    'one under a window so long that its lines look like waves, too',
    [34, 1024],
    (k, n) => hann(n, 1024) * Math.cos((tau * n * (k + 1)) / 1024),
    6,
  ],
  [
    'a cosine transform',
    [40, 80],
    (k, n) => Math.sqrt((k ? 2 : 1) / 80) * Math.cos((Math.PI * k * (n + 0.5)) / 80),
    15,
  ],
  ['a short one, transposed', [24, 20], (n, k) => Math.cos((Math.PI * k * (2 * n + 1)) / 48), 4],
  ['sines as position encodings have them', [300, 32], (t, i) => Math.sin(t / 10_000 ** (i / 32)), 20],
];

const { float: learned } = createRandom(3);

const matrix = (dims: readonly number[], of: (row: number, column: number) => number) => {
  const columns = dims[dims.length - 1];
  return Float32Array.from({ length: dims[0] * columns }, (_, i) => of(Math.floor(i / columns), i % columns));
};

describe('waves', () => {
  it.each(BASES)('%s: within a millionth, and a few bytes a line', async (_, dims, of, ratio) => {
    const weights = matrix(dims, of);
    const waves = toWaves(weights, dims);
    if (!waves) throw new Error('no waves');
    const largest = Math.max(...weights.map(Math.abs));
    expect(Math.max(...weights.map((weight, i) => Math.abs(weight - waves[i])))).toBeLessThanOrEqual(1e-6 * largest);
    const { layout, section, units } = (await throughBoth(waves, dims)).tensor;
    expect(layout).toBe('waves');
    expect(units / section.length).toBeGreaterThan(ratio);
    // What they are they stay.
    expect(toWaves(waves, dims)).toEqual(waves);
  });

  it('in more than a chunk, from whichever weight on', async () => {
    const dims = [9, 40, 400];
    const weights = Float32Array.from({ length: 144_000 }, (_, i) => {
      const place = Math.floor(i / 16_000) * 400 + (i % 400);
      return Math.cos((tau / 2 ** 14) * (Math.floor(i / 400) % 40) * place);
    });
    const waves = toWaves(weights, dims);
    if (!waves) throw new Error('no waves');
    expect((await throughBoth(waves, dims)).tensor).toMatchObject({
      layout: 'waves',
      lines: { count: 40, inner: 400 },
    });
  });

  it.each([
    ['learned weights', [64, 64], learned],
    ['a sum of two waves', [64, 64], (n: number, k: number) => Math.sin(0.1 * n * k) + Math.sin(0.3 * n + k)],
    [
      'waves that are off by a hundred-thousandth',
      [64, 64],
      (n: number, k: number) => Math.sin(n * k) * (1 + 1e-5 * ((n + k) % 3)),
    ],
    ['lines of one value each', [1, 64], () => 1],
    ['few lines', [7, 64], (n: number, k: number) => Math.sin(n * k)],
    ['what is not finite', [64, 64], (n: number, k: number) => (n === 63 ? Number.NaN : Math.sin(0.01 * n * k))],
  ])('%s are none', (_, dims, of) => {
    expect(toWaves(matrix(dims, of), dims)).toBeUndefined();
  });

  it.each([
    ['a NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a negative infinity', Number.NEGATIVE_INFINITY],
  ])('with %s anywhere among them are coded in another way, without loss', async (_, odd) => {
    const dims = [64, 64];
    for (const of of [(n: number, k: number) => Math.cos((Math.PI * k * (2 * n + 1)) / 128), () => 1]) {
      // In lines that are looked at first, and in others.
      for (const at of [5, 100, 32 * 64 + 32, 64 * 64 - 70]) {
        const weights = matrix(dims, of);
        weights[at] = odd;
        expect(toWaves(weights, dims)).toBeUndefined();
        expect((await throughBoth(weights, dims)).tensor.layout).not.toBe('waves');
      }
    }
  });

  it('with one bit that is another are coded in another way, without loss', async () => {
    const dims = [128, 65];
    const waves = toWaves(matrix(dims, BASES[0][2]), dims);
    if (!waves) throw new Error('no waves');
    new Uint32Array(waves.buffer)[4000] ^= 1;
    expect(planWaves(new Uint32Array(waves.buffer), dims)).toBeUndefined();
    expect((await throughBoth(waves, dims)).tensor.layout).not.toBe('waves');
  });

  it('have a sine that is exact where float32 is, and no minus in front of zeros', () => {
    for (let i = 0; i <= 4000; i++) expect(sineOf(i / 1000)).toBeCloseTo(Math.sin((Math.PI * i) / 2000), 10);
    for (const quarters of [0, 2, 4, 1e4]) expect(Object.is(sineOf(quarters), 0)).toBe(true);
  });

  it.each([
    ['pieces that do not divide a line', { pieces: 3 }],
    ['no pieces', { pieces: 0 }],
    ['an order that no code has', { orders: [0, 32, 0] }],
    ['a pattern that is no finite number', { amplitude: zigzag(0x7f800000) }],
    ['an amplitude below zero', { amplitude: zigzag(-1) }],
    ['a phase beyond a turn', { phase: zigzag(2 ** 24) }],
    ['a phase below zero', { phase: zigzag(-1) }],
    ['a number beyond 32 bits', { frequency: 2 ** 32 - 1 }],
    ['a dimension that there is not', { axis: 2 }],
    ['too few bytes', { isCut: true }],
    ['bytes left over', { more: 1 }],
  ])('with %s are refused', async (_, change) => {
    await expect(decode(forged(change), { verify: 'none' })).rejects.toMatchObject({
      code: 'CONTAINER_MALFORMED',
      tensor: 'w',
    });
  });

  it('are inspected as what a line takes, and said to be waves', async () => {
    const [, dims, of] = BASES[0];
    const { container } = await throughBoth(toWaves(matrix(dims, of), dims) ?? new Float32Array(), dims);
    const report = await inspectContainer(container);
    const [{ weightBits, codedWeightBits, ratio }] = report.tensors;
    expect(weightBits).toBe(codedWeightBits);
    expect(toRow('w', report.tensors).ratio).toEqual([ratio, ratio]);
    expect(formatTable(report)).toContain(
      '– as waves: 1 tensor of 33.3 KB, of which a few bytes a line are in the file',
    );
  });

  it('without damage those of the same making are not', async () => {
    expect((await decode(forged({}), { verify: 'none' })).length).toBe(4 * ROWS * COLUMNS);
  });
});

const [ROWS, COLUMNS] = [4, 50];

interface Numbers {
  readonly pieces?: number;
  readonly orders?: number[];
  readonly frequency?: number;
  readonly amplitude?: number;
  readonly phase?: number;
  readonly axis?: number;
  readonly isCut?: boolean;
  readonly more?: number;
}

/** A container of four waves, of which the last has other numbers. */
function forged({ pieces = 1, orders = [0, 0, 0], axis = 0, isCut, more = 0, ...last }: Numbers): Uint8Array {
  const bits = new BitWriter();
  for (let row = 0; row < ROWS; row++) {
    const { frequency = 5, amplitude = 0, phase = 0 } = row === ROWS - 1 ? last : {};
    for (const number of [frequency, amplitude, phase]) writeGolomb(bits, number, 0);
  }
  const waves = bits.finish();
  const section = concat([
    Uint8Array.of(pieces, ...orders),
    isCut ? waves.subarray(0, -1) : waves,
    new Uint8Array(more),
  ]);
  const tensor = { n: 'w', y: 1, d: [ROWS, COLUMNS], g: 0, l: 7, a: axis, s: section.length };
  return forge({ f: [['', 4 * ROWS * COLUMNS, 0]], t: [tensor] }, undefined, [section]);
}
