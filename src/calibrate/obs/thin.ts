import { present } from '../../guards.js';
import type { CalibrationKernels } from '../../kernels/calibrate/kernels.js';
import type { MeasuredLayer } from '../job.js';
import { type Spread, spreadOf } from '../solve.js';
import { removalOrder, type Workspace, workspaceFor } from './removal-order.js';
import { solveOnSupport, solvePart, supportWork } from './support.js';

/** Lets others have a turn, now and then; throws when the work is to stop. */
export type Breathe = () => Promise<void> | undefined;

/** What the removal of each weight would cost. */
export interface Ranking {
  /** By row, the inputs in the order in which they would go: [groups, rows, inputs]. */
  readonly order: Int32Array;
  /** What each removal in this order adds to the squared error of the outputs; never less than the one before it in a block. */
  readonly losses: Float64Array;
  /** Inputs that are ranked together, for themselves. */
  readonly block: number;
}

/** A layer made ready for its removals. */
export interface PreparedLayer {
  readonly job: MeasuredLayer;
  readonly groups: readonly (Spread & { readonly damped: Float64Array; readonly inverse: Float64Array })[];
  /** Mean square of the outputs about their means, all rows together. */
  readonly energy: number;
}

/** Multiplications that a layer may take to rank its weights exactly; about 5 seconds. */
const RANKING_WORK = 5e9;
/** And to solve for those that stay, where they were not ranked exactly. */
const SOLVING_WORK = 1e10;
const SMALLEST_BLOCK = 32;
/** Loss of what is zero already: it goes first. */
const FREE = -1;

export function prepareLayer(job: MeasuredLayer, kernels: CalibrationKernels): PreparedLayer {
  const { rows, inputs, weights } = job;
  const size = rows * inputs;
  let energy = 0;
  const groups = Array.from({ length: job.groups }, (_, group) => {
    const original = Float64Array.from(weights.subarray(group * size, (group + 1) * size));
    const spread = spreadOf(job, group, original, kernels);
    energy += energyOf(original, spread.moments, inputs);
    const damped = spread.moments.slice();
    for (let j = 0; j < inputs; j++) damped[j * inputs + j] += spread.added;
    return { ...spread, damped, inverse: inverseOf(spread.factor, inputs, 0, inputs) };
  });
  return { job, groups, energy };
}

/** How many inputs are ranked together: all of them, unless that took too long. */
export function blockOf(
  { groups, rows, inputs }: Pick<MeasuredLayer, 'groups' | 'rows' | 'inputs'>,
  work = RANKING_WORK,
) {
  const widest = Math.max(SMALLEST_BLOCK, Math.floor(Math.sqrt((6 * work) / (groups * rows * inputs))));
  return Math.ceil(inputs / Math.ceil(inputs / widest));
}

/**
 * Ranks the weights of a layer. In blocks where there are many: then the inputs before a block are taken as they are, as
 * in SparseGPT (Frantar & Alistarh 2023), and those after it as free to make up for what goes.
 */
export async function rank({ job, groups }: PreparedLayer, block: number, breathe: Breathe): Promise<Ranking> {
  const { rows, inputs, weights } = job;
  const order = new Int32Array(weights.length);
  const losses = new Float64Array(weights.length);
  for (const [group, spread] of groups.entries()) {
    for (let start = 0; start < inputs; start += block) {
      const part = blockAt(spread, start, Math.min(block, inputs - start));
      for (let row = 0; row < rows; row++) {
        const at = (group * rows + row) * inputs;
        const targets = spread.targets.subarray(row * inputs, (row + 1) * inputs);
        rankRow(part, weights.subarray(at, at + inputs), targets, {
          order: order.subarray(at + start, at + start + part.count),
          losses: losses.subarray(at + start, at + start + part.count),
        });
        await breathe();
      }
    }
  }
  return { order, losses, block };
}

/** Some inputs one after the other, and how they are spread given those before them. */
interface Block {
  readonly start: number;
  readonly count: number;
  /** [count, count] */
  readonly inverse: Float64Array;
  /** Those that vary, from `start` on, and the inverse for them alone. */
  readonly live: readonly number[];
  readonly liveInverse: Float64Array;
  readonly workspace: Workspace;
}

function blockAt(
  { factor, inputs, inverse: whole, dead }: PreparedLayer['groups'][number],
  start: number,
  count: number,
) {
  const inverse = count === inputs ? whole : inverseOf(factor, inputs, start, count);
  const still = new Set(dead);
  const live = Array.from({ length: count }, (_, j) => j).filter((j) => !still.has(start + j));
  const liveInverse = live.length === count ? inverse : partOf(inverse, count, live);
  return { start, count, inverse, live, liveInverse, workspace: workspaceFor(live.length) } satisfies Block;
}

