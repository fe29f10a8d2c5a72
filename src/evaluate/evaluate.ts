import { isFloat } from '../data/cast.js';
import { checkPositive, type Dataset } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { runBatches } from '../runtime/batches.js';
import { EXTENDED, isSimulated, levelFor } from '../runtime/level.js';
import { decidingOutput, describeLeftOut, otherHeads } from '../runtime/outputs.js';
import { loadRuntime, type Runtime } from '../runtime/runtime.js';
import { openSession, type Session } from '../runtime/session.js';
import { agreementMeter, type Decided, decidedIn } from './agreement.js';
import { scoresBy } from './error-loss.js';
import { type Interval, meanInterval } from './interval.js';
import type { Loss } from './loss.js';
import type { MetricName, Outputs, OwnMetric } from './metric.js';
import { accuracyMeter, differenceMeter } from './metrics.js';
import { numberMeter } from './numbers.js';
import { type OutputLoss, outputMeters } from './outputs.js';

/** What is told of a model that rounds values as it runs. */
const SIMULATED =
  "run at ONNX Runtime's level extended: the model rounds values as it runs, and at other levels sums are in another order, so that some are rounded otherwise";

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
  /**
   * How what is lost against the reference is measured: by a name, or by a function of your own, which without a reference is
   * given the model's own outputs in its place. Default: as labels and outputs suggest.
   */
  readonly metric?: MetricName | OwnMetric | undefined;
  /**
   * Whether sums keep their order (ONNX Runtime's level `extended`), so that what the model rounds as it runs is rounded alike everywhere.
   * Default: for a model given as bytes whose record says that it rounds values.
   */
  readonly keepsOrder?: boolean | undefined;
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
  /** Share of rows, 0 to 1, in which model and reference decide alike, padding left out. `null` without reference. */
  readonly agreement: number | null;
  /** Largest and mean difference to the reference over all elements of all float outputs. */
  readonly maxAbsDiff: number | null;
  readonly meanAbsDiff: number | null;
  /** What has been lost against the reference, with the interval that it is in on all such samples. `null` without reference. */
  readonly loss: Loss | null;
  /** Mean of a metric of your own, with the interval that it is in on all such samples. `null` without one. */
  readonly score: Interval | null;
  /** What the output that decides holds, in words, as it is judged by. `null` without reference. */
  readonly kind: string | null;
  /** The same of each output that is judged, the one that decides first. Without reference there are none. */
  readonly outputs: readonly OutputLoss[];
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
    const { keepsOrder = isSimulated(model) } = options;
    sessions.push(await openSession(runtime, model, { threads, ...(keepsOrder && EXTENDED) }));
    if (reference !== undefined) {
      sessions.push(
        await openSession(runtime, reference, {
          threads,
          name: nameOf(reference, 'reference'),
          ...levelFor(reference),
        }),
      );
    }
    const output = decidingOutput(sessions[0], options.output);
    for (const each of sessions) decidingOutput(each, output);
    const meters = createMeters(output);
    const numbers = numberMeter(output);
    const heads = otherHeads(sessions[0], output, options.output);
    const { metric } = options;
    const gauge = outputMeters({ output, heads, metric });
    const scores: number[] = [];
    let samples = 0;
    const [session, other] = sessions;
    for await (const run of runBatches(session, { batches: () => dataset({ limit, batchSize }), limit, signal })) {
      const { batch, labels, outputs } = run;
      if (labels) meters.classify(outputs, labels);
      const references = other ? (await other.run(batch, run.samples)).outputs : outputs;
      if (typeof metric === 'function') {
        for (const score of await scoresBy(metric, outputs, { ...run, outputs: references })) scores.push(score);
      }
      if (other) {
        await gauge.add({ ...run, outputs: references }, outputs);
        const kind = gauge.kind();
        const reference = references[output];
        const decided = kind && reference ? decidedIn(kind, reference, batch, run.samples) : {};
        meters.compare(outputs, references, run.samples, decided);
      }
      numbers.add(outputs[output], batch, samples);
      samples += run.samples;
      onProgress?.(samples);
    }
    if (samples === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
    const doubt = meters.doubt() ?? null;
    const { gauged, loss, outputs } = gauge.result();
    const decides = gauged?.measured.kind.metric === 'agreement' || gauged?.measured.metric === 'agreement';
    const level = keepsOrder ? SIMULATED : null;
    const warnings = [describeLeftOut(session, output), level, doubt, numbers.doubt()].filter((each) => each != null);
    return {
      ...{ samples, output, ...meters.result(sessions.length > 1, decides) },
      loss: loss ?? null,
      score: scores.length > 0 ? meanInterval(scores) : null,
      ...{ kind: gauged?.measured.kind.text ?? null, outputs },
      ...{ doubt, isUndecided: numbers.isAll(), warnings },
    };
  } finally {
    await Promise.all(sessions.map((session) => session.release()));
  }
}

function createMeters(output: string) {
  const accuracy = accuracyMeter();
  const agreement = agreementMeter();
  const difference = differenceMeter();
  let shapeMismatches = 0;
  return {
    classify(outputs: Outputs, labels: ArrayLike<number>): void {
      if (outputs[output]) accuracy.add(outputs[output], labels);
    },
    compare(outputs: Outputs, references: Outputs, samples: number, decided: Decided): void {
      if (outputs[output] && references[output]) agreement.add(outputs[output], references[output], samples, decided);
      for (const [name, array] of Object.entries(outputs)) {
        if (!isFloat(array.type) || !references[name]) continue;
        if (!difference.add(array, references[name])) shapeMismatches++;
      }
    },
    doubt: accuracy.doubt,
    result: (compared: boolean, decides: boolean) => ({
      ...accuracy.result(),
      agreement: decides ? agreement.result() : null,
      ...difference.result(),
      shapeMismatches: compared ? shapeMismatches : null,
    }),
  };
}

function nameOf(model: Uint8Array | string, name: string): string {
  return typeof model === 'string' ? model : name;
}
