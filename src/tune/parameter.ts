import { fromHalf, toHalf } from '../binary/half.js';
import { MAX_CODEBOOK } from '../container/constants.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { finiteWeights } from '../model/patch.js';
import type { Random } from '../random.js';

/** When values are written: before which step of an epoch, and with which numbers where chance decides. */
interface Turn {
  readonly step: number;
  readonly random: Random;
}

/**
 * A stored tensor in training. The model sees `values`; what training moves are the `free` numbers behind them: one for
 * each weight, be it rounded or not, or one for all weights that share a value. Zeros stay zero.
 */
export interface Parameter {
  /** The value's name in the graph. */
  readonly name: string;
  readonly tensor: Tensor;
  readonly values: Float32Array;
  readonly free: Float32Array;
  /** The parameter of the same bytes that this one goes along with; it has no free numbers of its own then. */
  readonly twinOf?: Parameter | undefined;
  /** Whether several weights share a free number. */
  readonly isShared: boolean;
  /** Whether free numbers stay between −1 and 1. */
  readonly isBounded?: boolean | undefined;
  /** Numbers of a format that are learned, apart from the free ones. */
  readonly scales?: Float32Array | undefined;
  /** Which weights are pruned, and stay zero, or fixed at what they are: {@link PRUNED}, {@link ALIVE} or {@link FIXED}. */
  readonly alive: Uint8Array;
  /** The gradient of the free numbers. Shared ones get the mean of their members' gradients: their sum, over a length that
   * leaves a step as long as the members' own would be. */
  collect(gradient: Float32Array, into: Float32Array, intoScales?: Float32Array): void;
  /** Writes the values that the free numbers now mean; without a turn, for good. */
  publish(turn?: Turn): void;
  /** Fixes weights at values of the format until this share of them is; absent: all are values of it at all times. */
  fix?: ((share: number) => void) | undefined;
  /** The tensor's payload for values, where it is no floats. */
  payloadOf?: ((values: Float32Array) => Uint8Array) | undefined;
}

export const PRUNED = 0;
export const ALIVE = 1;
export const FIXED = 2;

/** A tensor as training finds it: what is zero, what is shared, what float16 can hold. */
export function openParameter(name: string, tensor: Tensor): Parameter {
  const values = finiteWeights(tensor);
  // Biases all zero, or scales all one, are not shared: they have never been trained.
  const isFresh = tensor.role !== 'weight' && values.every((value) => value === values[0]);
  const alive = Uint8Array.from(values, (value) => (isFresh || value !== 0 ? ALIVE : PRUNED));
  const codebook = isFresh ? undefined : sharedValues(values);
  return codebook ? shared(name, tensor, values, alive, codebook) : single(name, tensor, values, alive);
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

/** Share of a tensor's weights that may differ where some are equal on purpose. */
const MOST_DISTINCT = 0.9;

/**
 * The values besides zero that weights share, ascending; none where they are too many for a codebook, or where no more
 * of them are equal than by chance. Values that float16 holds have been rounded, so there it is no chance.
 */
function sharedValues(values: Float32Array): Float32Array | undefined {
  const distinct = new Set<number>();
  let count = 0;
  for (const value of values) {
    if (value === 0) continue;
    count++;
    distinct.add(value);
    if (distinct.size >= MAX_CODEBOOK) return undefined;
  }
  if (distinct.size === count) return undefined;
  const codebook = Float32Array.from(distinct).sort();
  return distinct.size <= MOST_DISTINCT * count || codebook.every(isHalf) ? codebook : undefined;
}

function isHalf(value: number): boolean {
  return fromHalf(toHalf(value)) === value;
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

function shared(
  name: string,
  tensor: Tensor,
  values: Float32Array,
  alive: Uint8Array,
  codebook: Float32Array,
): Parameter {
  const free = codebook.slice();
  const places = new Map(Array.from(codebook, (value, i) => [value, i]));
  const members = Uint16Array.from(values, (value) => (value === 0 ? codebook.length : present(places.get(value))));
  const share = new Float32Array(codebook.length + 1);
  for (const member of members) share[member]++;
  for (let k = 0; k < share.length; k++) share[k] = 1 / share[k];
  const areHalves = codebook.every(isHalf);
  const sums = new Float64Array(codebook.length + 1);
  // The last value is that of the pruned weights.
  const next = new Float32Array(codebook.length + 1);
  return {
    ...{ name, tensor, values, free, alive, isShared: true },
    collect(gradient, into) {
      sums.fill(0);
      for (let i = 0; i < members.length; i++) sums[members[i]] += gradient[i];
      for (let k = 0; k < into.length; k++) into[k] = sums[k] * share[k];
    },
    publish() {
      for (let k = 0; k < free.length; k++) {
        next[k] = areHalves ? fromHalf(toHalf(free[k])) : free[k];
      }
      for (let i = 0; i < members.length; i++) if (isUsable(next[members[i]])) values[i] = next[members[i]];
    },
  };
}

/** Whether a number may be a weight's value; else the weight keeps the one before. */
function isUsable(value: number): boolean {
  return value !== 0 && Number.isFinite(value);
}
