import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectLargest, zeroBelow } from '../../src/stages/magnitude.js';

/** Prunes with the two functions under test; the input stays. */
function prune(arrays: Float32Array[], keep: number): Float32Array[] {
  const cut = selectLargest(() => arrays, keep);
  let ties = cut.ties;
  return arrays.map((weights) => {
    const pruned = weights.slice();
    ties = zeroBelow(pruned, cut.threshold, ties);
    return pruned;
  });
}

/** The same by sorting: positions of all weights by falling magnitude, earlier first; the first `keep` survive. */
function pruneBySorting(arrays: Float32Array[], keep: number): Float32Array[] {
  const all = arrays.flatMap((weights) => [...weights]);
  const order = all.map((_, i) => i).sort((a, b) => Math.abs(all[b]) - Math.abs(all[a]) || a - b);
  const kept = new Set(order.slice(0, keep));
  let position = 0;
  return arrays.map((weights) => weights.map((weight) => (kept.has(position++) || weight === 0 ? weight : 0)));
}

const weights = fc.oneof(
  fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 60 }),
  // Ties of both signs, both zeros, and neighbours that differ in the low bits alone.
  fc
    .array(fc.constantFrom(0, -0, 1, -1, 1 + 2 ** -23, -1 - 2 ** -23, 2 ** -149, -(2 ** -149), 3e38), { maxLength: 60 })
    .map((values) => Float32Array.from(values)),
);

describe('selectLargest', () => {
  it('keeps the largest magnitudes and breaks ties by position', () => {
    expect(selectLargest(() => [Float32Array.of(0.5, -3, 2, 0, -2, 2)], 3)).toEqual({
      threshold: 2,
      ties: 2,
      survivors: 3,
    });
    expect(prune([Float32Array.of(0.5, -3, 2, 0, -2, 2)], 3)).toEqual([Float32Array.of(0, -3, 2, 0, -2, 0)]);
  });

  it('cuts across arrays, the ties in the first ones surviving', () => {
    const arrays = [Float32Array.of(1, 5), new Float32Array(), Float32Array.of(-1, 1)];
    expect(prune(arrays, 3)).toEqual([Float32Array.of(1, 5), new Float32Array(), Float32Array.of(-1, 0)]);
  });

  it('keeps all that are not zero when asked for more, and none when asked for none', () => {
    const arrays = [Float32Array.of(0, -0, 2 ** -149, -1)];
    expect(selectLargest(() => arrays, 3)).toEqual({ threshold: 0, ties: 0, survivors: 2 });
    expect(prune(arrays, 100)).toEqual(arrays);
    expect(selectLargest(() => arrays, 0)).toEqual({ threshold: Infinity, ties: 0, survivors: 0 });
    expect(prune(arrays, 0)).toEqual([Float32Array.of(0, -0, 0, 0)]);
    expect(selectLargest(() => [], 5)).toEqual({ threshold: 0, ties: 0, survivors: 0 });
  });

  it('does what sorting does', () => {
    fc.assert(
      fc.property(fc.array(weights, { maxLength: 4 }), fc.nat({ max: 260 }), (arrays, keep) => {
        expect(prune(arrays, keep)).toEqual(pruneBySorting(arrays, keep));
        const survivors = prune(arrays, keep).reduce((sum, array) => sum + array.filter((w) => w !== 0).length, 0);
        expect(selectLargest(() => arrays, keep).survivors).toBe(survivors);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves exactly as many as asked of many weights', () => {
    const many = Float32Array.from({ length: 200_000 }, (_, i) => Math.sin(i + 1) ** 5);
    for (const keep of [1, 777, 100_000, 199_999]) {
      expect(prune([many.subarray(1)], keep)[0].filter((w) => w !== 0)).toHaveLength(keep);
    }
  });

  it('refuses a wrong count and an iterable that gives its weights only once', () => {
    for (const keep of [-1, 0.5, Number.NaN]) expect(() => selectLargest(() => [], keep)).toThrow(RangeError);
    const once = [Float32Array.of(1, 2)].values();
    expect(() => selectLargest(() => once, 1)).toThrow(TypeError);
  });
});
