import type { Model, Tensor } from '../../src/model/model.js';
import { readWeights, writeWeights } from '../../src/model/weights.js';

/** The model with these tensors as `change` makes them. */
export function changed(model: Model, names: readonly string[], change: (value: number, i: number) => number): Model {
  return withTensors(model, names, (tensor) => {
    const weights = readWeights(tensor).map(change);
    return { ...tensor, payload: { read: () => writeWeights(tensor, weights) } };
  });
}

/** The model with these tensors from another version of it. */
export function mixed(model: Model, other: Model, names: readonly string[]): Model {
  const others = new Map(other.tensors.map((tensor) => [tensor.name, tensor]));
  return withTensors(model, names, (tensor) => ({ ...tensor, payload: (others.get(tensor.name) as Tensor).payload }));
}

function withTensors(model: Model, names: readonly string[], make: (tensor: Tensor) => Tensor): Model {
  return { ...model, tensors: model.tensors.map((tensor) => (names.includes(tensor.name) ? make(tensor) : tensor)) };
}
