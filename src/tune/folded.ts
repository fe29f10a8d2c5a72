import type { Normalisation } from '../gradient/batch-statistics.js';
import { readFloat } from '../graph/attributes.js';
import type { DecodedGraph } from '../graph/decoded-graph.js';
import { type ChannelsOfWeights, channelsAt } from '../graph/output-channels.js';
import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import { finiteWeights, withPayloads } from '../model/patch.js';
import { writeWeights } from '../model/weights.js';
import { foldNormalization } from '../stages/fold.js';
import type { StageContext } from '../stages/stage.js';
import type { Best } from './checkpoint.js';
import type { Parameter } from './parameter.js';

/** What becomes of a layer's weights when the BatchNormalization behind it is folded into them. */
export interface Folding {
  /** The weights as they are folded at first. */
  readonly folded: Tensor;
  readonly channels: ChannelsOfWeights;
  /** What they are multiplied with: scale and variance by their names in the graph, and what is added to the variance. */
  readonly scale: string;
  readonly variance: string;
  readonly epsilon: number;
}

/** Finds the layers that `fold` would fold a BatchNormalization into, by their weights: those that nothing else reads. */
export function foldingsOf(
  model: Model,
  { stored, readers, producers }: DecodedGraph,
  layers: readonly Normalisation[],
): Map<Tensor, Folding> {
  const left = new Map(foldNormalization(model).tensors.map((tensor) => [tensor.name, tensor]));
  const found = new Map<Tensor, Folding>();
  for (const { node, variance } of layers) {
    const layer = producers.get(node.input?.[0] ?? '');
    const name = layer?.input?.[1] ?? '';
    const tensor = stored.get(name)?.tensor;
    const folded = tensor && left.get(tensor.name);
    const isFolded = !left.has(present(stored.get(variance)).tensor.name);
    if (!layer || !tensor || !folded || !isFolded || readers.get(name)?.length !== 1) continue;
    const channels = channelsAt(layer, tensor.dims);
    const scale = node.input?.[1] ?? '';
    found.set(tensor, { folded, channels, scale, variance, epsilon: readFloat(node, 'epsilon', 1e-5) });
  }
  return found;
}

/**
 * Weights whose factor is part of what is rounded: the model, whose layer still multiplies with it, sees the rounded ones over it.
 *
 * Source: Jacob et al. 2018, §3.2; `fake_bn` of Quantization.MXNet.
 *
 * @param inner - the weights as they are folded, of a format
 * @param tensor - as they are stored
 * @param valuesOf - the numbers of a stored tensor now, by its name in the graph
 */
export function openFolded(
  inner: Parameter,
  tensor: Tensor,
  { channels, scale, variance, epsilon }: Folding,
  valuesOf: (name: string) => Float32Array,
): Parameter {
  const values = finiteWeights(tensor);
  const free = values.slice();
  const factors = new Float64Array(values.length);
  const arriving = new Float32Array(values.length);
  return {
    ...{ ...inner, tensor, values, free, written: inner.values },
    collect(gradient, into, intoScales) {
      for (let i = 0; i < values.length; i++) arriving[i] = factors[i] === 0 ? 0 : gradient[i] / factors[i];
      inner.collect(arriving, into, intoScales);
      for (let i = 0; i < values.length; i++) into[i] *= factors[i];
    },
    publish(turn) {
      const [scales, variances] = [valuesOf(scale), valuesOf(variance)];
      for (let i = 0; i < values.length; i++) {
        const channel = channels.of(i);
        factors[i] = scales[channel] / Math.sqrt(variances[channel] + epsilon);
        inner.free[i] = free[i] * factors[i];
      }
      inner.publish(turn);
      for (let i = 0; i < values.length; i++) values[i] = factors[i] === 0 ? 0 : inner.values[i] / factors[i];
    },
  };
}

/** Folds a trained model, whose rounded weights are written as they were rounded. */
export function foldTrained(
  trained: Model,
  parameters: readonly Parameter[],
  { values }: Best,
  onNote: StageContext['onNote'],
): Model {
  const model = foldNormalization(trained, onNote);
  const byName = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const payloads = new Map<Tensor, Uint8Array>();
  for (const [i, parameter] of parameters.entries()) {
    const tensor = parameter.written && byName.get(parameter.tensor.name);
    if (tensor) payloads.set(tensor, writeWeights(tensor, values[i]));
  }
  return withPayloads(model, payloads);
}
