import { describe, expect, it } from 'vitest';
import { adam, sgd } from '../../src/tune/optimiser.js';
import type { Parameter } from '../../src/tune/parameter.js';
import { createPruner, densityAt, type PruningPlan } from '../../src/tune/pruning.js';
import { Random } from '../support/random.js';
import { parametersOf } from './parameters.js';

const PLAN: PruningPlan = { schedule: 'cubic', steps: 4, scope: 'layer', regrow: 0, epochSteps: 1 };
const CUBIC = { schedule: 'cubic', steps: 4 } as const;
const STEPS = { schedule: 'steps', steps: 4 } as const;

function prunerOf(parameters: readonly Parameter[], densities: readonly number[], plan: Partial<PruningPlan> = {}) {
  const targets = new Map(densities.map((density, i) => [parameters[i].tensor, density]));
  return createPruner(parameters, targets, { ...PLAN, ...plan });
}

const nonZeros = ({ values }: Parameter) => values.reduce((sum, value) => sum + Number(value !== 0), 0);

describe('the density', () => {
  it('falls on the curve of Zhu and Gupta', () => {
    // Their equation 1 in sparsities: s = s_f + (s_i − s_f)(1 − t)³.
    for (const [first, last] of [
      [1, 0.05],
      [0.8, 0.3],
    ]) {
      for (const share of [0, 0.1, 0.25, 0.5, 0.9]) {
        const [initial, final] = [1 - first, 1 - last];
        const sparsity = final + (initial - final) * (1 - share) ** 3;
        expect(densityAt(share, first, last, CUBIC)).toBeCloseTo(1 - sparsity, 12);
      }
    }
    expect(densityAt(0, 1, 0.05, CUBIC)).toBe(1);
    expect(densityAt(0.5, 1, 0.1, CUBIC)).toBeCloseTo(0.2125, 12);
  });

  it('falls in jumps of one ratio, the last with as much time after it as the others', () => {
    const densities = [0, 0.24, 0.25, 0.5, 0.74, 0.75, 0.99].map((share) => densityAt(share, 1, 1 / 16, STEPS));
    for (const [i, expected] of [1 / 2, 1 / 2, 1 / 4, 1 / 8, 1 / 8, 1 / 16, 1 / 16].entries()) {
      expect(densities[i]).toBeCloseTo(expected, 12);
    }
    expect(densityAt(0.1, 0.5, 0.125, { schedule: 'steps', steps: 1 })).toBe(0.125);
  });

  it.each([CUBIC, STEPS])('is the last one from the end on, and never rises: %j', (schedule) => {
    for (const share of [1, 1.7, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(densityAt(share, 1, 0.05, schedule)).toBe(0.05);
    }
    expect(densityAt(0.2, 0.1, 0.3, schedule)).toBe(0.3);
    expect(densityAt(0, 0, 0, schedule)).toBe(0);
    const all = Array.from({ length: 101 }, (_, i) => densityAt(i / 100, 0.9, 0.1, schedule));
    expect(all).toEqual([...all].sort((a, b) => b - a));
  });
});

describe('what weights are compared by', () => {
  const alive = (parameters: readonly Parameter[]) => parameters.map(({ alive }) => [...alive]);

  it('is what the loss would grow by without them, where gradients are known', () => {
    const parameters = parametersOf([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4]);
    // The second layer is scaled down by ten, what is behind it up: its gradients are ten times as large.
    const squares = [Float32Array.of(1, 1, 1, 1), Float32Array.of(100, 100, 100, 100)];
    prunerOf(parameters, [0.5, 0.5], { scope: 'global', squares }).prune(1);
    expect(alive(parameters)).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
    ]);
    const byMagnitude = parametersOf([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4]);
    prunerOf(byMagnitude, [0.5, 0.5], { scope: 'global' }).prune(1);
    expect(alive(byMagnitude)).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]);
  });

  it('are gradients within a layer, too, so that a small weight may stay', () => {
    const [parameter] = parametersOf([1, 2, 3, 4]);
    prunerOf([parameter], [0.5], { squares: [Float32Array.of(25, 1, 1, 1)] }).prune(1);
    expect([...parameter.alive]).toEqual([1, 0, 0, 1]);
  });

  it('is their magnitude before the first step', () => {
    const [parameter] = parametersOf([1, 2, 3, 4]);
    prunerOf([parameter], [0.5], { squares: [new Float32Array(4)] }).prune(1);
    expect([...parameter.alive]).toEqual([0, 0, 1, 1]);
  });

  it('leaves the density to the weight, even where some have never had a gradient', () => {
    const random = new Random(4);
    const [parameter] = parametersOf(random.floats(1000));
    const squares = [random.floats(1000).map((value, i) => (i % 3 === 0 ? 0 : value * value))];
    prunerOf([parameter], [0.9], { squares }).prune(1);
    expect(parameter.alive.reduce((sum, state) => sum + state, 0)).toBe(900);
  });
});

