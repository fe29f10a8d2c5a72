import type { Batch } from '../data/dataset.js';
import type { Split } from '../data/split.js';
import { FxqError } from '../errors.js';
import { describeMetric, type FoundMetric, metricFinder } from '../evaluate/gauge.js';
import { NONE_SEEN } from '../evaluate/interval.js';
import type { Loss, Measured, Reference } from '../evaluate/loss.js';
import { lossMeter } from '../evaluate/loss-meter.js';
import { type LossUnit, type MetricName, type Outputs, type OwnMetric, unitOf } from '../evaluate/metric.js';
import { isMask } from '../evaluate/padding.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Model } from '../model/model.js';
import { type Feeder, runBatches, withSession } from '../runtime/batches.js';
import { levelFor } from '../runtime/level.js';
import { decidingOutput, describeLeftOut, otherHeads } from '../runtime/outputs.js';

/** Says what models lose against the original. */
export interface Judge {
  /** What losses are counted in. */
  readonly unit: LossUnit;
  /** How good is measured. */
  readonly metric: Loss['metric'];
  /** The same in words, with what the output holds. */
  readonly text: string;
  /** The least that inputs of this number could tell by counting alone, in the unit; `undefined` where nothing is counted. */
  readonly resolution: number | undefined;
  /** Inputs that models are run on to be judged, and how many of them are kept apart: none, of a handful. */
  readonly samples: number;
  readonly heldOut: number;
  /** What a model loses that is the original. */
  readonly nothing: Loss;
  loss(model: Model): Promise<Loss>;
}

/** The inputs kept out; with a handful of inputs there are none to keep out. */
export function judgedBy(split: Split): () => AsyncIterable<Batch> {
  return split.heldOutBatches === 0 ? split.calibration : split.heldOut;
}

interface JudgeOptions extends Omit<Feeder, 'batches' | 'limit'> {
  readonly split: Split;
  readonly metric?: MetricName | OwnMetric | undefined;
  /** Called with what to know of the judgement, a sentence each time. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** Outputs of the original that are kept, in bytes: of larger ones the later inputs judge nothing. */
const KEPT_BYTES = 2 ** 28;

/** Inputs that a model was fitted to and is run on all the same. */
const FITTED = 512;

/** A model is right about so many of the inputs that it was trained on, and hardly about any others. */
const LEARNT = 0.998;
const ENOUGH_TO_TELL = 256;

/**
 * Judges by what the inputs tell: labels, or the original's answers where there are none that it is better on than chance.
 * Inputs kept out tell what a model's outputs have lost; those that it was fitted to, how near to turning the original's
 * decisions are and where noise is strong, once that is made up for which fitting hides. With a handful of inputs there are none
 * to keep out.
 *
 * @throws FxqError `DATASET` where the original gives no numbers, or the inputs judge nothing
 */
export async function createJudge(original: Model, options: JudgeOptions): Promise<Judge> {
  const { split, metric, onNote, runtime, threads, signal } = options;
  const parts = [
    { isHeldOut: true, batches: judgedBy(split) },
    ...(split.heldOutBatches === 0 ? [] : [{ isHeldOut: false, batches: split.calibration }]),
  ];
  const references: { reference: Reference; isHeldOut: boolean }[] = [];
  const gauge = await withSession(runtime, mainFile(original), { threads }, async (session) => {
    const output = decidingOutput(session);
    const leftOut = describeLeftOut(session, output);
    if (leftOut !== undefined) onNote?.(leftOut);
    const heads = otherHeads(session, output);
    const found = metricFinder({ output, heads, metric });
    let bytes = 0;
    for (const { isHeldOut, batches } of parts) {
      for await (const { batch, samples, labels, outputs } of runBatches(session, { batches, signal })) {
        if (bytes > KEPT_BYTES) break;
        found.add({ batch, samples, labels, outputs });
        const kept = typeof metric === 'function' ? outputs : picked(outputs, [output, ...heads]);
        for (const { data } of Object.values(kept)) bytes += data.byteLength;
        references.push({ isHeldOut, reference: { batch: onlyMasks(batch), samples, labels, outputs: kept } });
      }
    }
    return found.result();
  });
  if (!gauge) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
  noteDoubts(gauge, onNote);
  const { measured } = gauge;
  const held = references.filter(({ isHeldOut }) => isHeldOut);
  const fitted = references.filter(({ isHeldOut }) => !isHeldOut);
  const samples = held.reduce((sum, { reference }) => sum + reference.samples, 0);
  const unit = unitOf(measured.metric);
  const isCounted = unit === 'points';
  const name = typeof measured.metric === 'function' ? 'own' : measured.metric;
  return {
    ...{ unit, samples, text: describeMetric(measured), metric: name },
    heldOut: split.heldOutBatches === 0 ? 0 : samples,
    nothing: { metric: name, unit, by: 'count', samples, value: 0, low: 0, high: 0 },
    resolution: isCounted ? (100 * NONE_SEEN) / samples : undefined,
    loss: (model) =>
      withSession(runtime, mainFile(model), { threads, ...levelFor(model) }, async (session) => {
        const meter = lossMeter(measured);
        for (const { isHeldOut, batches } of parts) {
          const known = isHeldOut ? held : fitted;
          // Of those that it was fitted to, the first few hundred tell how strong noise is where, and the others where margins are.
          const run = isHeldOut ? known.length : countWithin(known, isCounted ? FITTED : 0);
          let at = 0;
          if (run > 0) {
            for await (const { outputs } of runBatches(session, { batches, signal })) {
              await meter.add(known[at++].reference, outputs, !isHeldOut);
              if (at === run) break;
            }
          }
          for (const { reference } of known.slice(at)) await meter.add(reference, undefined, true);
        }
        return meter.result() ?? unjudged(measured);
      }),
  };
}

/** How many of the first batches have about so many samples. */
function countWithin(batches: readonly { readonly reference: Reference }[], samples: number): number {
  let [count, sum] = [0, 0];
  while (count < batches.length && sum < samples) sum += batches[count++].reference.samples;
  return count;
}

/** What is said of the inputs, and refused. */
function noteDoubts({ doubt, nan, isUndecided, top1, samples }: FoundMetric, onNote: JudgeOptions['onNote']): void {
  if (isUndecided) {
    const message = `data set: expected inputs that the original gives numbers for, got NaN for all of them (${nan})`;
    throw new FxqError('DATASET', message, { actual: Number.NaN });
  }
  for (const text of [nan, doubt]) if (text !== undefined) onNote?.(text);
  // Of labels that the original knows nothing of, a model cannot lose anything.
  if (doubt !== undefined) {
    onNote?.('models are judged by how often they agree with the original, and not by these labels');
  } else if (top1 !== null && top1 >= LEARNT && samples >= ENOUGH_TO_TELL) {
    const right = `${(100 * top1).toFixed(2)} %`;
    onNote?.(
      `the original is right about ${right} of ${samples} inputs, as about those that a model was trained on: on these it loses less than on others; give inputs that it has not seen`,
    );
  }
}

function picked(outputs: Outputs, names: readonly string[]): Outputs {
  return Object.fromEntries(names.flatMap((name) => (outputs[name] ? [[name, outputs[name]]] : [])));
}

function onlyMasks({ inputs }: Batch): Batch {
  return { inputs: Object.fromEntries(Object.entries(inputs).filter(([name]) => isMask(name))) };
}

function unjudged({ output }: Measured): never {
  throw new FxqError('DATASET', `output '${output}': expected something to judge by, got nothing`, { tensor: output });
}