/** Ranks a block of a row: first what is zero already, then what is multiplied with nothing that varies. */
function rankRow(
  { start, count, live, liveInverse, workspace }: Block,
  weights: Float32Array,
  targets: Float64Array,
  { order, losses }: Pick<Ranking, 'order' | 'losses'>,
): void {
  const isLive = new Uint8Array(count);
  for (const j of live) isLive[j] = 1;
  let at = 0;
  for (let j = 0; j < count; j++) if (weights[start + j] === 0) order[at++] = start + j;
  losses.fill(FREE, 0, at);
  for (let j = 0; j < count; j++) if (!isLive[j] && weights[start + j] !== 0) order[at++] = start + j;
  const own = new Int32Array(live.length);
  let leading = 0;
  for (const [i, j] of live.entries()) if (weights[start + j] === 0) own[leading++] = i;
  const costs = new Float64Array(live.length);
  const wanted = Float64Array.from(live, (j) => targets[start + j]);
  removalOrder(workspace, wanted, liveInverse, leading, own, costs);
  // What had to go counts for nothing, and is in its place already.
  for (let i = leading; i < live.length; i++, at++) {
    order[at] = start + live[own[i]];
    losses[at] = costs[i];
  }
}

/**
 * The loss up to which removals go so that this many weights go, and how many of exactly that loss do, the first ones.
 *
 * @param losses - of all weights that may go
 */
export function cutAt(losses: readonly Float64Array[], gone: number): Cut {
  const total = losses.reduce((sum, { length }) => sum + length, 0);
  const sorted = new Float64Array(total);
  for (let i = 0, at = 0; i < losses.length; at += losses[i++].length) sorted.set(losses[i], at);
  sorted.sort();
  // What is zero already goes in any case.
  let free = 0;
  while (free < total && sorted[free] === FREE) free++;
  const count = Math.max(free, gone);
  if (count === 0) return { loss: FREE, ties: 0 };
  const loss = sorted[count - 1];
  let below = count - 1;
  while (below > 0 && sorted[below - 1] === loss) below--;
  return { loss, ties: count - below };
}

export interface Cut {
  readonly loss: number;
  ties: number;
}

/** How many of a layer's weights a cut takes. Uses up its ties. */
export function countWithin(losses: Float64Array, cut: Cut): number {
  let count = 0;
  for (const loss of losses) {
    if (loss < cut.loss) count++;
    else if (loss === cut.loss && cut.ties > 0) {
      count++;
      cut.ties--;
    }
  }
  return count;
}

/** How many of a row's or a block's removals a cut lets happen. */
function countGone(losses: Float64Array, cut: Cut): number {
  let count = 0;
  while (count < losses.length && losses[count] < cut.loss) count++;
  while (count < losses.length && losses[count] === cut.loss && cut.ties > 0) {
    count++;
    cut.ties--;
  }
  return count;
}

/** Removes this many weights of a layer and lets the others make up for them. */
export async function thin(
  layer: PreparedLayer,
  gone: number,
  breathe: Breathe,
  work = RANKING_WORK,
): Promise<{ weights: Float32Array; bias: Float32Array | undefined }> {
  const { job, groups } = layer;
  const { rows, inputs, weights } = job;
  const block = blockOf(job, work);
  const ranking = await rank(layer, block, breathe);
  const kept = new Uint8Array(weights.length).fill(1);
  const solved = new Float64Array(weights.length);
  const cut = cutAt([ranking.losses], gone);
  if (block >= inputs) {
    for (let at = 0; at < weights.length; at += inputs) {
      const count = countGone(ranking.losses.subarray(at, at + inputs), cut);
      for (let i = 0; i < count; i++) kept[at + ranking.order[at + i]] = 0;
    }
  } else {
    await removeByBlocks(layer, ranking, cut, kept, solved, breathe);
  }
  for (let row = 0; row < groups.length * rows; row++) {
    const { targets, damped, inverse } = groups[Math.floor(row / rows)];
    const at = row * inputs;
    const support = kept.subarray(at, at + inputs);
    const left = support.reduce((a, b) => a + b, 0);
    if (block < inputs && groups.length * rows * supportWork(inputs, left) > SOLVING_WORK) continue;
    const start = (row % rows) * inputs;
    solved.set(solveOnSupport(targets.subarray(start, start + inputs), support, damped, inverse), at);
    await breathe();
  }
  // An input that never varies has no say in its weight: one that stays is left as it was.
  for (const [group, { dead }] of groups.entries()) {
    for (const j of dead) {
      for (let at = group * rows * inputs + j; at < (group + 1) * rows * inputs; at += inputs) {
        if (kept[at]) solved[at] = weights[at];
      }
    }
  }
  const pruned = Float32Array.from(solved);
  return { weights: pruned, bias: job.bias && corrected(layer, pruned) };
}

