import type { Batch } from '../data/dataset.js';
import { throwIfAborted } from '../errors.js';
import type { Runtime } from './runtime.js';
import { type OutputArray, openSession } from './session.js';

/** Inputs, and what runs models on them. */
export interface Feeder {
  readonly runtime: Runtime;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Goes through the same inputs, in the same order, each time it is called. */
  batches(): AsyncIterable<Batch>;
}

/** Runs a generated model on every batch and hands over its outputs run by run. */
export async function runGraph(
  bytes: Uint8Array,
  { runtime, threads, signal, batches }: Feeder,
  visit: (outputs: Readonly<Record<string, OutputArray>>, samples: number, batch: Batch) => void | Promise<void>,
): Promise<void> {
  // Without an arena memory is free again when the last node that reads a value is done, not when the session is.
  const session = await openSession(runtime, bytes, {
    ...{ threads, name: 'calibration graph' },
    session: { enableCpuMemArena: false },
  });
  try {
    for await (const batch of batches()) {
      for await (const { samples, outputs } of session.runs(batch)) {
        throwIfAborted(signal);
        await visit(outputs, samples, batch);
      }
    }
  } finally {
    await session.release();
  }
}
