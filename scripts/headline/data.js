// MNIST as data sets for the command line: `--data scripts/headline/training.js`, `validation.js` or `test.js`.
import { loadMnist, PIXELS, SIDE } from '../train/mnist.js';

/**
 * A split as `--data` takes it: the default export of a module.
 *
 * @param {'train' | 'validation' | 'test'} name
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
