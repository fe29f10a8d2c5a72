import type { Tensor } from '../model/model.js';
import type { Random } from '../random.js';

/** When values are written: before which step of an epoch, and with which numbers where chance decides. */
interface Turn {
  readonly step: number;
  readonly random: Random;
  /** Whether weights of a format are floats as yet. */
  readonly areFloats?: boolean;
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
  /** What is written in the end, where that is not what the model sees. */
  readonly written?: Float32Array | undefined;
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
