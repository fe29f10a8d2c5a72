import { containerSize } from '../../container/write/container.js';
import { throwIfAborted } from '../../errors.js';
import type { LossUnit } from '../../evaluate/metric.js';
import { expectModel } from '../../model/expect-model.js';
import type { Model } from '../../model/model.js';
import { runStages } from '../../pipeline/pipeline.js';
import { best } from '../best.js';
import { clockOf, describeResolution, type Goal, goalOf, reaches } from '../goal.js';
import { createJudge } from '../judge.js';
import { losslessFor } from '../lossless.js';
import type { Candidate } from './candidates.js';
import { descend, TRIES } from './descend.js';
import type { Expectation } from './expectation.js';
import { fill } from './fill.js';
import { type Frontier, frontierOf, lowerHull, type Priced, type Setting } from './frontier.js';
import { type Budget, type BudgetOptions, checkBudgetOptions, isOpen } from './options.js';
import { PROBES, probeLayers } from './probe.js';
import { layerSettings, stagesOf } from './settings.js';
import { openSubject, type Subject } from './subject.js';
import { openTrials } from './trials.js';
import { MOST_TRIED, type Tried, walk } from './walk.js';

/** How often the layers are measured again around the best setting so far, and the frontier that follows is walked. */
const ROUNDS = 2;

/** The divergence that a point of loss is taken for where the walk begins. The walk corrects a wrong guess. */
const DIVERGENCE_OF_A_POINT = 0.02;

/**
 * With a size as the goal, the bytes that are left over are spent until the file has at least this share of the size, in
 * at most so many attempts: how large a file becomes, and what its bytes buy, is known exactly only once it is made.
 */
const FULL = 0.997;
const FILLS = 4;
/** For each of so many layers, the largest ones, spending all of the bytes on this layer alone is tried, too. */
const LARGEST = 4;

/**
 * Finds density and number of clusters of each layer for a goal: the smallest file that loses no more than asked, or the
 * best one that is no larger. Nothing is calibrated and nothing trained: the result is what `prune` and `cluster` make of
 * the options that are returned.
 *
 * First the divergence of each layer's candidates is measured with all other layers left as they are. The settings in
 * which all layers have the same slope of divergence over coded bytes form the frontier of the whole model, from the
 * smallest to the best. The search moves along it towards the goal; each step makes a real container and counts its loss
 * on inputs that no divergence was measured on. Around the setting found there the layers are measured once more, now
 * with all others compressed, and the search is repeated on the frontier that follows from these figures.
 *
 * Source: Shoham, Gersho, "Efficient bit allocation for an arbitrary set of quantizers", 1988 (equal slope).
 *
 * @throws RangeError for options out of their range; FxqError `DATASET` when data and model do not fit, `RUNTIME`,
 *   `MISSING_PACKAGE`, `CONFIG` for a bad selector, `ABORTED`
 *
 * @example
 * const dataset = npzDataset(await readFile('data.npz'));
 * const { model, layers } = await searchBudget(openOnnx(await readFile('model.onnx')), { dataset, maxLoss: 0.5 });
 * await writeFile('model.fxq', await encode(model));
 * for (const { name, density, clusters } of layers) console.log(name, density, clusters);
 */
export async function searchBudget(input: Model, options: BudgetOptions): Promise<Budget> {
  expectModel('searchBudget', input);
  checkBudgetOptions(options);
  const { targetSize, threads, signal, onNote } = options;
  const clock = clockOf(options);
  const opened = await openSubject(input, options);
  const trials = openTrials(options.known, options.onTrial);
  const subject: Subject = {
    ...opened,
    divergence: (setting, limit) => trials.divergence(setting, () => opened.divergence(setting, limit)),
  };
  const { layers, split, runtime } = subject;
  const judge = await createJudge(input, { split, metric: options.metric, runtime, threads, signal, onNote });
  const goal = goalOf(options, judge.unit);
  options.onStart?.(judge.text);
  const blind = describeResolution(goal, judge);
  if (blind !== undefined) onNote?.(blind);
  const total = layers.length * (PROBES + ROUNDS * 2 * TRIES) + (ROUNDS + 1) * MOST_TRIED;
  let done = 0;
  const step = () => options.onProgress?.(Math.min(1, ++done / total));

  const all: Tried[] = [];
  const attempt = async (setting: Setting): Promise<Tried> => {
    throwIfAborted(signal);
    const known = all.find((tried) => tried.setting.every((candidate, i) => candidate === setting[i]));
    if (known) return known;
    const point = await trials.point(setting, async () => {
      const { model } = await runStages(input, stagesOf(layerSettings(layers, setting), options), { signal });
      const bytes = await containerSize(model, { signal });
      const judgement = await judge.loss(model);
      return { bytes, loss: judgement.value, judgement, divergence: await opened.divergence(setting) };
    });
    all.push({ setting, point });
    step();
    options.onPoint?.(point);
    return { setting, point };
  };

  const expectations = await probeLayers(subject, step, clock);
  let priced: readonly (readonly Priced[])[] = layers.map(({ candidates }, i) =>
    candidates.map((candidate) => ({ candidate, divergence: expectations[i].divergence(candidate) })),
  );
  if (layers.length === 0) await attempt([]);
  else {
    let frontier = frontierOf(priced.map(lowerHull));
    const near = bytesNear(goal, frontier, judge.unit);
    await walk(frontier, goal, attempt, clock, near);
    for (let round = 0; round < ROUNDS && !clock.isOver(); round++) {
      const { setting, point } = best(all, goal);
      const steepness = steepnessAt(frontier, bytesOf(setting));
      const descent = await descend(
        subject,
        expectations,
        { setting, divergence: point.divergence },
        steepness,
        step,
        clock,
      );
      priced = descent.priced;
      frontier = frontierOf(priced.map(lowerHull));
      await walk(frontier, goal, attempt, clock, bytesOf(descent.setting));
    }
  }
  if (targetSize !== undefined && !clock.isOver())
    await fillUp(subject, expectations, targetSize, () => best(all, goal), attempt);
  const { setting, point } = best(all, goal);
  const points = all.map(({ point }) => point);
  const { heldOut, metric } = judge;
  const told = { skipped: subject.skipped, samples: split.calibrationSamples, heldOut, metric };
  const lossless = isOpen(options) ? await losslessFor(input, { goal, judge, chosen: point, signal }) : undefined;
  if (lossless) {
    const chosen = { ...lossless, divergence: 0 };
    const all = { chosen, points: [...points, chosen], layers: [] };
    return { ...told, ...all, model: input, isReached: true, isLossless: true };
  }
  const settings = layerSettings(layers, setting);
  const { model } = await runStages(input, stagesOf(settings, options), { signal });
  const isReached = reaches(point, goal);
  return { ...told, model, chosen: point, points, layers: settings, isReached, isLossless: false };
}

