import { writeContainer } from '../../container/write/container.js';
import { throwIfAborted } from '../../errors.js';
import type { Model } from '../../model/model.js';
import { runStages } from '../../pipeline/pipeline.js';
import { type Goal, SEARCH_DEFAULTS } from '../goal.js';
import { createJudge, judgedBy } from '../judge.js';
import type { Candidate } from './candidates.js';
import { descend, TRIES } from './descend.js';
import type { Expectation } from './expectation.js';
import { fill } from './fill.js';
import { type Frontier, frontierOf, lowerHull, type Priced, type Setting } from './frontier.js';
import { type Budget, type BudgetOptions, checkBudgetOptions } from './options.js';
import { PROBES, probeLayers } from './probe.js';
import { layerSettings, stagesOf } from './settings.js';
import { openSubject, type Subject } from './subject.js';
import { best, isGood, MOST_TRIED, type Tried, walk } from './walk.js';

/** How often layers are looked at where they stand, and the frontier is walked again. */
const ROUNDS = 2;

/** Where a loss is first looked for: one point is taken for about this divergence. The walk corrects a wrong guess. */
const DIVERGENCE_OF_A_POINT = 0.02;

/** Bytes are spent until no more than this share is left over, in a few attempts: what they buy is known by half. */
const FULL = 0.997;
const FILLS = 4;
const LARGEST = 4;

/**
 * Finds density and number of clusters of each layer for a goal: the smallest file that loses no more than asked, or the
 * best one that is no larger. Nothing is calibrated and nothing trained: the result is what `prune` and `cluster` make of
 * the options that are returned.
 *
 * Each layer is measured for itself; at equal slopes of divergence over coded bytes their candidates make a frontier of the
 * whole model, which is walked to the goal with real containers, judged by inputs that were kept apart. Around there
 * layers are measured again, all others compressed, and the frontier is walked once more.
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
  checkBudgetOptions(options);
  const { targetSize, threads, signal } = options;
  const maxLoss = options.maxLoss ?? (targetSize === undefined ? SEARCH_DEFAULTS.maxLoss : undefined);
  const goal: Goal = { maxLoss, targetSize };
  const subject = await openSubject(input, options);
  const { layers, split, runtime } = subject;
  const judge = await createJudge(input, { dataset: judgedBy(split), runtime, threads, signal });
  const total = layers.length * (PROBES + ROUNDS * 2 * TRIES) + (ROUNDS + 1) * MOST_TRIED;
  let done = 0;
  const step = () => options.onProgress?.(Math.min(1, ++done / total));

  const all: Tried[] = [];
  const attempt = async (setting: Setting): Promise<Tried> => {
    throwIfAborted(signal);
    const known = all.find((tried) => tried.setting.every((candidate, i) => candidate === setting[i]));
    if (known) return known;
    const { model } = await runStages(input, stagesOf(layerSettings(layers, setting), options), { signal });
    const pieces = await writeContainer(model, { signal });
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const point = { bytes, loss: await judge(model), harm: await subject.divergence(setting) };
    all.push({ setting, point });
    step();
    options.onPoint?.(point);
    return { setting, point };
  };

  const expectations = await probeLayers(subject, step);
  let priced: readonly (readonly Priced[])[] = layers.map(({ candidates }, i) =>
    candidates.map((candidate) => ({ candidate, divergence: expectations[i].divergence(candidate) })),
  );
  if (layers.length === 0) await attempt([]);
  else {
    let frontier = frontierOf(priced.map(lowerHull));
    const near = maxLoss === undefined ? targetSize : bytesAtDivergence(frontier, maxLoss * DIVERGENCE_OF_A_POINT);
    await walk(frontier, goal, attempt, near);
    for (let round = 0; round < ROUNDS; round++) {
      const { setting, point } = best(all, goal);
      const steepness = steepnessAt(frontier, bytesOf(setting));
      const descent = await descend(subject, expectations, { setting, divergence: point.harm }, steepness, step);
      priced = descent.priced;
      frontier = frontierOf(priced.map(lowerHull));
      await walk(frontier, goal, attempt, bytesOf(descent.setting));
    }
  }
  if (targetSize !== undefined) await fillUp(subject, expectations, targetSize, () => best(all, goal), attempt);
  const chosen = best(all, goal);
  const settings = layerSettings(layers, chosen.setting);
  const { model } = await runStages(input, stagesOf(settings, options), { signal });
  const { calibrationBatches, heldOutBatches, batchSize } = split;
  return {
    model,
    chosen: chosen.point,
    points: all.map(({ point }) => point),
    layers: settings,
    skipped: subject.skipped,
    samples: calibrationBatches * batchSize,
    heldOut: heldOutBatches * batchSize,
    isReached: isGood(chosen.point, goal),
  };
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
  // What chance makes of a setting outweighs what a few bytes are expected to do: several ways to spend them are measured.
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
    // Estimated bytes are a little off: what has become too large is filled with less.
    if (next.point.bytes <= targetSize) current = next;
    else targetSize -= next.point.bytes - targetSize;
  }
}

/** The layers that take the most bytes. */
function largest(setting: Setting, count: number): number[] {
  const order = setting.map((_, layer) => layer).sort((a, b) => setting[b].bytes - setting[a].bytes);
  return order.slice(0, count);
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
