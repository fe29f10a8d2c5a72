import { expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibratedPrune } from '../../src/calibrate/prune.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { checkBudgetOptions } from '../../src/search/allocation/options.js';
import { cluster } from '../../src/stages/cluster.js';
import { quantize } from '../../src/stages/quantize.js';
import { tune } from '../../src/tune/tune.js';

const dataset = arrayDataset({ inputs: { x: { data: Float32Array.of(1), dims: [1, 1] } } });

it.each<[string, (seed: number) => unknown]>([
  ['cluster', (seed) => cluster({ seed })],
  ['quantize', (seed) => quantize({ weights: 'int8', seed })],
  ['calibrate', (seed) => calibrate({ dataset, seed })],
  ['calibratedPrune', (seed) => calibratedPrune({ dataset, density: 0.5, seed })],
  ['tune', (seed) => tune({ dataset, seed })],
  ['searchBudget', (seed) => checkBudgetOptions({ dataset, seed })],
])('%s takes the seeds that all stages take', (_, build) => {
  for (const seed of [0, 2 ** 31, 2 ** 31 + 5, 2 ** 32 - 1]) expect(() => build(seed)).not.toThrow();
  for (const seed of [-1, 0.5, 2 ** 32, Number.NaN, '1' as unknown as number]) {
    expect(() => build(seed)).toThrow(new RegExp(`expected a whole number of seed from 0 to 4294967295, got ${seed}$`));
  }
});
