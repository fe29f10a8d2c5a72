import type { Tensor } from '../model/model.js';
import { finiteWeights } from '../model/patch.js';
import { ALIVE, type Parameter, PRUNED } from './parameter.js';
import { isUsable, openShared, sharedValues } from './shared.js';

/**
 * A tensor as training finds it: what is zero, what is shared, what float16 can hold.
 *
 * @param isReassigned - whether weights that share values may come to share others of these
 */
export function openParameter(name: string, tensor: Tensor, isReassigned = false): Parameter {
  const values = finiteWeights(tensor);
  // Biases all zero, or scales all one, are not shared: they have never been trained.
  const isFresh = tensor.role !== 'weight' && values.every((value) => value === values[0]);
  const alive = Uint8Array.from(values, (value) => (isFresh || value !== 0 ? ALIVE : PRUNED));
  const codebook = isFresh ? undefined : sharedValues(values);
  if (codebook) return openShared({ name, tensor, values, alive }, codebook, isReassigned);
  return single(name, tensor, values, alive);
}

/** A tensor that holds the same as another, and goes on doing so. */
export function openTwin(name: string, tensor: Tensor, twinOf: Parameter): Parameter {
  const { values, alive, isShared, payloadOf } = twinOf;
  const nothing = () => {};
  return {
    name,
    tensor,
    values,
    free: new Float32Array(),
    alive,
    twinOf,
    isShared,
    payloadOf,
    collect: nothing,
    publish: nothing,
  };
}

function single(name: string, tensor: Tensor, values: Float32Array, alive: Uint8Array): Parameter {
  const free = values.slice();
  return {
    ...{ name, tensor, values, free, alive, isShared: false },
    collect(gradient, into) {
      for (let i = 0; i < into.length; i++) into[i] = alive[i] * gradient[i];
    },
    publish() {
      for (let i = 0; i < values.length; i++) {
        // A weight that lands on zero by chance is not pruned: it waits a step.
        if (alive[i] !== ALIVE) values[i] = 0;
        else if (isUsable(free[i])) values[i] = free[i];
      }
    },
  };
}
