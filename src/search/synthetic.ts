import type { CalibrationOptions } from '../calibrate/options.js';
import { SYNTHETIC_RECIPE, startCalibration } from '../calibrate/start.js';
import type { Dims } from '../data/random.js';
import { openEdges, stripEdges } from '../data/synthetic/kinds.js';
import { hasOpenWindow, syntheticDataset } from '../data/synthetic/synthetic.js';
import { FxqError } from '../errors.js';
import { mainFile, NEVER_TAKEN } from '../graph/decoded-graph.js';
import { expectModel } from '../model/expect-model.js';
import type { Model, Skipped, Tensor } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { readInterface } from '../onnx/interface.js';
import { checkOptions } from '../options/check.js';
import { number } from '../options/option.js';
import { type FixedBasis, fixedBasisOf } from '../quantize/fixed-basis.js';
import { sharedValuesOf } from '../quantize/shared-values.js';
import { withSession } from '../runtime/batches.js';
import { statesOf, withStates } from '../runtime/carried.js';
import { loadRuntime } from '../runtime/runtime.js';
import { cluster, clusteringOf } from '../stages/cluster.js';
import { type AnswerJudge, createAnswerJudge, type Nearness } from './answers.js';
import { type CalibrationRun, FIRST_LAMBDA, largestLambda } from './largest-lambda.js';
import { layerPrices } from './layer-prices.js';
import { type Servable, type Serving, servingOf } from './serves.js';

/** Settings of {@link searchSynthetic}. */
export interface SyntheticSearchOptions
  extends Selection<never>,
    Pick<CalibrationOptions, 'runtime' | 'threads' | 'seed' | 'pool'> {
  /** How clearly answers are to stand out of what compression adds to them, in decibels. Default: by kind, {@link ANSWER_SNR}. */
  readonly snr?: number | undefined;
  /** Sizes of dynamic dimensions by their names, or as `input[axis]`. Default: a guess, which {@link SyntheticFound.guessed} tells. */
  readonly dims?: Dims | undefined;
  /**
   * The model by the noise of its weights, where it is there already.
   *
   * @internal
   */
  readonly plain?: Model | undefined;
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
  /** Edges of pictures that the model leaves open and nobody has told. */
  readonly guessed: readonly string[];
  /** Decibels by which answers to other such inputs stand out of what has changed in them. */
  readonly snr: number;
  /** How much decisions on them have changed, in nats; `null` where answers are no decisions. */
  readonly divergence: number | null;
  /** Whether that is as much as was wanted. */
  readonly isReached: boolean;
  readonly lambda: number;
  /**
   * How near another model's answers to those inputs are.
   *
   * @internal
   */
  readonly nearnessOf: (model: Model) => Promise<Nearness>;
  /** Tensors that keep their values, because nobody learned them or because their weights share few values already. */
  readonly exact: readonly { readonly tensor: Tensor; readonly basis: FixedBasis | 'shared' }[];
  /** Those of them that are waves, which are written as what they are, to within a millionth. */
  readonly waves: readonly Tensor[];
  /** Layers that were clustered, since nothing is known of their inputs. */
  readonly skipped: readonly Skipped[];
}

/**
 * What is aimed at, in decibels, set on models of either kind whose real data was at hand: with pictures, 33 dB were 32 to
 * 36 dB on real ones, where at least 99.3 % of the decisions were as before; models of sound are less sure of what they
 * hear in made voices than in real ones, where 26 dB were about 33. Below that a detector that keeps a state may be off by
 * twice as much from one price to the next.
 */
export const ANSWER_SNR: Readonly<Record<Servable, number>> = { pictures: 33, sound: 26.5, tokens: 30 };

/**
 * What is enough, in decibels, where the noise of weights leaves less: models with few weights that outputs hang on would
 * otherwise be larger by their answers than without. No model is aimed at more than that noise leaves, either.
 */
const ENOUGH_SNR = 28;

const SNR = number({ text: 'how clearly answers stand out', value: 'decibels', low: 0, high: 100 });

/** Inputs to calibrate on, and others to judge by. */
const SAMPLES = 64;
const JUDGED = 64;
/** The same in windows, which are short. */
const WINDOWS = 512;
const WINDOWS_JUDGED = 1024;
/** Seconds of the sound before that windows may begin with, where their length is open. */
const CONTEXTS = [0, 0.004];
/** What says that a model cannot be run, or not on what is made for it: weights can be clustered all the same. */
const CLOSED: ReadonlySet<string> = new Set([
  'MISSING_PACKAGE',
  'RUNTIME',
  'DATASET',
  'UNSUPPORTED',
  'CONFIG',
  'WEIGHTS',
]);

/**
 * Compresses a model without data: calibrates it on inputs made for it (`syntheticDataset`), at the price of a bit at which its
 * answers to other such inputs are as clear as wanted. The same on one kind of machine and version of ONNX Runtime; others
 * may round sums otherwise.
 *
 * @returns the model, or in words why this way is closed to it: then `cluster` is what is left
 * @throws RangeError for an `snr` out of its range; FxqError `ABORTED`
 * @example
 * const found = await searchSynthetic(openOnnx(bytes));
 * const container = await encode(typeof found === 'string' ? openOnnx(bytes) : found.model);
 */
