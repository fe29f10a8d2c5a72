import type { Calibration } from '../calibrate/start.js';
import type { Layer } from '../graph/layers.js';
import type { Model } from '../model/model.js';
import type { Nearness } from './answers.js';

/** However little a layer alone does to the answers, together with others it may do more; and the other way about. */
const MOST = 100;

/**
 * What a bit is worth in each layer, beside λ, where nothing can be sent back through the model to find out, as through an LSTM: each
 * layer alone is compressed, and the answers tell how much noise it makes of that. Where all layers make as much noise for
 * each of their weights, no bit is better spent elsewhere; a state carried on makes its layer's noise last.
 *
 * @returns factors of λ; their logarithms are zero in the mean of all weights
 */
export async function layerPrices(
  model: Model,
  calibration: Calibration,
  judge: (model: Model) => Promise<Nearness>,
  lambda: number,
): Promise<ReadonlyMap<Layer, number>> {
  const { layers, twins } = calibration.prepared;
  const compressed = await calibration.run(lambda);
  const logs = new Map<Layer, number>();
  let [sum, weights] = [0, 0];
  for (const layer of layers) {
    const own = new Set([layer.tensor, ...(twins.get(layer.tensor) ?? [])].map(({ name }) => name));
    if (layer.bias) own.add(layer.bias.name);
    const alone = {
      ...model,
      tensors: model.tensors.map((tensor, i) => (own.has(tensor.name) ? compressed.tensors[i] : tensor)),
    };
    const { snr } = await judge(alone);
    const { count } = layer.tensor;
    // Noise, as a share of the signal, for each weight.
    const noise = 10 ** (-snr / 10) / count;
    const log = -Math.log(Math.max(noise, Number.MIN_VALUE));
    logs.set(layer, log);
    sum += count * log;
    weights += count;
  }
  const mean = sum / weights;
  return new Map(Array.from(logs, ([layer, log]) => [layer, Math.min(MOST, Math.max(1 / MOST, Math.exp(log - mean)))]));
}
