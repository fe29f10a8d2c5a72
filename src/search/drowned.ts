import type { Model, Tensor } from '../model/model.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { partOutliers } from '../quantize/outliers.js';

/** By how many decibels weights have to stand out of what has changed in them, those beside a few far larger ones. */
const LEAST_SNR = 6;

/**
 * A tensor whose weights are lost beside a few far larger ones. Made inputs may feed such outliers what real ones never do;
 * then they are all that answers hang on, and whatever is done to the other weights seems to change nothing.
 *
 * @param compressed - the same model with other weights
 */
export function drownedIn(original: Model, compressed: Model): Tensor | undefined {
  return original.tensors.find((tensor, i) => {
    if (tensor.role !== 'weight' || !isPatchable(tensor) || tensor.payload === compressed.tensors[i].payload)
      return false;
    const weights = readWeights(tensor);
    const { core } = partOutliers(weights.filter((weight) => weight !== 0).sort());
    if (core.length === 0) return false;
    const [low, high] = [core[0], core[core.length - 1]];
    const changed = readWeights(compressed.tensors[i]);
    let [signal, noise, outliers] = [0, 0, 0];
    for (let at = 0; at < weights.length; at++) {
      if (weights[at] < low || weights[at] > high) outliers++;
      else {
        signal += weights[at] ** 2;
        noise += (weights[at] - changed[at]) ** 2;
      }
    }
    return outliers > 0 && noise > signal / 10 ** (LEAST_SNR / 10);
  });
}