/** Spends what is left of a size, beginning at the best setting so far. */
async function fillUp(
  { finer, layers, divergence: measure }: Subject,
  expectations: readonly Expectation[],
  targetSize: number,
  standing: () => Tried,
  attempt: (setting: Setting) => Promise<Tried>,
): Promise<void> {
  const known = new Map<Candidate, readonly Candidate[]>();
  const between = (layer: number, own: Candidate) => {
    const found = known.get(own) ?? finer(layer, own);
    known.set(own, found);
    return found;
  };
  // A few bytes change the divergence less than the chance of how roundings combine, so several ways to spend them are measured.
  const ways = [
    (layer: number, own: Candidate) => [...layers[layer].candidates, ...between(layer, own)],
    (layer: number, own: Candidate) => between(layer, own),
    ...largest(standing().setting, LARGEST).map(
      (only) => (layer: number, own: Candidate) => (layer === only ? between(layer, own) : []),
    ),
  ];
  let current = standing();
  for (let i = 0; i < FILLS; i++) {
    const room = targetSize - current.point.bytes;
    if (room < 0 || room < (1 - FULL) * targetSize) return;
    let filled: { setting: Setting; divergence: number } | undefined;
    for (const way of ways) {
      const setting = fill(current.setting, room, way, (layer, candidate) => expectations[layer].divergence(candidate));
      if (bytesOf(setting) < bytesOf(current.setting) + room / 2) continue;
      const divergence = await measure(setting);
      if (!filled || divergence < filled.divergence) filled = { setting, divergence };
    }
    if (!filled) return;
    const next = await attempt(filled.setting);
    // The bytes were estimated: if the file has become too large, the next attempt aims lower by as much.
    if (next.point.bytes <= targetSize) current = next;
    else targetSize -= next.point.bytes - targetSize;
  }
}

/** The layers that take the most bytes. */
function largest(setting: Setting, count: number): number[] {
  const order = setting.map((_, layer) => layer).sort((a, b) => setting[b].bytes - setting[a].bytes);
  return order.slice(0, count);
}

/** The bytes of all layers at which the walk begins. */
function bytesNear(goal: Goal, frontier: Frontier, unit: LossUnit): number {
  if (goal.limit === undefined) return goal.targetSize;
  // Noise by signal is what the divergence of outputs that decide on nothing is.
  return bytesAtDivergence(frontier, unit === 'points' ? goal.limit * DIVERGENCE_OF_A_POINT : goal.limit);
}

/** The size at which a frontier first diverges no further than this. */
function bytesAtDivergence(frontier: Frontier, divergence: number): number {
  let at = 0;
  while (at + 1 < frontier.length && frontier.divergence(at) > divergence) at++;
  return frontier.bytes(at);
}

function bytesOf(setting: Setting): number {
  return setting.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** By how many per cent the divergence falls along a frontier for one per cent more bytes, around a size. */
function steepnessAt(frontier: Frontier, bytes: number): number {
  let [low, high] = [0, frontier.length - 1];
  for (let at = 0; at < frontier.length; at++) {
    if (frontier.bytes(at) < 0.85 * bytes) low = at;
    if (frontier.bytes(at) > 1.15 * bytes) {
      high = at;
      break;
    }
  }
  const rise = Math.log(frontier.bytes(high) / frontier.bytes(low));
  const fall = Math.log(frontier.divergence(low) / frontier.divergence(high));
  return rise > 0 && Number.isFinite(fall) ? Math.max(1, fall / rise) : 1;
}