/**
 * Goes through the blocks from the first to the last: each loses as many weights as the ranking says, chosen by what they
 * are once the later ones have made up for what has gone before.
 */
async function removeByBlocks(
  { job, groups }: PreparedLayer,
  ranking: Ranking,
  cut: Cut,
  kept: Uint8Array,
  solved: Float64Array,
  breathe: Breathe,
): Promise<void> {
  const { rows, inputs, weights } = job;
  for (const [group, spread] of groups.entries()) {
    const { factor } = spread;
    const first = group * rows * inputs;
    solved.set(spread.targets, first);
    for (let start = 0; start < inputs; start += ranking.block) {
      const part = blockAt(spread, start, Math.min(ranking.block, inputs - start));
      const { count } = part;
      let gone = 0;
      const order = new Int32Array(rows * count);
      const losses = new Float64Array(rows * count);
      for (let row = 0; row < rows; row++) {
        const at = first + row * inputs;
        gone += countGone(ranking.losses.subarray(at + start, at + start + count), cut);
        rankRow(part, weights.subarray(at, at + inputs), solved.subarray(at, at + inputs), {
          order: order.subarray(row * count, (row + 1) * count),
          losses: losses.subarray(row * count, (row + 1) * count),
        });
        await breathe();
      }
      const own = cutAt([losses], gone);
      for (let row = 0; row < rows; row++) {
        const at = first + row * inputs;
        const removed = countGone(losses.subarray(row * count, (row + 1) * count), own);
        const places = Array.from(order.subarray(row * count, row * count + removed), (j) => j - start);
        const forces = Float64Array.from(places, (j) => solved[at + start + j]);
        solvePart(part.inverse, count, places, forces);
        // Through the factor's rows of this block: what they do to all inputs from here on.
        for (let i = 0; i < count; i++) {
          const line = (start + i) * inputs;
          let push = 0;
          for (let k = 0; k < removed; k++) push += factor[line + start + places[k]] * forces[k];
          if (push === 0) continue;
          for (let j = start + i; j < inputs; j++) solved[at + j] -= push * factor[line + j];
        }
        for (const j of places) {
          solved[at + start + j] = 0;
          kept[at + start + j] = 0;
        }
        await breathe();
      }
    }
  }
}

function partOf(matrix: Float64Array, size: number, places: readonly number[]): Float64Array {
  const part = new Float64Array(places.length ** 2);
  for (const [i, row] of places.entries()) {
    for (const [j, column] of places.entries()) part[i * places.length + j] = matrix[row * size + column];
  }
  return part;
}

/** UᵀU for some inputs one after the other, from the rows of these inputs alone: the later ones are free. */
function inverseOf(factor: Float64Array, inputs: number, start: number, count: number): Float64Array {
  const inverse = new Float64Array(count * count);
  for (let k = 0; k < count; k++) {
    const line = (start + k) * inputs + start;
    for (let i = k; i < count; i++) {
      const value = factor[line + i];
      if (value === 0) continue;
      const row = i * count;
      for (let j = k; j <= i; j++) inverse[row + j] += value * factor[line + j];
    }
  }
  for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) inverse[j * count + i] = inverse[i * count + j];
  return inverse;
}

function energyOf(weights: Float64Array, moments: Float64Array, inputs: number): number {
  let energy = 0;
  for (let start = 0; start < weights.length; start += inputs) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0; j < inputs; j++) sum += moments[i * inputs + j] * weights[start + j];
      energy += weights[start + i] * sum;
    }
  }
  return energy;
}

/** The bias that keeps the mean of every output where it was. */
function corrected({ job, groups }: PreparedLayer, weights: Float32Array): Float32Array {
  const { rows, inputs, bias, weights: original } = job;
  return Float32Array.from(present(bias), (value, row) => {
    const { mean, originalMean } = groups[Math.floor(row / rows)];
    let shift = 0;
    for (let j = 0, at = row * inputs; j < inputs; j++, at++) {
      shift += original[at] * originalMean[j] - weights[at] * mean[j];
    }
    return value + shift;
  });
}
