import { describe, expect, it } from 'vitest';
import { CODEBOOKS } from '../../src/container/constants.js';
import { onGrids } from '../../src/container/write/grids.js';
import { decode, decodeTensors, inspect } from '../../src/decode/index.js';
import { createRandom } from '../../src/random.js';
import { encode, modelOf } from '../support/container.js';
import { gridFlags } from '../support/grid.js';
import { throughBoth } from '../support/through-both.js';

/** The tensor's entry and the container's bytes, once both decoders have given it back. */
async function roundTrip(values: Float32Array, dims: number[]) {
  const { tensor, container } = await throughBoth(values, dims);
  return { ...tensor, ...gridFlags(tensor, container), bytes: container.length };
}

/** Small integers, the large ones rare. */
function integers(count: number, spread: number, seed = 1): number[] {
  const { float } = createRandom(seed);
  return Array.from({ length: count }, () => Math.round(spread * (float() + float() + float() - 1.5) ** 3) + 0);
}

const elements = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Integers of each line along an axis, times its step. */
function byLine(dims: readonly number[], axis: number, steps: readonly number[], of: readonly number[]): Float32Array {
  const inner = elements(dims.slice(axis + 1));
  return Float32Array.from(of, (integer, i) => integer * Math.fround(steps[Math.floor(i / inner) % dims[axis]]));
}

const stepsOf = (count: number, seed = 2) => {
  const { float } = createRandom(seed);
  return Array.from({ length: count }, () => Math.fround(2 ** (3 * float() - 9)));
};

