import { describe, expect, it } from 'vitest';
import { ALIVE, PRUNED } from '../../src/tune/parameter.js';
import { createPruner } from '../../src/tune/pruning.js';
import { createRegrowth } from '../../src/tune/regrowth.js';
import { Random } from '../support/random.js';
import { parametersOf } from './parameters.js';

const gradients = (...rows: readonly number[][]) => rows.map((row) => Float32Array.from(row));

describe('pruned weights', () => {
  it('come back by the sum of their gradients, and begin against it at next to nothing', () => {
    const [one, other] = parametersOf([1, 0, 0, 2], [0, 3, 0, 0]);
    const regrowth = createRegrowth([one, other], 0.5, 2);
    regrowth.observe(gradients([9, 1, -1, 9], [2, 9, 0.5, 0]));
    expect(regrowth.isDue()).toBe(false);
    regrowth.observe(gradients([9, 1, -3, 9], [-2, 9, 0.5, 0]));
    expect(regrowth.isDue()).toBe(true);
    regrowth.grow([one, other], 2);
    expect([...one.alive, ...other.alive]).toEqual([ALIVE, ALIVE, ALIVE, ALIVE, PRUNED, ALIVE, PRUNED, PRUNED]);
    expect([...one.free]).toEqual([...Float32Array.of(1, -1e-6, 1e-6, 2)]);
  });

  it('stay where no gradient says that they are missed', () => {
    const [parameter] = parametersOf([1, 0, 0, 0]);
    const regrowth = createRegrowth([parameter], 1, 1);
    regrowth.observe(gradients([5, 0, 0, 4]));
    regrowth.grow([parameter], 3);
    expect([...parameter.alive]).toEqual([ALIVE, PRUNED, PRUNED, ALIVE]);
  });

  it('are those of a long epoch that two hundred steps miss, and of a short one all of its steps', () => {
    const seenUntilDue = (epoch: number) => {
      const [parameter] = parametersOf([1, 0]);
      const regrowth = createRegrowth([parameter], 0.5, epoch);
      let steps = 0;
      for (; !regrowth.isDue(); steps++) regrowth.observe(gradients([0, 1]));
      regrowth.begin();
      expect(regrowth.isDue()).toBe(false);
      return steps;
    };
    expect([1, 16, 550].map(seenUntilDue)).toEqual([1, 16, 200]);
  });

  it('never come back at a rate of nothing', () => {
    const parameters = parametersOf([1, 0]);
    const regrowth = createRegrowth(parameters, 0, 1);
    regrowth.observe(gradients([1, 1]));
    expect(regrowth.isDue()).toBe(false);
  });

  it('come back fewer and fewer, down to none', () => {
    const { count } = createRegrowth([], 0.4, 1);
    expect([0, 0.5, 1, 2].map((share) => count(100, share))).toEqual([40, 20, 0, 0]);
  });

  it('take the places of others: the density is what the schedule says', () => {
    const random = new Random(3);
    const parameters = parametersOf(random.floats(1000), random.floats(500, 0.1));
    const targets = new Map(parameters.map(({ tensor }) => [tensor, 0.1]));
    const plan = { schedule: 'cubic', steps: 4, scope: 'global', regrow: 0.5, epochSteps: 1 } as const;
    const pruner = createPruner(parameters, targets, plan);
    const places: Set<number>[] = [];
    for (const share of [0.5, 0.8, 0.9, 1]) {
      pruner.observe(parameters.map(({ values }) => random.floats(values.length)));
      pruner.prune(share);
      const alive = parameters.flatMap((parameter) => [...parameter.alive]);
      expect(alive.filter((state) => state === ALIVE)).toHaveLength(Math.round(1500 * (0.1 + 0.9 * (1 - share) ** 3)));
      places.push(new Set([...alive.keys()].filter((i) => alive[i] === ALIVE)));
    }
    const returned = [...places[1]].filter((place) => !places[0].has(place));
    expect(returned.length).toBeGreaterThan(3);
    expect(
      [...places[3]].every((place) => places[2].has(place)),
      'at the end nothing comes back',
    ).toBe(true);
  });
});