describe('pruning', () => {
  it.each([0, 0.013, 0.5, 0.999, 1])('each layer to a density of %d exactly', (density) => {
    const random = new Random(2);
    const parameters = parametersOf(random.floats(1237), random.floats(2500, 9));
    const pruner = prunerOf(parameters, [density, 0.1]);
    for (const share of [0, 0.3, 0.8, 1, 1.2]) {
      pruner.prune(share);
      for (const parameter of parameters) parameter.publish();
      for (const [i, parameter] of parameters.entries()) {
        const wanted = Math.round(parameter.values.length * densityAt(share, 1, [density, 0.1][i], CUBIC));
        expect(nonZeros(parameter), `layer ${i} at ${share}`).toBe(wanted);
      }
    }
  });

  it('keeps the largest magnitudes, and of equal ones the first', () => {
    const [parameter] = parametersOf([0.1, -3, 0.2, 2, -0.2, 0.4, 0.3, -0.5]);
    prunerOf([parameter], [0.75]).prune(1);
    parameter.publish();
    expect([...parameter.values]).toEqual([...Float32Array.of(0, -3, 0.2, 2, 0, 0.4, 0.3, -0.5)]);
  });

  it('all layers together to one density', () => {
    const random = new Random(3);
    const parameters = parametersOf(random.floats(1500, 1), random.floats(2000, 0.1));
    const before = parameters.map(({ values }) => values.slice());
    const pruner = prunerOf(parameters, [0.2, 0.2], { scope: 'global' });
    pruner.prune(1);
    for (const parameter of parameters) parameter.publish();
    const [first, second] = parameters.map(nonZeros);
    expect(first + second).toBe(700);
    const kept = [...before[0], ...before[1]].map(Math.abs).sort((a, b) => b - a);
    for (const [i, { values }] of parameters.entries()) {
      for (const [j, value] of values.entries()) expect(value !== 0).toBe(Math.abs(before[i][j]) >= kept[699]);
    }
    expect(first).toBeGreaterThan(20 * second);
  });

  it('starts from what is left, and leaves alone what is sparser than asked for', () => {
    const values = new Random(4).floats(1600).map((value, i) => (i % 2 === 0 ? 0 : value));
    const parameters = parametersOf(values, values);
    const pruner = prunerOf(parameters, [0.1, 0.8]);
    pruner.prune(0);
    for (const parameter of parameters) parameter.publish();
    expect(parameters.map(nonZeros)).toEqual([800, 800]);
    pruner.prune(1);
    for (const parameter of parameters) parameter.publish();
    expect(parameters.map(nonZeros)).toEqual([160, 800]);
    expect(parameters[1].values).toEqual(values);
  });

  it('leaves other parameters alone', () => {
    const random = new Random(5);
    const parameters = parametersOf(random.floats(1200), random.floats(1200));
    const pruner = prunerOf(parameters, [0.5]);
    pruner.prune(1);
    for (const parameter of parameters) parameter.publish();
    expect([pruner.parameters, nonZeros(parameters[1])]).toEqual([[parameters[0]], 1200]);
  });
});

/** Trains eight weights of which the first, the smallest, is pruned at once, with a gradient that pulls it far away. */
function trained(kind: 'sgd' | 'adam'): Float32Array {
  const [parameter] = parametersOf([0.1, 1, 2, 3, 4, 5, 6, 7]);
  const pruner = prunerOf([parameter], [7 / 8], { schedule: 'steps', steps: 1 });
  const moved = [{ free: parameter.free, decay: 0 }];
  const optimiser = kind === 'adam' ? adam(moved) : sgd(moved, 0.9);
  const into = [new Float32Array(8)];
  const pull = Float32Array.of(-1, 0, 0, 0, 0, 0, 0, 0);
  // One step before pruning, so that momentum is there.
  parameter.publish();
  parameter.collect(pull, into[0]);
  optimiser.step(into, 0.5);
  parameter.free[0] = 0.1;
  for (let step = 0; step < 20; step++) {
    if (step % 10 === 0) pruner.prune(0.5);
    parameter.publish();
    parameter.collect(pull, into[0]);
    optimiser.step(into, 0.5);
  }
  pruner.prune(1);
  parameter.publish();
  return parameter.values;
}

describe.each(['sgd', 'adam'] as const)('a pruned weight, with %s,', (kind) => {
  it('never comes back, though momentum goes on moving it', () => {
    expect([...trained(kind)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