export async function searchSynthetic(
  model: Model,
  options: SyntheticSearchOptions = {},
): Promise<SyntheticFound | string> {
  expectModel('searchSynthetic', model);
  checkOptions('synthetic', { snr: SNR }, { snr: options.snr });
  const serving = servingOf(model, readInterface(model));
  if (typeof serving === 'string') return serving;
  const plain = options.plain ?? (await plainly(model, options));
  const search = (isSquare: boolean) => searchAtRates(model, serving, { ...options, plain, isSquare }).catch(whyClosed);
  const found = await search(false);
  // Not every model that leaves edges open takes strips.
  const isStrip = stripEdges(readInterface(model).inputs, options.dims) !== undefined;
  return typeof found === 'string' && isStrip ? search(true) : found;
}

/** The model by the noise of its weights. */
async function plainly(model: Model, { include, exclude }: SyntheticSearchOptions): Promise<Model> {
  return cluster(clusteringOf({ include, exclude })).run(model, {});
}

/** A search for one way to make inputs. */
interface Search extends SyntheticSearchOptions {
  readonly plain: Model;
  readonly isSquare: boolean;
}

/** In words why a way is closed, where that is what an error says; anything else is thrown again. */
function whyClosed(error: unknown): string {
  if (error instanceof FxqError && CLOSED.has(error.code)) return error.message;
  throw error;
}

/** Rate after rate, each for the weights that the ones before have not reached. */
async function searchAtRates(model: Model, serving: Serving, options: Search): Promise<SyntheticFound | string> {
  const exact = fixedBases(model);
  const done = new Set(exact.map(({ tensor }) => tensor.name));
  let all: SyntheticFound | undefined;
  for (const [i, rate] of serving.rates.entries()) {
    const onProgress = (share: number) => options.onProgress?.((i + share) / serving.rates.length);
    const base = all ? withoutChange(all.model, model, all.skipped) : model;
    const found = await searchAt(base, done, rate, serving, { ...options, onProgress }).catch(whyClosed);
    if (typeof found === 'string') return all ?? found;
    all = {
      ...found,
      exact,
      snr: Math.min(found.snr, all?.snr ?? found.snr),
      divergence: all ? largest(all.divergence, found.divergence) : found.divergence,
      isReached: found.isReached && all?.isReached !== false,
      lambda: all?.lambda ?? found.lambda,
    };
    if (!found.skipped.some(({ reason }) => reason === NEVER_TAKEN)) break;
    const skipped = new Set(found.skipped.map(({ tensor }) => tensor.name));
    for (const { name, role } of model.tensors) if (role === 'weight' && !skipped.has(name)) done.add(name);
  }
  return all ?? 'nothing was tried';
}

function largest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** One search: the largest λ at which answers are as clear as wanted, for all weights but those that are done. */
async function searchAt(
  model: Model,
  done: ReadonlySet<string>,
  rate: number,
  { kind }: Serving,
  { snr, plain, isSquare, threads, seed = 0, pool, include, exclude, signal, onProgress, ...options }: Search,
): Promise<Omit<SyntheticFound, 'exact'> | string> {
  const runtime = options.runtime ?? (await loadRuntime());
  const ports = readInterface(model);
  const states = statesOf(ports);
  if (!states) return 'it keeps a state that does not come out of it';
  const [samples, judged] = states.length > 0 ? [WINDOWS, WINDOWS_JUDGED] : [SAMPLES, JUDGED];
  const making = { rate, dims: options.dims, isSquare };
  let [judge, context] = [undefined as AnswerJudge | undefined, 0];
  // Windows as the model was trained with are those that it answers most decidedly.
  for (const each of hasOpenWindow(ports.inputs) ? CONTEXTS : [0]) {
    const made = { ...making, samples: judged, seed: 2 * seed + 1, context: each };
    const dataset = syntheticDataset(ports.inputs, made);
    const other = await createAnswerJudge(model, { dataset, states, runtime, threads, signal });
    if (!judge || (other && other.information > judge.information)) [judge, context] = [other, each];
  }
  if (!judge) return 'its outputs are no numbers to hold answers by';
  const dataset = syntheticDataset(ports.inputs, { ...making, samples, seed: 2 * seed, context });
  const heard =
    states.length === 0
      ? dataset
      : await withSession(runtime, mainFile(model), { threads }, (session) => withStates(session, states, dataset));
  const calibration = await startCalibration(
    model,
    { dataset: heard, runtime, threads, seed, pool, include, exclude, fast: true, samples, isMadeUp: true },
    signal,
    SYNTHETIC_RECIPE,
    done,
  );
  const { layers, skipped } = calibration.prepared;
  if (layers.length === 0) return 'no layer has inputs that can be looked at';
  const wanted = snr ?? Math.min(ANSWER_SNR[kind], Math.max(ENOUGH_SNR, (await judge(plain)).snr));
  const prices = calibration.isProbed ? undefined : await layerPrices(model, calibration, judge, FIRST_LAMBDA);
  const run: CalibrationRun = (lambda, onShare) => calibration.run(lambda, onShare, (layer) => prices?.get(layer) ?? 1);
  const best = await largestLambda(run, judge, wanted, onProgress);
  if (typeof best === 'string') return best;
  const { margin, ...result } = best;
  const guessed = openEdges(ports.inputs, options.dims);
  const { waves } = calibration;
  return { ...result, kind, samples, guessed, isReached: margin >= 0, nearnessOf: judge, waves, skipped };
}

/** A compressed model in which some tensors are as they were. */
function withoutChange(model: Model, original: Model, skipped: readonly Skipped[]): Model {
  const names = new Set(skipped.map(({ tensor }) => tensor.name));
  const tensors = model.tensors.map((tensor, i) =>
    names.has(tensor.name) ? { ...tensor, payload: original.tensors[i].payload } : tensor,
  );
  return { ...model, tensors };
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
