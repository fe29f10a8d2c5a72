import type { Moments } from './job.js';

/** In at most so many directions, as a share of a layer's inputs, and so many in all, the spread is called low. */
const LOW_SHARE = 1 / 32;
const MOST = 16;
/** Of fewer inputs, one direction is no sign of anything. */
const FEWEST_INPUTS = 8;
/** Less than this beside the spread, or beside the squares themselves, is what float32 rounds. */
const NOISE = 1e-6;

/**
 * In how many directions a layer's inputs vary about their mean, where that is too few to choose weights by: 0 where they
 * never vary. `undefined` where they vary enough. (A pivoted Cholesky factorisation that ends once it is clear.)
 *
 * @param moments - of the columns, as the model compressed so far makes them
 */
export function fewDirections({ groups, inputs, own }: Moments): number | undefined {
  const most = inputs < FEWEST_INPUTS ? 0 : Math.max(1, Math.min(MOST, Math.floor(inputs * LOW_SHARE)));
  let rank = 0;
  for (let group = 0; group < groups; group++) {
    const found = directionsIn(own.subarray(group * (inputs + 1) ** 2, (group + 1) * (inputs + 1) ** 2), inputs, most);
    if (found === undefined) return undefined;
    rank = Math.max(rank, found);
  }
  return rank;
}

function directionsIn(own: Float64Array, inputs: number, most: number): number | undefined {
  const border = inputs + 1;
  const count = own[border * border - 1];
  const mean = (j: number) => own[inputs * border + j] / count;
  const moment = (i: number, j: number) => own[i * border + j] / count - mean(i) * mean(j);
  const left = Float64Array.from({ length: inputs }, (_, j) => Math.max(0, moment(j, j)));
  const total = left.reduce((a, b) => a + b, 0);
  let squares = 0;
  for (let j = 0; j < inputs; j++) squares += own[j * (border + 1)] / count;
  if (!(total > NOISE * squares)) return 0;
  const noise = NOISE * Math.max(total, squares);
  const factors: Float64Array[] = [];
  for (;;) {
    const rest = left.reduce((a, b) => a + b, 0);
    if (rest <= noise) return factors.length;
    if (factors.length === most) return undefined;
    const pivot = left.reduce((best, value, j) => (value > left[best] ? j : best), 0);
    const root = Math.sqrt(left[pivot]);
    const factor = Float64Array.from({ length: inputs }, (_, j) => {
      const known = factors.reduce((sum, each) => sum + each[j] * each[pivot], 0);
      return (moment(pivot, j) - known) / root;
    });
    for (let j = 0; j < inputs; j++) left[j] = Math.max(0, left[j] - factor[j] ** 2);
    factors.push(factor);
  }
}
