import { isFloat } from '../data/cast.js';
import { type Batch, checkPositive, type Dataset } from '../data/dataset.js';
import { findNaN } from '../data/look.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { runBatches } from '../runtime/batches.js';
import { decidingOutput, describeLeftOut } from '../runtime/outputs.js';
import { loadRuntime, type Runtime } from '../runtime/runtime.js';
import { type OutputArray, openSession, type Session } from '../runtime/session.js';
import { accuracyMeter, agreementMeter, differenceMeter } from './metrics.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions {
  /** The ONNX file's bytes, or its path. */
  readonly model: Uint8Array | string;
  /** The model to compare with, usually the one before compression. */
  readonly reference?: Uint8Array | string | undefined;
  readonly dataset: Dataset;
  /** At most so many samples. Default: all. */
  readonly limit?: number | undefined;
  /** Samples in a batch. Default: the data set's. A model with a fixed batch size gets its own in any case. */
  readonly batchSize?: number | undefined;
  /** The output that decides on classes. Default: the first that is a tensor of numbers. */
  readonly output?: string | undefined;
  /** Threads that work on one operator. Default: ONNX Runtime's own choice. */
  readonly threads?: number | undefined;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch with the number of samples done. */
  readonly onProgress?: ((samples: number) => void) | undefined;
}

/** What {@link evaluate} finds; `null` is "does not apply here". */
export interface Evaluation {
  readonly samples: number;
  /** The output that decides. */
  readonly output: string;
  /** Share of samples, 0 to 1, whose label has the largest score. `null` without labels. */
  readonly top1: number | null;
  /** The same for the five largest scores. `null` with five classes or fewer. */
  readonly top5: number | null;
  /** Share of rows, 0 to 1, in which model and reference decide alike. `null` without reference. */
  readonly agreement: number | null;
  /** Largest and mean difference to the reference over all elements of all float outputs. */
  readonly maxAbsDiff: number | null;
  readonly meanAbsDiff: number | null;
  /** How often an output's shape was not the reference's, as with detectors; those are not in the differences. */
  readonly shapeMismatches: number | null;
  /** What speaks against the labels, in words: that the model is no better than chance; `null` where nothing does. */
  readonly doubt: string | null;
  /** Whether the output that decides is NaN in every batch: nothing can be judged by it. */
  readonly isUndecided: boolean;
  /** What to know of the figures: outputs that are not looked at, what speaks against the data. */
  readonly warnings: readonly string[];
}

/**
 * Runs a model over a data set in ONNX Runtime, beside a reference if there is one, and measures how good and how alike
 * they are. Both see the same batch before the next is read, so memory is bounded by one batch.
 *
 * @throws FxqError `DATASET` when data and model do not fit, `RUNTIME` when ONNX Runtime fails, `MISSING_PACKAGE`, `ABORTED`
 * @example
 * const dataset = npzDataset(await readFile('cifar10-test.npz'));
 * const { top1, agreement } = await evaluate({ model: 'small.onnx', reference: 'original.onnx', dataset });
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { model, reference, dataset, limit, batchSize, threads, signal, onProgress } = options;
  checkPositive('limit', limit);
  checkPositive('batchSize', batchSize);
  checkPositive('threads', threads);
  throwIfAborted(signal);
  const runtime = options.runtime ?? (await loadRuntime());
  const sessions: Session[] = [];
  try {
    sessions.push(await openSession(runtime, model, { threads }));
    if (reference !== undefined) {
      sessions.push(await openSession(runtime, reference, { threads, name: nameOf(reference, 'reference') }));
    }
    const output = decidingOutput(sessions[0], options.output);
    for (const each of sessions) decidingOutput(each, output);
    const meters = createMeters(output);
    const numbers = nanMeter(output);
    let samples = 0;
    const [session, other] = sessions;
    for await (const run of runBatches(session, { batches: () => dataset({ limit, batchSize }), limit, signal })) {
      const { batch, labels, outputs } = run;
      if (labels) meters.classify(outputs, labels);
      if (other) meters.compare(outputs, (await other.run(batch, run.samples)).outputs, run.samples);
      numbers.add(outputs[output], batch, samples);
      samples += run.samples;
      onProgress?.(samples);
    }
    if (samples === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
    const doubt = meters.doubt() ?? null;
    const warnings = [describeLeftOut(session, output), doubt, numbers.doubt()].filter((warning) => warning != null);
    return { samples, output, ...meters.result(sessions.length > 1), doubt, isUndecided: numbers.isAll(), warnings };
  } finally {
    await Promise.all(sessions.map((session) => session.release()));
  }
}

/** Watches for batches in which the output that decides is no number, and whether the data is the cause. */
function nanMeter(output: string) {
  let batches = 0;
  let empty = 0;
  let first: string | undefined;
  return {
    add(array: OutputArray | undefined, batch: Batch, before: number): void {
      batches++;
      const at = array?.data.findIndex(Number.isNaN) ?? -1;
      if (!array || at < 0) return;
      if (array.data.every(Number.isNaN)) empty++;
      const cause = findNaN(batch, before);
      first ??= `output '${output}' holds NaN, first among the samples from ${before} on${cause === undefined ? '' : `; the data has ${cause}`}`;
    },
    isAll: () => empty > 0 && empty === batches,
    doubt: () => first,
  };
}

type Outputs = Readonly<Record<string, OutputArray>>;

function createMeters(output: string) {
  const accuracy = accuracyMeter();
  const agreement = agreementMeter();
  const difference = differenceMeter();
  let shapeMismatches = 0;
  return {
    classify(outputs: Outputs, labels: ArrayLike<number>): void {
      if (outputs[output]) accuracy.add(outputs[output], labels);
    },
    compare(outputs: Outputs, references: Outputs, samples: number): void {
      if (outputs[output] && references[output]) agreement.add(outputs[output], references[output], samples);
      for (const [name, array] of Object.entries(outputs)) {
        if (!isFloat(array.type) || !references[name]) continue;
        if (!difference.add(array, references[name])) shapeMismatches++;
      }
    },
    doubt: accuracy.doubt,
    result: (compared: boolean) => ({
      ...accuracy.result(),
      agreement: agreement.result(),
      ...difference.result(),
      shapeMismatches: compared ? shapeMismatches : null,
    }),
  };
}

function nameOf(model: Uint8Array | string, name: string): string {
  return typeof model === 'string' ? model : name;
}
