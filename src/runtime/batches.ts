import type { Batch } from '../data/dataset.js';
import { throwIfAborted } from '../errors.js';
import type { Runtime } from './runtime.js';
import { type OutputArray, openSession, type Run, type Session, type SessionOptions } from './session.js';

/** Batches that sessions are run on, and how many of their samples. */
export interface Batches {
  /** Goes through the same inputs, in the same order, each time it is called. */
  batches(): Iterable<Batch> | AsyncIterable<Batch>;
  /** At most so many samples. Default: all. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Inputs, and what runs models on them. */
export interface Feeder extends Batches {
  batches(): AsyncIterable<Batch>;
  readonly runtime: Runtime;
  readonly threads?: number | undefined;
}

/** What a batch goes through: a session, or something around one. */
export interface Runner<Outputs> {
  run(batch: Batch, limit?: number): Promise<{ readonly samples: number; readonly outputs: Outputs }>;
}

/** A batch with what came of it. */
export interface BatchRun<Outputs> {
  readonly batch: Batch;
  /** How many of the batch's samples were run: fewer than it has where the limit ends in it. */
  readonly samples: number;
  /** Of these samples, where the batch has labels. */
  readonly labels: ArrayLike<number> | undefined;
  readonly outputs: Outputs;
}

/** Opens a model for the time of some work. */
export async function withSession<T>(
  runtime: Runtime,
  model: Uint8Array | string,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(runtime, model, options);
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}

/**
 * Runs batch after batch, each as a whole. A batch is read once the one before it has been dealt with, so that one is in
 * memory at a time; those without samples are passed over.
 *
 * @throws FxqError `ABORTED`, and what the session throws
 * @example
 * for await (const { outputs, labels } of runBatches(session, { batches: () => dataset({ limit }), limit })) { … }
 */
export async function* runBatches<Outputs>(
  runner: Runner<Outputs>,
  { batches, limit, signal }: Batches,
): AsyncGenerator<BatchRun<Outputs>> {
  let done = 0;
  for await (const batch of batches()) {
    throwIfAborted(signal);
    // A data set may not keep a limit, or not exactly.
    const { samples, outputs } = await runner.run(batch, limit === undefined ? undefined : limit - done);
    const labels = batch.labels && Array.prototype.slice.call(batch.labels, 0, samples);
    if (samples > 0) yield { batch, samples, labels, outputs };
    done += samples;
    if (limit !== undefined && done >= limit) break;
  }
  throwIfAborted(signal);
}

/**
 * Runs batch after batch in the pieces that the model takes, and gives each piece as it was fed. A batch is run to its
 * end: behind the one in which the limit is reached comes no other.
 */
export async function* runPieces(session: Session, { batches, limit, signal }: Batches): AsyncGenerator<Run> {
  let done = 0;
  for await (const batch of batches()) {
    for await (const run of session.runs(batch)) {
      throwIfAborted(signal);
      yield run;
      done += run.samples;
    }
    throwIfAborted(signal);
    if (limit !== undefined && done >= limit) break;
  }
}

/** Runs a generated model on every batch and hands over its outputs run by run. */
export async function runGraph(
  bytes: Uint8Array,
  feeder: Feeder,
  visit: (outputs: Readonly<Record<string, OutputArray>>, samples: number) => void,
): Promise<void> {
  // Without an arena memory is free again when the last node that reads a value is done, not when the session is.
  const options = { threads: feeder.threads, name: 'calibration graph', session: { enableCpuMemArena: false } };
  await withSession(feeder.runtime, bytes, options, async (session) => {
    for await (const { outputs, samples } of runPieces(session, feeder)) visit(outputs, samples);
  });
}