describe('grids by line', () => {
  it.each([
    ['the first dimension', [40, 30, 3, 3], 0],
    ['the second', [30, 40, 3, 3], 1],
    ['the last', [270, 40], 1],
    ['the last, of a number of lines that no vector divides', [300, 7, 5], 2],
    ['lines that chunks cut', [3, 40_001], 0],
    ['the last, in two chunks', [2100, 33], 1],
  ])('are found along %s', async (_, dims, axis) => {
    const steps = stepsOf(dims[axis]);
    const values = byLine(dims, axis, steps, integers(elements(dims), 70));
    const { codebookKind, lines } = await roundTrip(values, dims);
    expect(codebookKind).toBe('grids');
    expect(lines.count).toBe(dims[axis]);
  });

  it.each([
    ['gap', (i: number) => i % 17 === 0],
    ['mask', (i: number) => (i >> 3) % 4 === 0],
  ])('are found among zeros, in layout %s', async (layout, isKept) => {
    const dims = [60, 400];
    const all = integers(24_000, 40).map((integer, i) => (isKept(i) ? integer || 1 : 0));
    const { codebookKind, layout: found } = await roundTrip(byLine(dims, 0, stepsOf(60), all), dims);
    expect([codebookKind, found]).toEqual(['grids', layout]);
  });

  it('are found with lines of zeros, of a single value, and of none but large integers', async () => {
    const dims = [20, 300];
    const all = integers(6000, 70).map((integer, i) => {
      const line = Math.floor(i / 300);
      return line < 2 || line === 9 ? 0 : line === 4 ? 3 : line === 7 ? 97 + (i % 8) : integer;
    });
    expect((await roundTrip(byLine(dims, 0, stepsOf(20), all), dims)).codebookKind).toBe('grids');
  });

  it('take fewer bytes with steps of fewer bits', async () => {
    const dims = [200, 40];
    const all = integers(8000, 60);
    const fine = stepsOf(200);
    const halves = fine.map((step) => Math.round(step * 2 ** 18) / 2 ** 18);
    const powers = fine.map((step) => 2 ** Math.round(Math.log2(step)));
    const [a, b, c] = await Promise.all(
      [fine, halves, powers].map(async (steps) => (await roundTrip(byLine(dims, 0, steps, all), dims)).bytes),
    );
    expect(b).toBeLessThan(a - 200);
    expect(c).toBeLessThan(b - 200);
  });

  it('are found where integers are offset and zero is negative', async () => {
    const dims = [30, 200];
    const offset = integers(6000, 50).map((integer, i) => integer + 60 - Math.floor(i / 200));
    expect((await roundTrip(byLine(dims, 0, stepsOf(30), offset), dims)).codebookKind).toBe('grids');
    const signed = integers(6000, 5).map((integer, i) => (integer === 0 && i % 2 ? -0 : integer));
    const found = await roundTrip(byLine(dims, 0, stepsOf(30), signed), dims);
    expect([found.codebookKind, found.hasMinusZero]).toEqual(['grids', true]);
  });

  it('are found of subnormal steps and up to the largest float32', async () => {
    const dims = [8, 500];
    const steps = [2 ** -149, 2 ** -140, 2 ** -126, 1, 2 ** 100, 2 ** 121, 1.25 * 2 ** 118, 1.5 * 2 ** 119];
    const all = integers(4000, 30).map((integer) => Math.max(-60, Math.min(60, integer)));
    const values = byLine(dims, 0, steps, all);
    expect((await roundTrip(values, dims)).codebookKind).toBe('grids');
  });

  it.each([
    ['one weight off by a bit', (units: Uint32Array) => units[77]++],
    ['a NaN', (units: Uint32Array) => units.set([0x7fc00001], 500)],
    ['an infinity', (units: Uint32Array) => units.set([0x7f800000], 500)],
  ])('are not found with %s', async (_, damage) => {
    const values = byLine([30, 200], 0, stepsOf(30), integers(6000, 70));
    const units = new Uint32Array(values.buffer);
    damage(units);
    expect(onGrids(units, [30, 200])).toBeUndefined();
    expect((await roundTrip(values, [30, 200])).codebookKind).not.toBe('grids');
  });

  it('are not taken for one grid, nor for learned weights', () => {
    const one = byLine(
      [30, 200],
      0,
      Array.from({ length: 30 }, () => 0.25),
      integers(6000, 70),
    );
    expect(onGrids(new Uint32Array(one.buffer), [30, 200], 0.25)).toBeUndefined();
    const { float } = createRandom(5);
    const learned = Float32Array.from({ length: 6000 }, () => float() - 0.5);
    expect(onGrids(new Uint32Array(learned.buffer), [30, 200])).toBeUndefined();
  });

  it('leave float16 to its own units', async () => {
    const { below } = createRandom(1);
    const model = modelOf(
      Uint16Array.from({ length: 6000 }, () => below(30)),
      [30, 200],
    );
    const container = await encode(model);
    expect(Buffer.compare(await decode(container), model)).toBe(0);
    expect((await inspect(container)).tensors[0].codebookKind).toBe('native');
  });
});

