import type { CalibrationOptions } from '../calibrate/options.js';
import { SYNTHETIC_RECIPE, startCalibration } from '../calibrate/start.js';
import { type InputKind, kindOf } from '../data/synthetic/kinds.js';
import { syntheticDataset } from '../data/synthetic/synthetic.js';
import { answerNoiseMeter } from '../evaluate/answer-noise.js';
import { mainFile } from '../graph/decoded-graph.js';
import type { Skipped } from '../graph/layers.js';
import { isProbability } from '../graph/probabilities.js';
import type { Model, Tensor } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { readInterface } from '../onnx/interface.js';
import { checkOptions } from '../options/check.js';
import { number } from '../options/option.js';
import { type FixedBasis, fixedBasisOf } from '../quantize/fixed-basis.js';
import { sharedValuesOf } from '../quantize/shared-values.js';
import { type Feeder, runBatches, withSession } from '../runtime/batches.js';
import { loadRuntime } from '../runtime/runtime.js';
import type { OutputArray } from '../runtime/session.js';

/** Settings of {@link searchSynthetic}. */
export interface SyntheticSearchOptions
  extends Selection<never>,
    Pick<CalibrationOptions, 'runtime' | 'threads' | 'seed' | 'pool'> {
  /** How clearly answers are to stand out of what compression adds to them, in decibels. Default: by kind, {@link ANSWER_SNR}. */
  readonly snr?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** A model compressed by its answers to inputs that were made for it. */
export interface SyntheticFound {
  readonly model: Model;
  /** What the model's inputs were taken for. */
  readonly kind: Servable;
  /** Inputs calibrated on. */
  readonly samples: number;
  /** Decibels by which answers to other such inputs stand out of what has changed in them. */
  readonly snr: number;
  /** Whether that is as much as was wanted. */
  readonly isReached: boolean;
  readonly lambda: number;
  /** Tensors that keep their values, because nobody learned them or because their weights share few values already. */
  readonly exact: readonly { readonly tensor: Tensor; readonly basis: FixedBasis | 'shared' }[];
  /** Layers that were clustered, since nothing is known of their inputs. */
  readonly skipped: readonly Skipped[];
}

/** Kinds of inputs for which there are synthetic ones that have been shown to serve. */
export type Servable = Extract<InputKind, 'pictures' | 'sound'>;

/**
 * What is aimed at, in decibels, set on models of either kind whose real data was at hand: with pictures, 33 dB were 32 to
 * 36 dB on real ones, where at least 99.3 % of the decisions were as before; models of sound are less sure of what they
 * hear in made voices than in real ones, where 26 dB were about 33.
 */
export const ANSWER_SNR: Readonly<Record<Servable, number>> = { pictures: 33, sound: 26 };

const SNR = number({ text: 'how clearly answers stand out', value: 'decibels', low: 0, high: 100 });

/** Inputs to calibrate on, and others to judge by. */
const SAMPLES = 64;
const JUDGED = 32;
/** λ of the first try, and how far answers move with it. */
const FIRST_LAMBDA = 5e-10;
const DECIBELS_A_DECADE = 9;
const SMALLEST_LAMBDA = 1e-14;
const LARGEST_LAMBDA = 1e-3;
const TRIES = 6;
/** At most so many decades at a time: far from the first try the slope is another. */
const STRIDE = 1.5;
/** Decibels beyond what is wanted that are near enough. */
const NEAR = 0.7;
/** Models of more weights take minutes. */
const MOST_WEIGHTS = 8e6;

/**
 * Compresses a model without data: calibrates it on inputs made for it (`syntheticDataset`), at the price of a bit at which its
 * answers to other such inputs are as clear as wanted. The same on one kind of machine and version of ONNX Runtime; others
 * may round sums otherwise.
 *
 * @returns the model, or in words why this way is closed to it: then `cluster` is what is left
 * @throws RangeError for an `snr` out of its range; FxqError `MISSING_PACKAGE` without ONNX Runtime, `RUNTIME`, `ABORTED`
 * @example
 * const found = await searchSynthetic(openOnnx(bytes));
 * const container = await encode(typeof found === 'string' ? openOnnx(bytes) : found.model);
 */
export async function searchSynthetic(
  model: Model,
  options: SyntheticSearchOptions = {},
): Promise<SyntheticFound | string> {
  const { threads, seed = 0, pool, include, exclude, signal, onProgress } = options;
  checkOptions('synthetic', { snr: SNR }, { snr: options.snr });
  const kind = servableOf(model);
  if (typeof kind !== 'string') return kind.reason;
  const wanted = options.snr ?? ANSWER_SNR[kind];
  const runtime = options.runtime ?? (await loadRuntime());
  const ports = readInterface(model).inputs;
  const [dataset, others] = [SAMPLES, JUDGED].map((samples, i) =>
    syntheticDataset(ports, { samples, seed: 2 * seed + i }),
  );
  const judge = await createNoiseJudge(model, { batches: () => others(), runtime, threads, signal });
  if (!judge) return 'its outputs are no numbers to hold answers by';
  const exact = fixedBases(model);
  const calibration = await startCalibration(
    model,
    { dataset, runtime, threads, seed, pool, include, exclude, fast: true, samples: SAMPLES, isMadeUp: true },
    signal,
    SYNTHETIC_RECIPE,
    new Set(exact.map(({ tensor }) => tensor)),
  );
  const { layers, skipped } = calibration.prepared;
  if (layers.length === 0) return 'no layer has inputs that can be looked at';
  let best: { model: Model; snr: number; lambda: number } | undefined;
  let [low, high, lambda] = [SMALLEST_LAMBDA, LARGEST_LAMBDA, FIRST_LAMBDA];
  for (let i = 0; i < TRIES; i++) {
    const tried = await calibration.run(lambda, (share) => onProgress?.((i + share) / TRIES));
    const snr = await judge(tried);
    if (Number.isNaN(snr)) return 'its answers to synthetic inputs are no numbers';
    const isEnough = snr >= wanted;
    const isBetter = !best || (isEnough ? best.snr < wanted || lambda > best.lambda : snr > best.snr);
    if (isBetter) best = { model: tried, snr, lambda };
    if (isEnough && snr <= wanted + NEAR) break;
    if (isEnough) low = lambda;
    else high = lambda;
    const step = (snr - wanted - NEAR / 2) / DECIBELS_A_DECADE;
    const next = lambda * 10 ** Math.max(-STRIDE, Math.min(STRIDE, step));
    lambda = next > low && next < high ? next : Math.sqrt(low * high);
  }
  if (!best) return 'nothing was tried';
  return { ...best, kind, samples: SAMPLES, isReached: best.snr >= wanted, exact, skipped };
}

/** The kind of a model's inputs, where inputs can be made for it. */
function servableOf(model: Model): Servable | { readonly reason: string } {
  const { inputs } = readInterface(model);
  const kinds = new Set(inputs.map(kindOf));
  if (kinds.has('state')) return { reason: 'it keeps a state between inputs, which none are made for' };
  kinds.delete('control');
  const [kind, ...others] = kinds;
  if (others.length > 0 || (kind !== 'pictures' && kind !== 'sound')) {
    return {
      reason: `it takes ${[...kinds].join(' and ') || 'nothing known'}; there are made inputs for pictures and sound`,
    };
  }
  if (model.files.length > 1) return { reason: 'it has external data' };
  const weights = model.tensors.reduce((sum, { role, count }) => sum + (role === 'weight' ? count : 0), 0);
  return weights > MOST_WEIGHTS
    ? { reason: `it has ${(weights / 1e6).toFixed(0)} million weights, which would take minutes` }
    : kind;
}

/** Matrices that nobody learned, and those whose weights share few values already: see `fixedBasisOf` and `sharedValuesOf`. */
function fixedBases({ tensors }: Model): SyntheticFound['exact'] {
  return tensors.flatMap((tensor) => {
    if (tensor.role !== 'weight' || !isPatchable(tensor)) return [];
    const weights = readWeights(tensor);
    const basis = fixedBasisOf(tensor, weights) ?? (sharedValuesOf(weights) === undefined ? undefined : 'shared');
    return basis ? [{ tensor, basis }] : [];
  });
}

/** Measures how clearly answers stand out: of the first output of floats, on the same inputs each time. */
async function createNoiseJudge(
  original: Model,
  { runtime, threads, ...batches }: Feeder,
): Promise<((model: Model) => Promise<number>) | undefined> {
  const answersOf = (model: Model) =>
    withSession(runtime, mainFile(model), { threads }, async (session) => {
      const answers: { outputs: Readonly<Record<string, OutputArray>>; samples: number }[] = [];
      for await (const { outputs, samples } of runBatches(session, batches)) answers.push({ outputs, samples });
      return answers;
    });
  const references = await answersOf(original);
  const first = references[0]?.outputs ?? {};
  const output = Object.keys(first).find((name) => first[name].type.startsWith('float'));
  if (output === undefined) return undefined;
  const isShare = isProbability(original, output) || references.every(({ outputs }) => isBetween0And1(outputs[output]));
  return async (model) => {
    const meter = answerNoiseMeter(isShare ? 'probabilities' : 'plain');
    const answers = await answersOf(model);
    for (const [i, { outputs, samples }] of references.entries()) {
      meter.add(answers[i].outputs[output], outputs[output], samples);
    }
    return meter.result() ?? Number.NaN;
  };
}

/** As what a sigmoid gives is. */
function isBetween0And1({ data }: OutputArray): boolean {
  for (let i = 0; i < data.length; i++) if (!(data[i] >= 0 && data[i] <= 1)) return false;
  return true;
}
