import { CALIBRATE_DEFAULTS, type CalibrateOptions } from '../calibrate/options.js';
import { type Calibration, startCalibration } from '../calibrate/start.js';
import { containerSize } from '../container/write/container.js';
import type { Batch } from '../data/dataset.js';
import { throwIfAborted } from '../errors.js';
import type { Loss } from '../evaluate/loss.js';
import { expectModel } from '../model/expect-model.js';
import type { Model, Skipped } from '../model/model.js';
import { best } from './best.js';
import {
  type Clock,
  checkGoal,
  clockOf,
  describeResolution,
  type Goal,
  type GoalOptions,
  goalOf,
  HELD_OUT,
  isLossAsked,
  isLossGiven,
  type Judged,
  reaches,
} from './goal.js';
import { createJudge, judgedBy } from './judge.js';
import { type Network, openNetwork } from './network.js';

/** One price of a bit that was tried, and what came of it. */
export interface Point extends Judged {
  /** `null` where k-means chose the values, and bits have no price. */
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
  /** Inputs calibrated on, and inputs judged by; about, where batches are of several sizes. */
  readonly samples: number;
  readonly heldOut: number;
  /** How good was measured; `null` where only the size counts. */
  readonly metric: Loss['metric'] | null;
  /** Whether the goal was reached. */
  readonly isReached: boolean;
}

/** λ changes by this factor until the goal is bracketed. */
const STRIDE = 3;
const MAX_POINTS = 9;
/** Search ends when the bracket is this narrow, or the size this near to what was asked for. */
const NARROW = 1.15;
const NEAR = 0.985;
/** Shares of a size that neighbours of what is near it are aimed at. */
const NEIGHBOURS = [0.997, 0.993, 0.989];
/** Inputs that the divergence is measured on, and bytes of them: they stay in memory. */
const MEASURED = 384;
const MEASURED_BYTES = 2 ** 26;
/** Sizes fall about so with λ: bytes ∝ λ^−0.4. */
const SIZE_EXPONENT = 0.4;
const SMALLEST_LAMBDA = 1e-12;
const LARGEST_LAMBDA = 1;

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
  const calibration = await startCalibration(model, { ...options, heldOut: isJudged ? HELD_OUT : 0 }, signal);
  const { prepared } = calibration;
  const { split, feeder, layers } = prepared;
  const judge = isJudged ? await createJudge(prepared.model, { ...options, ...feeder, split, onNote }) : undefined;
  if (judge) options.onStart?.(judge.text);
  const goal = isFixed ? undefined : goalOf(options, judge?.unit);
  const blind = goal && judge && describeResolution(goal, judge.samples, judge.resolution);
  if (blind !== undefined) onNote?.(blind);
  const network = goal && (await networkOf(calibration, options));
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
  if (isSearched) await approach({ goal, start: first, attempt, clock });
  else await attempt(first);
  const { model: made, point: chosen } = goal ? best(all, goal) : all[0];
  const found = made ?? (await calibration.run(chosen.lambda ?? first, onProgress));
  const { calibrationBatches, heldOutBatches, batchSize } = split;
  return {
    model: found,
    chosen,
    points: all.map(({ point }) => point),
    skipped: prepared.skipped,
    samples: calibrationBatches * batchSize,
    heldOut: heldOutBatches * batchSize,
    metric: judge?.metric ?? null,
    isReached: goal === undefined || reaches(chosen, goal),
  };
}

/** What there is to a search along the price of a bit. */
interface Approach {
  readonly goal: Goal;
  readonly start: number;
  readonly clock: Clock;
  attempt(price: number): Promise<Tried>;
}

/**
 * Tries prices until the goal is bracketed closely. What a price comes to is a little up to chance, so that near a size
 * some neighbours are tried, too.
 */
async function approach({ goal, start, attempt, clock }: Approach): Promise<void> {
  let low: number | undefined;
  let high: number | undefined;
  let last: number | undefined;
  for (let [next, tries] = [start, 1]; ; tries++) {
    const tried = await attempt(next);
    const { bytes, judgement } = tried.point;
    const isTooMuch = goal.limit === undefined ? bytes <= goal.targetSize : (judgement?.high ?? 0) > goal.limit;
    if (isTooMuch) high = next;
    else low = next;
    if (clock.isOver(tried.ms)) return;
    // Where another price changes no byte, one farther on will not either.
    if (bytes === last) return;
    last = bytes;
    if (goal.limit === undefined && bytes <= goal.targetSize && bytes >= NEAR * goal.targetSize) {
      for (const share of NEIGHBOURS.slice(0, MAX_POINTS - tries)) {
        if (clock.isOver(tried.ms)) return;
        await attempt(next * (bytes / (share * goal.targetSize)) ** (1 / SIZE_EXPONENT));
      }
      return;
    }
    if (low !== undefined && high !== undefined && high / low < NARROW) return;
    if (next <= SMALLEST_LAMBDA || next >= LARGEST_LAMBDA || tries === MAX_POINTS) return;
    next = nextLambda(next, bytes, low, high, goal);
  }
}

function nextLambda(
  price: number,
  bytes: number,
  low: number | undefined,
  high: number | undefined,
  goal: Goal,
): number {
  if (goal.limit === undefined) {
    // Aimed a little below the target: at it, every other point would be too large.
    const guess = price * (bytes / (goal.targetSize * (1 + NEAR) * 0.5)) ** (1 / SIZE_EXPONENT);
    const isInside = (low === undefined || guess > low) && (high === undefined || guess < high);
    if (isInside) return Math.min(LARGEST_LAMBDA, Math.max(SMALLEST_LAMBDA, guess));
  }
  if (low !== undefined && high !== undefined) return Math.sqrt(low * high);
  return low === undefined ? price / STRIDE : price * STRIDE;
}

/** Measures on the inputs that were kept out; without any, on those calibrated on. */
async function networkOf({ prepared }: Calibration, { threads, signal }: SearchOptions): Promise<Network> {
  const { split, feeder, model } = prepared;
  const batches: Batch[] = [];
  let [samples, bytes] = [0, 0];
  for await (const batch of judgedBy(split)()) {
    batches.push(batch);
    samples += split.batchSize;
    for (const { data } of Object.values(batch.inputs)) bytes += data.byteLength;
    if (samples >= MEASURED || bytes >= MEASURED_BYTES) break;
  }
  return openNetwork(model, batches, { runtime: feeder.runtime, threads, signal });
}
