import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { selectLargest } from '../stages/magnitude.js';
import { ALIVE, FIXED, type Parameter, PRUNED } from './parameter.js';
import { createRegrowth } from './regrowth.js';

/** What weights are compared by where some go. */
export const IMPORTANCES = ['sensitivity', 'magnitude'] as const;

/** How densities fall during a training. */
export interface Schedule {
  /** `cubic`: fast at first and slower at the end (Zhu & Gupta 2017). `steps`: in jumps, each by one ratio, with retraining between (Han et al. 2015). */
  readonly schedule: (typeof SCHEDULES)[number];
  /** Jumps of `steps`. */
  readonly steps: number;
}

export interface PruningPlan extends Schedule {
  /** Whether each layer has its density, or all together, by magnitude across layers. */
  readonly scope: 'layer' | 'global';
  /** Share of the weights kept that come back at first, and steps of an epoch. */
  readonly regrow: number;
  readonly epochSteps: number;
  /** Mean squared gradients of each parameter; absent: weights are compared by magnitude. */
  readonly squares?: readonly Float32Array[] | undefined;
}

export const SCHEDULES = ['cubic', 'steps'] as const;

/** Steps of training between two looks at which weights are the smallest, on a cubic schedule. */
export const LOOK_STEPS = 50;

/**
 * The density at a share of the schedule's time, from `first` at 0 to `last` at 1.
 *
 * Source: Zhu & Gupta 2017, "To prune, or not to prune", equation 1; Han, Pool, Tran & Dally 2015, §3.
 */
export function densityAt(share: number, first: number, last: number, { schedule, steps }: Schedule): number {
  // Of no time at all, every share is the end.
  if (!(share < 1) || first <= last) return last;
  if (schedule === 'cubic') return last + (first - last) * (1 - share) ** 3;
  // The last jump is made with as much time left as there is between two jumps.
  const jump = Math.floor(share * steps) + 1;
  return first * (last / first) ** (jump / steps);
}

/** Prunes parameters further and further. */
export interface Pruner {
  /** The parameters it prunes. */
  readonly parameters: readonly Parameter[];
  /** Leaves each layer as dense as it is meant to be at this share of the schedule's time. */
  prune(share: number): void;
  /** Begins an epoch. */
  begin(): void;
  /** Takes in a step's gradients, in the order of all parameters, those of pruned weights among them. */
  observe(gradients: readonly Float32Array[]): void;
}

/**
 * @param densities - where the schedule ends, by tensor
 */
export function createPruner(
  parameters: readonly Parameter[],
  densities: ReadonlyMap<Tensor, number>,
  plan: PruningPlan,
): Pruner {
  const pruned = parameters.filter(({ tensor }) => densities.has(tensor));
  const groups = plan.scope === 'global' ? [pruned] : pruned.map((parameter) => [parameter]);
  const plans = groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const count = group.reduce((sum, { values }) => sum + values.length, 0);
      const kept = group.reduce(
        (sum, { alive }) => sum + alive.reduce((n, state) => n + Number(state !== PRUNED), 0),
        0,
      );
      const last = present(densities.get(group[0].tensor));
      return { group, count, first: kept / count, last };
    });
  const squaresOf = (parameter: Parameter) => plan.squares?.[parameters.indexOf(parameter)];
  const regrowth = createRegrowth(parameters, plan.regrow, plan.epochSteps);
  // What is pruned stays so: the last cut is made once.
  let isDone = false;
  return {
    parameters: pruned,
    begin: regrowth.begin,
    observe(gradients) {
      if (!isDone) regrowth.observe(gradients);
    },
    prune(share) {
      if (isDone) return;
      isDone = !(share < 1);
      const isTurn = !isDone && regrowth.isDue();
      for (const { group, count, first, last } of plans) {
        const keep = Math.round(count * densityAt(share, first, last, plan));
        const back = isTurn ? regrowth.count(keep, share) : 0;
        cut(group, keep - back, group.map(squaresOf));
        if (back > 0) regrowth.grow(group, back);
      }
      if (isTurn) regrowth.begin();
    },
  };
}

function cut(group: readonly Parameter[], keep: number, squares: readonly (Float32Array | undefined)[]): void {
  // Momentum goes on moving what has been pruned.
  for (const { free, alive } of group) for (let i = 0; i < free.length; i++) if (alive[i] === PRUNED) free[i] = 0;
  // At first nothing is known of gradients.
  const areKnown = squares.some((each) => each?.some((square) => square > 0));
  const scores = group.map((parameter, g) => (areKnown ? sensitivities(parameter, squares[g]) : parameter.free));
  const cutoff = selectLargest(() => scores, keep);
  let { ties } = cutoff;
  for (const [g, { free, alive }] of group.entries()) {
    for (let i = 0; i < free.length; i++) {
      const score = Math.abs(scores[g][i]);
      const survives = score > cutoff.threshold || (score === cutoff.threshold && ties-- > 0);
      if (survives && score > 0) continue;
      alive[i] = PRUNED;
      free[i] = 0;
    }
  }
}

/** Of the mean over a layer's weights, what is added to the square of each: one that has just come back has been seen in few steps. */
const SHARED = 0.1;
/** The largest float32. */
const MOST = 3.4028234e38;

/**
 * About by how much the loss would grow without each weight, as the root of twice that: w · √E[g²], the mean squared gradient in the
 * place of the second derivative. It is the same however a layer is scaled against the next, where magnitudes are not.
 *
 * Source: Le Cun, Denker & Solla 1990, "Optimal Brain Damage", with the Fisher information of Theis et al. 2018, §2.
 */
function sensitivities({ free, alive }: Parameter, squares: Float32Array | undefined): Float32Array {
  if (!squares) return free;
  let [sum, count] = [0, 0];
  for (let i = 0; i < free.length; i++) {
    if (alive[i] !== ALIVE) continue;
    sum += squares[i];
    count++;
  }
  const mean = count > 0 ? sum / count : 0;
  // What is fixed has no gradient any more, and stays.
  return free.map((weight, i) =>
    alive[i] === FIXED ? MOST : weight * Math.sqrt((1 - SHARED) * squares[i] + SHARED * mean),
  );
}
