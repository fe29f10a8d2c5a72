import { CALIBRATE_DEFAULTS, type CalibrateOptions } from '../calibrate/options.js';
import { type Calibration, startCalibration } from '../calibrate/start.js';
import { containerSize } from '../container/write/container.js';
import type { Batch } from '../data/dataset.js';
import { FxqError, throwIfAborted } from '../errors.js';
import type { Loss } from '../evaluate/loss.js';
import { expectModel } from '../model/expect-model.js';
import type { Model, Skipped, Tensor } from '../model/model.js';
import { approach, MAX_POINTS } from './approach.js';
import { best, steadyWorst } from './best.js';
import {
  checkGoal,
  clockOf,
  describeResolution,
  type GoalOptions,
  goalOf,
  HELD_OUT,
  isLossAsked,
  isLossGiven,
  type Judged,
  reaches,
} from './goal.js';
import { createJudge, type Judge, judgedBy } from './judge.js';
import { losslessFor } from './lossless.js';
import { type Network, openNetwork } from './network.js';

/** One price of a bit that was tried, and what came of it. */
export interface Point extends Judged {
  /** `null` where k-means chose the values, or none was changed, and bits have no price. */
  readonly lambda: number | null;
  /**
   * How far the outputs are off the original's, which chooses between neighbouring points, under the name that it has in
   * JSON; `null` where there is nothing to choose.
   */
  readonly divergence: number | null;
}

/** Settings of `searchCalibration`. */
export interface SearchOptions extends CalibrateOptions, GoalOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Called before anything is tried with how models are judged, in words. */
  readonly onStart?: ((text: string) => void) | undefined;
  /** Called with every point as it is known. */
  readonly onPoint?: ((point: Point) => void) | undefined;
  /**
   * Points of a search that was ended early, of the same model, inputs and options: they are not tried again. What they are
   * of is not checked. Default: none.
   */
  readonly known?: readonly Point[] | undefined;
  /** What losses are held against, where the model that is calibrated was changed before. Default: that model. */
  readonly original?: Model | undefined;
}

interface Tried {
  /** What it took. */
  readonly ms: number;
  /** Absent where it is known from an earlier search. */
  readonly model: Model | undefined;
  readonly point: Point;
}

/** A calibrated model and how it was found. */
export interface Found {
  readonly model: Model;
  readonly chosen: Point;
  readonly points: readonly Point[];
  readonly skipped: readonly Skipped[];
  /** Bases of waves, such as a Fourier transform's, that are written as what they are. */
  readonly waves: readonly Tensor[];
  /** Inputs calibrated on, and others that it was judged by. */
  readonly samples: number;
  readonly heldOut: number;
  /** How good was measured; `null` where nothing was. */
  readonly metric: Loss['metric'] | null;
  /** Whether the goal was reached. */
  readonly isReached: boolean;
  /** Whether it was reached by leaving the model as it is, as nothing else did. */
  readonly isLossless: boolean;
}

/** Inputs that tell in the end what a file of some size has lost: few enough not to take longer than what was calibrated on. */
const TOLD = 512;
/** Inputs that the divergence is measured on, and bytes of them: they stay in memory. */
const MEASURED = 384;
const MEASURED_BYTES = 2 ** 26;

/**
 * Calibrates a model for a goal: the smallest file that loses no more than asked, or the best one that is no larger.
 * Every point tried is a whole calibration; what it is judged by was kept out of it.
 *
 * @throws RangeError for options out of their range or that do not go together; what `calibrate` throws
 *
 * @example
 * const { model, points } = await searchCalibration(openOnnx(bytes), { dataset, maxLoss: 0.5 });
 */
