// Weights a second of every step, next to copying the same weights: medians of runs that take turns.
import { readFileSync } from 'node:fs';
import { decode, encode, openOnnx, prune } from '../../../build/index.js';
import { readWeights } from '../../../build/model/weights.js';
import { initialCentroids, lloyd, sortFloats } from '../../../build/quantize/kmeans/index.js';
import { cluster } from '../../../build/stages/cluster.js';
import { bytesOf } from '../support/subject.js';
import { median } from '../support/weights.js';

const CLUSTERS = 32;
/** Large models are measured less often. */
const ROUNDS = 5;
const MANY_WEIGHTS = 5e6;

/** @returns `{name: {perSecond, memcpy}}`: weights a second, and that as a share of a copy's */
export async function timesOf(path) {
  const model = openOnnx(new Uint8Array(readFileSync(path)));
  const layers = model.tensors.filter(({ role, dtype }) => role === 'weight' && dtype === 'float32').map(readWeights);
  const weights = layers.reduce((sum, { length }) => sum + length, 0);
  const sorted = layers.map(sortFloats);
  const starts = sorted.map((values) => initialCentroids(values, CLUSTERS, 'linear', 0));
  const pruned = await prune({ density: 0.3 }).run(model);
  // As a file: stages are lazy, and would be part of the encoding.
  const clustered = openOnnx(bytesOf(await cluster({ bits: 5 }).run(pruned)));
  const container = await encode(clustered);
  const copies = layers.map((layer) => new Float32Array(layer.length));
  const steps = {
    copy: () => {
      for (const [i, layer] of layers.entries()) copies[i].set(layer);
    },
    prune: async () => {
      for (const { payload } of (await prune({ density: 0.3 }).run(model)).tensors) payload.read();
    },
    sort: () => layers.map(sortFloats),
    'k-means': () => sorted.map((values, i) => lloyd(values, starts[i])),
    encode: () => encode(clustered),
    decode: () => decode(container),
  };
  const rounds = weights > MANY_WEIGHTS ? 3 : ROUNDS;
  const times = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, step] of Object.entries(steps)) {
      const start = performance.now();
      await step();
      // The first round warms up.
      if (round > 0) times[name].push((performance.now() - start) / 1000);
    }
  }
  const copy = median(times.copy);
  return Object.entries(times).map(([name, seconds]) => ({
    name,
    perSecond: weights / median(seconds),
    memcpy: copy / median(seconds),
  }));
}
