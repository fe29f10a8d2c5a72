import type { Batch } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Model } from '../model/model.js';
import { runBatches, withSession } from '../runtime/batches.js';
import { levelFor } from '../runtime/level.js';
import { decidingOutput } from '../runtime/outputs.js';
import type { Runtime } from '../runtime/runtime.js';
import type { Session } from '../runtime/session.js';
import { fidelityMeter, type Looked, type Seen } from '../sensitivity/meters.js';

/**
 * Divides the logits before the divergence is taken. Where a net is sure of nearly every input, as on images that it was
 * trained on, a handful of doubtful ones would make up nearly all of the divergence otherwise, and the search would fit these.
 */
const TEMPERATURE = 4;

/** A part of the inputs that is this far beyond a limit will not come back with the others. */
const CLEAR = 1.5;

/** Runs a model as it has been changed and holds it against the original. */
export interface Network {
  /**
   * How far the outputs are off the original's, on the inputs measured on.
   *
   * @param limit - of no interest above this: once it is clear, the rest of the inputs is left out
   */
  divergence(changed: Model, limit?: number): Promise<number>;
}

export interface NetworkOptions {
  readonly runtime: Runtime;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a model for measuring. Every setting gets a session of its own: to open one takes a fraction of a run, and ONNX
 * Runtime is several times faster where weights are constants.
 *
 * @param batches - held in memory, as are the original's outputs for them
 */
export async function openNetwork(
  model: Model,
  batches: readonly Batch[],
  { runtime, threads, signal }: NetworkOptions,
): Promise<Network> {
  const name = model.files[0].name;
  const through = <T>(changed: Model, work: (session: Session) => Promise<T>): Promise<T> => {
    throwIfAborted(signal);
    return withSession(runtime, mainFile(changed), { threads, name, ...levelFor(changed) }, work);
  };
  const seen: Seen[] = [];
  const judged = await through(model, async (session): Promise<Looked> => {
    for await (const run of runBatches(session, { batches: () => batches, signal })) seen.push(run);
    return { output: decidingOutput(session), temperature: TEMPERATURE };
  });
  if (seen.length === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
  return {
    divergence: (changed, limit = Number.POSITIVE_INFINITY) =>
      through(changed, async (session) => {
        const meter = fidelityMeter(judged);
        let i = 0;
        for await (const { outputs } of runBatches(session, {
          batches: () => seen.map(({ batch }) => batch),
          signal,
        })) {
          await meter.add(outputs, seen[i++]);
          if (meter.result().divergence > CLEAR * limit) break;
        }
        return meter.result().divergence;
      }),
  };
}