export async function searchCalibration(model: Model, options: SearchOptions): Promise<Found> {
  expectModel('searchCalibration', model);
  checkGoal(options);
  const { lambda, onProgress, onPoint, onNote, signal } = options;
  const hasCodebook = options.bits !== undefined || options.clusters !== undefined;
  const isFixed = lambda !== undefined || hasCodebook;
  if (isFixed && (isLossGiven(options) || options.targetSize !== undefined)) {
    throw new RangeError('calibrate: lambda, bits and clusters fix the size; expected no maxLoss and no targetSize');
  }
  const clock = clockOf(options);
  const isJudged = !isFixed && isLossAsked(options);
  // By size alone the best is chosen: of the inputs only what calibration leaves tells in the end what that has lost.
  const heldOut = { heldOut: isFixed ? 0 : isJudged ? HELD_OUT : TOLD, isHeldOutRest: !isJudged };
  const calibration = await startCalibration(model, { ...options, ...heldOut }, signal);
  const { prepared } = calibration;
  const { split, feeder, layers } = prepared;
  const original = options.original ?? prepared.model;
  const openJudge = async () => {
    const judge = await createJudge(original, { ...options, ...feeder, split, onNote });
    options.onStart?.(judge.text);
    return judge;
  };
  let judge = isJudged ? await openJudge() : undefined;
  const goal = isFixed ? undefined : goalOf(options, judge?.unit);
  const blind = goal && judge && describeResolution(goal, judge);
  if (blind !== undefined) onNote?.(blind);
  const network =
    goal && (await networkOf(original, isJudged ? judgedBy(split) : split.calibration, calibration, options));
  const all: Tried[] = [];
  // Of what is not calibrated no price changes anything.
  const isSearched = goal !== undefined && layers.length > 0;
  const attempt = async (price: number): Promise<Tried> => {
    const [done, start] = [all.length, performance.now()];
    const before = options.known?.find(({ lambda }) => lambda === price);
    if (before) {
      all.push({ model: undefined, point: before, ms: 0 });
      onPoint?.(before);
      return all[done];
    }
    const total = isSearched ? MAX_POINTS : 1;
    const model = await calibration.run(price, (share) => onProgress?.((done + share) / total));
    const bytes = await containerSize(model, { signal });
    const judgement = judge ? await judge.loss(model) : null;
    const point = {
      lambda: hasCodebook ? null : price,
      bytes,
      loss: judgement?.value ?? null,
      judgement,
      divergence: network ? await network.divergence(model) : null,
    };
    onPoint?.(point);
    throwIfAborted(signal);
    all.push({ model, point, ms: performance.now() - start });
    return all[done];
  };
  const first = lambda ?? CALIBRATE_DEFAULTS.lambda;
  if (isSearched)
    await approach({ goal, start: first, attempt, clock, worstOf: ({ point }) => steadyWorst(point, all) });
  else await attempt(first);
  const taken = goal ? best(all, goal) : all[0];
  const points = all.map(({ point }) => point);
  const told = { skipped: prepared.skipped, samples: split.calibrationSamples };
  // Where it was changed before, it is not the original that would be left as it is.
  const lossless =
    goal && judge && options.original === undefined
      ? await losslessFor(model, { goal, judge, chosen: taken.point, signal })
      : undefined;
  if (judge && lossless) {
    const chosen: Point = { ...lossless, lambda: null, divergence: 0 };
    const { heldOut, metric } = judge;
    const tried = [...points, chosen];
    return { ...told, waves: [], model, chosen, points: tried, heldOut, metric, isReached: true, isLossless: true };
  }
  const found = taken.model ?? (await calibration.run(taken.point.lambda ?? first, onProgress));
  let chosen = taken.point;
  // Those that it was fitted to would tell less than is lost.
  if (goal && !isJudged && split.heldOutSamples > 0) {
    judge = await measurable(openJudge, onNote);
    const judgement = judge ? await judge.loss(found) : null;
    chosen = { ...chosen, loss: judgement?.value ?? null, judgement };
  }
  return {
    ...told,
    waves: calibration.waves,
    model: found,
    chosen,
    points: points.map((point) => (point === taken.point ? chosen : point)),
    heldOut: judge?.heldOut ?? 0,
    metric: judge?.metric ?? null,
    isReached: goal === undefined || reaches(chosen, goal),
    isLossless: false,
  };
}

/** A judge of what was found by size: it is there also where nothing tells what it has lost. */
async function measurable(open: () => Promise<Judge>, onNote: SearchOptions['onNote']): Promise<Judge | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof FxqError) || error.code !== 'DATASET') throw error;
    onNote?.(`what is lost was not measured: ${error.message}`);
    return undefined;
  }
}

/** Measures how far models are off the original on some of the inputs. */
async function networkOf(
  original: Model,
  inputs: () => AsyncIterable<Batch>,
  { prepared }: Calibration,
  { threads, signal }: SearchOptions,
): Promise<Network> {
  const { split, feeder } = prepared;
  const batches: Batch[] = [];
  let [samples, bytes] = [0, 0];
  for await (const batch of inputs()) {
    batches.push(batch);
    samples += split.batchSize;
    for (const { data } of Object.values(batch.inputs)) bytes += data.byteLength;
    if (samples >= MEASURED || bytes >= MEASURED_BYTES) break;
  }
  return openNetwork(original, batches, { runtime: feeder.runtime, threads, signal });
}
