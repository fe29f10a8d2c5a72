import { describe, expect, it } from 'vitest';
import { onGrid } from '../../src/container/write/grid.js';
import { indexUnits } from '../../src/container/write/symbols.js';
import { decode } from '../../src/decode/index.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { createRandom } from '../../src/random.js';
import { encode, layoutOf, modelOf } from '../support/container.js';

const unitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** On a grid, found by the list of the values if there are few enough for one. */
const gridOf = (values: Float32Array) => onGrid(unitsOf(values), indexUnits(unitsOf(values)));

/** Integers from a two-sided geometric distribution, times a step. */
function weights(count: number, step: number, share: number, seed = 1): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => {
    let k = 0;
    while (random.float() < share) k++;
    return (random.float() < 0.5 ? -k : k) * Math.fround(step) + 0;
  });
}

describe('onGrid', () => {
  it('puts multiples of a step in the order 0, Δ, −Δ, 2Δ …', () => {
    const step = Math.fround(0.013);
    const grid = gridOf(Float32Array.of(0, step, -step, 2 * step, 3 * step, -2 * step, 4 * step, 6 * step));
    expect(grid?.grid).toEqual({ steps: Float32Array.of(step), hasMinusZero: false });
    const values = [...new Float32Array((grid?.values.buffer as ArrayBuffer) ?? [])];
    expect(values).toEqual([0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6].map((k) => Math.fround(k * step) + 0));
    expect([...(grid?.symbols ?? [])]).toEqual([0, 1, 2, 3, 5, 4, 7, 11]);
    expect([...(grid?.counts ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1]);
  });

  it('finds the step where no weight is one step from zero', () => {
    const grid = gridOf(Float32Array.of(0, 1, -1, 1.5, 2, 2.5, -2.5, 3, -3, 3.5));
    expect(grid?.grid?.steps).toEqual(Float32Array.of(0.5));
  });

  it.each([
    ['one value off it by a bit', [0, 0.1, 0.2, -0.1, 0.30000001192092896 + 3e-8, 0.4, 0.5]],
    ['NaN', [0, 1, -1, Number.NaN, 2, -2, 3]],
    ['infinity', [0, 1, -1, Number.POSITIVE_INFINITY, 2, -2, 3]],
    ['nothing but zeros', [0, 0, 0]],
    ['few values far apart, which a list says shorter', [0, 1, 200]],
  ])('does not take a payload with %s', (_, values) => {
    expect(gridOf(Float32Array.from(values))).toBeUndefined();
  });
});

describe('a container with grids', () => {
  it.each([
    ['dense', 0.9],
    ['gap', 0.06],
  ])('decodes to the same bytes, layout %s', async (layout, share) => {
    const model = modelOf(weights(64 * 700, 0.0371, share), [64, 700]);
    const container = await encode(model);
    expect(await layoutOf(container)).toBe(layout);
    // A byte on the grid, and its step without sign and in a code.
    expect((await inspectContainer(container)).overhead.codebooks).toBe(5);
    expect(await decode(container)).toEqual(model);
  });

  it('decodes to the same bytes, layout mask', async () => {
    const random = createRandom(3);
    // Whole bytes of the mask are alike, as where pruning has taken channels.
    const values = weights(64 * 704, 0.0371, 0.6, 2).map((value, i, all) => (all[i & ~7] > 0 ? value : 0));
    for (let i = 0; i < values.length; i++) if (values[i] !== 0 && random.float() < 0.5) values[i] = -values[i];
    const model = modelOf(values, [64, 704]);
    const container = await encode(model);
    expect(await layoutOf(container)).toBe('mask');
    expect(await decode(container)).toEqual(model);
  });
});
