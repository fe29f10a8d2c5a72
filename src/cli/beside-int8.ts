import { CODING, type CodingOptions } from '../container/write/coding.js';
import type { Model } from '../model/model.js';
import { type TensorPool, threadedCoder } from '../pipeline/threads.js';
import { StoppedEarly } from './errors.js';
import { optionsFrom } from './flags.js';
import { tensorBytes } from './input.js';
import { interruptible } from './interrupt.js';
import type { ThreadFlags } from './options.js';
import type { SyntheticStage } from './synthetic.js';
import { withTensorPool } from './threads.js';

/** Holds a container against int8 weights, and says where these would take less; gives what is to be said where that is stopped. */
export function compareWithInt8(
  synthetic: SyntheticStage,
  model: Model,
  bytes: number,
  { threads, ...coding }: ThreadFlags & CodingOptions,
): Promise<StoppedEarly | undefined> {
  return interruptible(async (signal) => {
    const work = (pool: TensorPool) =>
      synthetic.compareWithInt8(model, bytes, { signal, coder: threadedCoder(pool, optionsFrom(CODING, coding)) });
    try {
      await withTensorPool({ threads, bytes: tensorBytes(model), signal }, work);
      return undefined;
    } catch (error) {
      if (!signal.aborted) throw error;
      return new StoppedEarly(String(signal.reason), 'the container is whole, and was not held against int8');
    }
  });
}
