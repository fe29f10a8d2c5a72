import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../src/binary/bits.js';
import { makeCode } from '../../src/container/write/runs.js';
import { decode } from '../../src/decode/index.js';
import { writeGolomb } from '../../src/entropy/golomb.js';
import { forge } from '../support/forge.js';
import { concat } from '../support/protobuf.js';

const COUNT = 20;

interface Section {
  readonly flags?: number;
  readonly orders?: readonly [apart: number, beyond: number];
  /** Writes the escapes; the default is none. */
  readonly escapes?: (bits: BitWriter) => void;
  readonly kind?: number;
}

/** A container of a tensor of twenty zeros on a grid, or one a line, of a table of two; by their escapes they are none. */
function onGrid({ flags = 64, orders = [0, 0], escapes = none, kind = 2 }: Section): Uint8Array {
  const lines = kind === 2 ? 1 : COUNT;
  // Differences of 0: every step is 1.
  const steps = new BitWriter();
  for (let line = 0; line < lines; line++) steps.write(1, 1);
  const bits = new BitWriter();
  escapes(bits);
  const section = concat(
    Uint8Array.of(flags, ...(flags & 64 ? orders : [])),
    steps.finish(),
    makeCode(Uint32Array.of(1, 1)).table,
    flags & 64 ? bits.finish() : new Uint8Array(),
    new Uint8Array(Math.ceil(COUNT / 8)),
  );
  const tensor = { n: 'w', y: 1, d: [COUNT], g: 0, l: 3, k: 2, c: kind, s: section.length };
  return forge({ f: [['', 4 * COUNT, 0]], t: [tensor] }, undefined, [section]);
}

const none = (bits: BitWriter) => writeGolomb(bits, COUNT, 0);

/** One escape, of this number, at the first weight. */
const oneEscape = (number: number, unit?: (bits: BitWriter) => void) => (bits: BitWriter) => {
  writeGolomb(bits, 0, 0);
  writeGolomb(bits, number, 0);
  unit?.(bits);
  writeGolomb(bits, COUNT - 1, 0);
};

/** A Golomb code of so many zeros, and of ones behind them. */
const ones = (zeros: number, order: number) => (bits: BitWriter) => {
  for (let i = 0; i < zeros; i++) bits.write(0, 1);
  for (let i = 0; i <= zeros + order; i++) bits.write(1, 1);
};

const all =
  (...parts: ((bits: BitWriter) => void)[]) =>
  (bits: BitWriter) => {
    for (const part of parts) part(bits);
  };

const floats = async (section: Section) => new Float32Array((await decode(onGrid(section))).buffer);

const refused = (problem: string) => ({
  code: 'CONTAINER_MALFORMED',
  tensor: 'w',
  message: expect.stringMatching(problem),
});

describe('what a section says of its grid', () => {
  it.each([2, 3])('is read, where it makes sense, up to the largest multiple that there is (kind %i)', async (kind) => {
    expect(await floats({ kind })).toEqual(new Float32Array(COUNT));
    // The table has two entries: number 1 is entry 2, which is −1, and entry 2^25 is −2^24.
    for (const [number, value] of [
      [1, -1],
      [2, 2],
      [2 ** 25 - 1, -(2 ** 24)],
    ])
      expect((await floats({ kind, escapes: oneEscape(number) }))[0]).toBe(value);
  });

  it.each<[string, number, Section]>([
    ['an eighth flag', 2, { flags: 128 }],
    ['an eighth flag, of grids by line', 3, { flags: 192 }],
    ['more bits than a mantissa has', 2, { flags: 24 }],
    ['an order of distances beyond 31', 2, { orders: [32, 0] }],
    ['an order of numbers beyond 31', 3, { orders: [0, 32] }],
    ['an order whose lower bits would do', 2, { orders: [0, 255] }],
  ])('is refused with %s', async (_, kind, section) => {
    await expect(decode(onGrid({ kind, ...section }))).rejects.toMatchObject(refused('damaged grid'));
  });

  it.each<[string, number, Section]>([
    ['a multiple beyond 2^24', 2, { escapes: oneEscape(2 ** 25) }],
    ['a multiple beyond 2^24, of grids by line', 3, { escapes: oneEscape(2 ** 25) }],
    ['a number that is none', 2, { escapes: all(ones(0, 0), ones(40, 0)) }],
    ['a number beyond 32 bits', 3, { orders: [0, 31], escapes: all(ones(0, 0), ones(3, 31)) }],
    ['a unit beyond 32 bits', 2, { escapes: oneEscape(0, ones(2, 31)) }],
    ['a unit in the place of a multiple', 3, { escapes: oneEscape(0) }],
    ['an escape beyond the end', 2, { escapes: (bits) => writeGolomb(bits, COUNT + 1, 0) }],
    ['a distance that is none', 2, { escapes: ones(40, 0) }],
  ])('is refused with %s', async (_, kind, section) => {
    await expect(decode(onGrid({ kind, ...section }))).rejects.toMatchObject(refused('damaged escapes'));
  });

  it('has a unit of all 32 bits', async () => {
    const [value] = new Uint32Array(
      (await floats({ escapes: oneEscape(0, (bits) => writeGolomb(bits, 2 ** 32 - 1, 31)) })).buffer,
    );
    expect(value).toBe(2 ** 32 - 1);
  });
});