describe('escapes from a grid', () => {
  const count = 70_000;
  const step = Math.fround(0.0371);

  /** A grid with long tails, in two chunks. */
  const tailed = (seed = 1) =>
    Float32Array.from(
      integers(count, 9, seed),
      (integer, i) => (i % 700 === 3 ? integer * 311 + 900 : integer) * step + 0,
    );

  it.each([
    ['as they come', () => undefined],
    [
      'at the ends of chunks',
      (v: Float32Array) => [0, 65_535, 65_536, count - 1].map((i) => v.fill(5000 * step, i, i + 1)),
    ],
    ['in the first chunk only', (v: Float32Array) => v.fill(0, 65_536)],
    [
      'in a row',
      (v: Float32Array) =>
        v.set(
          v.subarray(100, 160).map((_, i) => (i - 9000) * 7 * step),
          100,
        ),
    ],
    [
      'of what is no number',
      (v: Float32Array) => v.set([Number.NaN, Number.POSITIVE_INFINITY, -Infinity, 1e30, 1e-30], 9),
    ],
    ['beside negative zeros', (v: Float32Array) => v.set(v.map((x, i) => (i % 5 === 0 && x === 0 ? -0 : x)))],
  ])('are written out: %s', async (_, change) => {
    const values = tailed();
    change(values);
    const found = await roundTrip(values, [count]);
    expect(found.codebookKind).toBe('grid');
    expect(found.hasEscapes).toBe(true);
    expect(found.codebookSize).toBeLessThan(300);
  });

  it.each([
    ['gap', (i: number) => i % 19 === 0],
    ['mask', (i: number) => (i >> 3) % 4 === 0],
  ])('stand in layout %s, too', async (layout, isKept) => {
    const values = tailed().map((value, i) => (isKept(i) ? value || step : i % 9001 === 7 ? -4000 * step : 0));
    const found = await roundTrip(values, [count]);
    expect([found.layout, found.codebookKind]).toEqual([layout, 'grid']);
    expect(found.hasEscapes).toBe(true);
  });

  it('stand with lines that have codes of their own', async () => {
    const { below } = createRandom(3);
    const values = Float32Array.from({ length: 38_400 }, (_, i) => {
      const spread = i % 128 < 64 ? 30 : 1;
      return (i % 1501 === 8 ? 7000 + i : below(2 * spread + 1) - spread) * step + 0;
    });
    const found = await roundTrip(values, [300, 128]);
    expect(found.lines.classes).toBeGreaterThan(1);
    expect(found.hasEscapes).toBe(true);
  });

  it('stand with codes by what came before, of a table whose largest value no weight has', async () => {
    const { below } = createRandom(3);
    let at = 0;
    const values = Float32Array.from({ length: 8000 }, (_, i) => {
      at = Math.max(-6, Math.min(5, at + below(3) - 1));
      return (i % 900 === 7 ? 4000 + i : at) * step + 0;
    });
    const found = await roundTrip(values, [80, 100]);
    expect([found.layout, found.contexts.classes > 1, found.hasEscapes]).toEqual(['dense', true, true]);
  });

  it('stand with grids by line', async () => {
    const of = integers(30_000, 9).map((integer, i) => (i % 3000 === 3 ? 490 - (i % 7) : integer));
    const found = await roundTrip(byLine([30, 1000], 0, stepsOf(30), of), [30, 1000]);
    expect(found.codebookKind).toBe('grids');
    expect(found.hasEscapes).toBe(true);
  });

  it('take less than a list, and have no limit of levels', async () => {
    const { float } = createRandom(4);
    const wide = Float32Array.from({ length: 50_000 }, () => Math.round(60 * Math.tan(3 * (float() - 0.5))) * step + 0);
    expect(new Set(wide).size).toBeGreaterThan(1024);
    const { codebookKind, bytes } = await roundTrip(wide, [50_000]);
    expect(codebookKind).toBe('grid');
    expect(bytes).toBeLessThan(1.6 * 50_000);
  });
});

describe('containers with grids by line and escapes', () => {
  it('decode to tensors, and are refused with a typed error where they are damaged or cut', async () => {
    const of = integers(3000, 9).map((integer, i) => (i % 300 === 3 ? 490 - (i % 7) : integer));
    const values = byLine([30, 100], 0, stepsOf(30), of);
    const container = await encode(modelOf(values, [30, 100]));
    for await (const { data } of decodeTensors(container)) expect(data).toEqual(values);
    const { tensors } = await inspect(container);
    expect(CODEBOOKS.indexOf(tensors[0].codebookKind)).toBe(3);
    const { offset, length } = tensors[0].section;
    let refused = 0;
    for (let at = 0; at < length; at += 1 + Math.floor(length / 400)) {
      const damaged = container.slice();
      damaged[offset + at] ^= 1 << (at % 8);
      // Without checksums: what is damaged decodes to as many bytes, or is refused.
      await decode(damaged, { verify: 'none' }).catch((error) => {
        expect(error.code).toBe('CONTAINER_MALFORMED');
        refused++;
      });
      await expect(decode(container.subarray(0, offset + at))).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED' });
    }
    expect(refused).toBeGreaterThan(20);
  });
});
