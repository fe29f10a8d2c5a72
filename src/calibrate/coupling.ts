import type { CalibrationKernels } from '../kernels/calibrate/kernels.js';
import { damped } from './solve.js';

/** Share of the mean diagonal that is added to the rows' moments: they are of a few hundred probes only. */
const DAMPING = 0.1;

/** How the rows of a group make up for each other's errors. */
export interface Coupling {
  /** By row: what a squared error costs that the rows after it make up for as well as they can. */
  readonly costs: Float64Array;
  /** What share of the error of an earlier row (a column here) a row makes up for: [rows, rows], below the diagonal. */
  readonly forward: Float64Array;
  /** How much the slope of a row's error changes with every row's: [rows, rows], with ones on the diagonal. */
  readonly mutual: Float64Array;
}

/**
 * Makes the second moments of the gradients at a layer's output ready for compensation. An error matrix E then costs
 * tr(G E H Eᵀ), of which `compensate` takes H from the inputs: with UᵀU = G⁻¹ an error of row r is best made up for by
 * −U_rq / U_rr of it in every later row q.
 *
 * @param moments - G, [rows, rows]
 */
export function coupleRows(moments: Float64Array, rows: number, kernels: CalibrationKernels): Coupling {
  let average = 0;
  for (let r = 0; r < rows; r++) average += moments[r * (rows + 1)] / rows;
  const { factor } = damped({ moments, inputs: rows, damping: DAMPING * average, average }, kernels);
  const costs = Float64Array.from({ length: rows }, (_, r) => 1 / factor[r * (rows + 1)] ** 2);
  const forward = new Float64Array(rows * rows);
  const mutual = new Float64Array(rows * rows);
  for (let r = 0; r < rows; r++) {
    const cost = moments[r * (rows + 1)];
    for (let q = 0; q < rows; q++) {
      if (q > r) forward[q * rows + r] = factor[r * rows + q] / factor[r * (rows + 1)];
      mutual[r * rows + q] = q === r ? 1 : cost > 0 ? moments[r * rows + q] / cost : 0;
    }
  }
  return { costs, forward, mutual };
}
