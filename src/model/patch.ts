import { FxqError } from '../errors.js';
import { encodeKernels } from '../kernels/encode/index.js';
import type { Model, Tensor } from './model.js';
import { isPatchable, readWeights, writeWeights } from './weights.js';

/**
 * The tensors that a lossy stage will change, each with its options: those that are selected and hold floating-point
 * weights in fixed places. What is selected but cannot be changed stays as it is.
 */
export function selectLayers<Options>(
  model: Model,
  select: (tensor: Tensor) => Options | undefined,
): Map<Tensor, Options> {
  const layers = new Map<Tensor, Options>();
  for (const tensor of model.tensors) {
    const options = isPatchable(tensor) ? select(tensor) : undefined;
    if (options !== undefined) layers.set(tensor, options);
  }
  return layers;
}

/** What a stage does to a layer's weights, which it may overwrite and return. Same input, same output. */
export type WeightChange<Options> = (weights: Float32Array, options: Options, tensor: Tensor) => Float32Array;

/**
 * The model with changed weights. Nothing is computed yet: each tensor changes when it is read, so a model larger than
 * memory passes through its stages tensor by tensor.
 *
 * @param stage - whose registered function `change` is, if it is: then other threads can do it, and the options have to be
 *   plain data
 */
export function mapWeights<Options>(
  model: Model,
  layers: ReadonlyMap<Tensor, Options>,
  change: WeightChange<Options>,
  stage?: string,
): Model {
  const tensors = model.tensors.map((tensor) => {
    const options = layers.get(tensor);
    return options === undefined ? tensor : changed(tensor, options, change, stage);
  });
  return { ...model, tensors };
}

/** One tensor of {@link mapWeights}. */
export function changed<Options>(
  tensor: Tensor,
  options: Options,
  change: WeightChange<Options>,
  stage?: string,
): Tensor {
  const read = () => writeWeights(tensor, change(finiteWeights(tensor), options, tensor));
  const pending = stage === undefined ? undefined : { from: tensor, stage, options };
  return { ...tensor, payload: { read, isOwn: true, change: pending } };
}

/** The model with other payloads in the place of some tensors', each of the length of the one before. */
export function withPayloads(model: Model, payloads: ReadonlyMap<Tensor, Uint8Array>): Model {
  const tensors = model.tensors.map((tensor) => {
    const bytes = payloads.get(tensor);
    return bytes ? { ...tensor, payload: { read: () => bytes } } : tensor;
  });
  return { ...model, tensors };
}

/** A layer's weights; a NaN or an infinity among them has no place in a sorted order, so it is refused by name. */
export function finiteWeights(tensor: Tensor): Float32Array {
  const weights = readWeights(tensor);
  const at = encodeKernels().firstNotFinite(weights);
  if (at >= 0) {
    throw new FxqError(
      'WEIGHTS',
      `${tensor.name}: expected finite weights, element ${at} is ${weights[at]}; leave the tensor out with an exclude selector`,
      { tensor: tensor.name, offset: tensor.offset + at * (tensor.length / tensor.count), actual: weights[at] },
    );
  }
  return weights;
}
