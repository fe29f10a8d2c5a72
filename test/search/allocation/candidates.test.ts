import { describe, expect, it } from 'vitest';
import { codeTensor } from '../../../src/container/write/section.js';
import { readWeights, writeWeights } from '../../../src/model/weights.js';
import { openOnnx } from '../../../src/onnx/open.js';
import { roundingOf } from '../../../src/quantize/codebook.js';
import {
  type Candidate,
  type Choices,
  CLUSTERS,
  candidatesOf,
  weightsOf,
} from '../../../src/search/allocation/candidates.js';
import { cluster } from '../../../src/stages/cluster.js';
import { prune } from '../../../src/stages/prune.js';
import { isSame, LENET, tensorNamed } from '../../stages/support.js';

const model = openOnnx(LENET);
const tensor = tensorNamed(model, 'fc2.weight');
const weights = readWeights(tensor);
const choices: Choices = {
  densities: [1, 0.5, 0.2],
  clusters: [2, 5, 12, 40],
  init: 'linear',
  seed: 0,
  round: roundingOf(tensor, 'float16'),
};
const all = [...candidatesOf(tensor, weights, choices)];

async function staged({ density, clusters }: Candidate) {
  const include = [tensor.name];
  const pruned = density < 1 ? await prune({ density, include }).run(model, {}) : model;
  return tensorNamed(await cluster({ clusters, include }).run(pruned, {}), tensor.name);
}

describe('candidatesOf', () => {
  it('gives each density with each number of clusters that makes a difference', () => {
    const of = (density: number) => all.filter((each) => each.density === density).map(({ clusters }) => clusters);
    expect([of(1), of(0.5).slice(0, 3), of(0.2).slice(0, 2)]).toEqual([
      [2, 5, 12, 40],
      [2, 5, 12],
      [2, 5],
    ]);
    const full = [...candidatesOf(tensor, weights, { ...choices, clusters: CLUSTERS })];
    for (const density of choices.densities) {
      const errors = full.filter((each) => each.density === density).map(({ clustered }) => clustered);
      expect(errors.length).toBeGreaterThan(8);
    }
  });

  it('makes the weights that the stages make, and tells their errors', async () => {
    for (const candidate of all) {
      const made = weightsOf(weights, candidate, choices);
      expect(isSame(writeWeights(tensor, made), (await staged(candidate)).payload.read())).toBe(true);
      const energy = weights.reduce((sum, weight) => sum + weight ** 2, 0);
      const error = weights.reduce((sum, weight, i) => sum + (weight - made[i]) ** 2, 0);
      // Of 30,000 weights a sample is looked at.
      expect(Math.abs((candidate.pruned + candidate.clustered) / (error / energy) - 1)).toBeLessThan(0.15);
    }
  });

  it('tells what they take in the container, to a few per cent', async () => {
    for (const candidate of all) {
      const { section, inline } = codeTensor(tensor, (await staged(candidate)).payload.read());
      const real = (section ?? inline).length;
      expect(Math.abs(candidate.bytes - real), `${candidate.density} ${candidate.clusters}`).toBeLessThan(
        40 + 0.03 * real,
      );
    }
  });

  it('counts the bytes of kept values where nothing is clustered', () => {
    const kept = [...candidatesOf(tensor, weights, { ...choices, clusters: undefined })];
    expect(kept.map(({ density, clusters }) => [density, clusters])).toEqual([
      [1, undefined],
      [0.5, undefined],
      [0.2, undefined],
    ]);
    for (const candidate of kept) {
      const payload = writeWeights(tensor, weightsOf(weights, candidate, choices));
      const { section, inline } = codeTensor(tensor, payload);
      expect(candidate.bytes).toBe((section ?? inline).length);
    }
  });

  it('leaves out densities that zeros make the same', () => {
    const sparse = weights.map((weight, i) => (i % 4 === 0 ? weight : 0));
    const found = [...candidatesOf(tensor, sparse, choices)];
    expect([...new Set(found.map(({ density }) => density))]).toEqual([1, 0.2]);
  });

  it('has one candidate for a layer of nothing but zeros', () => {
    expect([...candidatesOf(tensor, new Float32Array(weights.length), choices)]).toHaveLength(1);
  });
});
