import { present } from '../guards.js';
import { selectLargest } from '../stages/magnitude.js';
import { ALIVE, type Parameter, PRUNED } from './parameter.js';

/** Steps whose gradients are summed up before weights come back: of one batch they are mostly noise. */
const SUMMED_STEPS = 200;
/** What a weight that comes back starts at: as good as nothing, but not the zero of one that is pruned. */
const START = 1e-6;

/** Lets pruned weights come back where the loss would fall most. */
export interface Regrowth {
  /** Begins anew: an epoch knows nothing of those before, so that training can go on from any. */
  begin(): void;
  /** Takes in a step's gradients of the values that the model sees, those of pruned weights among them. */
  observe(gradients: readonly Float32Array[]): void;
  /** Whether enough was seen. */
  isDue(): boolean;
  /** How many weights come back where so many are kept, at a share of the time that there is for it. */
  count(kept: number, share: number): number;
  /** Brings back so many of a group's pruned weights, those with the largest gradients. */
  grow(group: readonly Parameter[], count: number): void;
}

/**
 * The others of a layer make up for what is pruned early, when nothing is known of how few will be left. In turns some more are
 * pruned than the schedule says, and as many come back by their gradients, from zero on: fewer and fewer, down to none when the
 * density is reached.
 *
 * Source: Evci et al. 2020, "Rigging the Lottery", §3; with a falling density: Liu et al. 2021, "Sparse Training via Boosting
 * Pruning Plasticity with Neuroregeneration", §4.
 *
 * @param parameters - all that are trained, in the order of their gradients
 * @param rate - share of the weights kept that come back at first, 0 to 1
 * @param epoch - steps of an epoch
 */
export function createRegrowth(parameters: readonly Parameter[], rate: number, epoch: number): Regrowth {
  const sums = parameters.map(({ values }) => new Float32Array(rate > 0 ? values.length : 0));
  let steps = 0;
  return {
    begin() {
      for (const sum of sums) sum.fill(0);
      steps = 0;
    },
    observe(gradients) {
      if (rate === 0) return;
      steps++;
      for (const [p, sum] of sums.entries()) for (let i = 0; i < sum.length; i++) sum[i] += gradients[p][i];
    },
    isDue: () => rate > 0 && steps >= Math.min(SUMMED_STEPS, epoch),
    count: (kept, share) => Math.round(rate * kept * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, share)))),
    grow(group, count) {
      const own = group.map((parameter) => present(sums[parameters.indexOf(parameter)]));
      const wishes = group.map(({ alive }, g) => own[g].map((sum, i) => (alive[i] === PRUNED ? sum : 0)));
      let { threshold, ties } = selectLargest(() => wishes, count);
      for (const [g, { alive, free }] of group.entries()) {
        for (const [i, wish] of wishes[g].entries()) {
          const size = Math.abs(wish);
          if (!(size > threshold || (size === threshold && size > 0 && ties-- > 0))) continue;
          alive[i] = ALIVE;
          free[i] = -Math.sign(wish) * START;
        }
      }
    },
  };
}
