import { describe, expect, it } from 'vitest';
import { boundOf, type Lifetime, lifetimesOf, liveBytes } from '../../src/footprint/lifetimes.js';
import { nnablaBuffers } from '../../src/footprint/nnabla.js';
import { firstFit, greedyBySize, type Placement, placeBest } from '../../src/footprint/placement.js';
import { createRandom } from '../../src/random.js';

/** x → conv → a → relu → b → reshape → c; c + a' where a' is another convolution of x. */
const CHAIN = {
  inputs: ['x'],
  outputs: ['y'],
  steps: [
    { name: 'conv', op: 'Conv', reads: ['x', ''], makes: ['a'] },
    { name: 'relu', op: 'Relu', reads: ['a'], makes: ['b'] },
    { name: 'view', op: 'Reshape', reads: ['b', ''], makes: ['c'] },
    { name: 'add', op: 'Add', reads: ['c', 'b'], makes: ['d'] },
    { name: 'end', op: 'Relu', reads: ['d'], makes: ['y'] },
  ],
};

function lifetime(name: string, bytes: number, first: number, last: number): Lifetime {
  return { name, values: [name], bytes, first, last };
}

function randomLifetimes(seed: number, count = 24, steps = 16): Lifetime[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const first = random.below(steps);
    return lifetime(`v${i}`, 1 + random.below(100), first, Math.min(steps - 1, first + random.below(5)));
  }).sort((a, b) => a.first - b.first);
}

/** Pairs that are alive at once and lie on each other. */
function clashes({ buffers }: Placement): number {
  return buffers.flatMap((one, i) =>
    buffers.slice(i + 1).filter((other) => {
      const isApart = one.first > other.last || other.first > one.last;
      return !isApart && one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes;
    }),
  ).length;
}

describe('lifetimesOf', () => {
  it('gives every value memory of its own, from its step to the last that reads it', () => {
    const found = lifetimesOf(CHAIN, () => 8, false);
    expect(found.map(({ name, first, last }) => [name, first, last])).toEqual([
      ['x', 0, 0],
      ['a', 0, 1],
      ['b', 1, 3],
      ['c', 2, 3],
      ['d', 3, 4],
      ['y', 4, 4],
    ]);
    expect(liveBytes(found, 5)).toEqual([16, 16, 16, 24, 16]);
  });

  it('lets views share, and overwrites what nobody reads afterwards', () => {
    const found = lifetimesOf(CHAIN, () => 8, true);
    expect(found.map(({ values, first, last }) => [values.join(' '), first, last])).toEqual([
      ['x', 0, 0],
      ['a b c d y', 0, 4],
    ]);
  });

  it('keeps what is read later, what comes out, and what is smaller', () => {
    const steps = [
      { name: 'one', op: 'Relu', reads: ['x'], makes: ['a'] },
      { name: 'two', op: 'Relu', reads: ['a'], makes: ['b'] },
      { name: 'three', op: 'Add', reads: ['a', 'b'], makes: ['c'] },
      { name: 'four', op: 'Mul', reads: ['c', 'x'], makes: ['y'] },
    ];
    const sizes: Record<string, number> = { x: 4 };
    const found = lifetimesOf({ inputs: ['x'], outputs: ['c', 'y'], steps }, (name) => sizes[name] ?? 8, true);
    // 'x' is broadcast, 'a' is read again at 'three', and 'c' is an output although 'four' is the last to read it.
    expect(found.map(({ values }) => values.join(' '))).toEqual(['x', 'a c', 'b', 'y']);
  });
});

describe('placement', () => {
  it('never lays two on each other, and never goes below the bound', () => {
    for (let seed = 0; seed < 8; seed++) {
      const lifetimes = randomLifetimes(seed);
      const bound = boundOf(lifetimes, 16);
      const [first, greedy, best] = [firstFit(lifetimes), greedyBySize(lifetimes), placeBest(lifetimes, 16)];
      for (const placement of [first, greedy, best]) {
        expect(clashes(placement)).toBe(0);
        expect(placement.buffers.every(({ offset, bytes }) => offset + bytes <= placement.peak)).toBe(true);
        expect(placement.peak).toBeGreaterThanOrEqual(bound);
        expect(placement.buffers).toHaveLength(lifetimes.length);
      }
      expect(best.peak).toBeLessThanOrEqual(greedy.peak);
    }
  });

  it('finds an order that reaches the bound where greedy by size does not', () => {
    const greedy = Array.from({ length: 16 }, (_, seed) => randomLifetimes(seed)).filter(
      (lifetimes) => greedyBySize(lifetimes).peak > boundOf(lifetimes, 16),
    );
    expect(greedy.length).toBeGreaterThan(0);
    const reached = greedy.filter((lifetimes) => placeBest(lifetimes, 16).peak === boundOf(lifetimes, 16));
    expect(reached.length).toBeGreaterThan(greedy.length / 2);
  });
});

describe('nnablaBuffers', () => {
  it('has as many buffers as values are alive, each as large as its rank needs, and grows the first free one', () => {
    const lifetimes = [
      lifetime('a', 10, 0, 1),
      lifetime('b', 30, 1, 2),
      lifetime('c', 20, 2, 3),
      lifetime('d', 5, 3, 3),
    ];
    expect(nnablaBuffers(lifetimes, 4)).toEqual([20, 30]);
    // 'a' takes the one of 20, so that 'b' has to wait for none: 'c' finds nothing large enough and grows what is free.
    const others = [lifetime('a', 20, 0, 1), lifetime('b', 10, 1, 2), lifetime('c', 20, 2, 2)];
    expect(nnablaBuffers(others, 3)).toEqual([10, 20]);
  });
});
