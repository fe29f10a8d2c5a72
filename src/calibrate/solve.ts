import { FxqError } from '../errors.js';
import type { CalibrationKernels } from '../kernels/calibrate/kernels.js';
import type { MeasuredLayer } from './job.js';

/** How a layer's columns are spread, group by group, made ready for compensation. */
export interface Spread {
  readonly inputs: number;
  /** Second moments about the mean (about zero for layers without a bias), [inputs, inputs]. */
  readonly moments: Float64Array;
  /** U with UᵀU the inverse of the damped moments. */
  readonly factor: Float64Array;
  /** What was added to the diagonal for that. */
  readonly added: number;
  /** Inputs that never vary here, and may elsewhere: their weights are aimed at as they are. */
  readonly dead: readonly number[];
  /** What the weights should be, given that the columns are no longer the original model's: [rows, inputs]. */
  readonly targets: Float64Array;
  /** The means of the columns: of the original model, and of the compressed one. */
  readonly originalMean: Float64Array;
  readonly mean: Float64Array;
}

/** An input that varies less than this, beside the one that varies most, is taken for one that never does. */
const DEAD = 1e-9;
/** So is one that varies less than this beside its own size: that is float32's rounding. */
const NOISE = 1e-6;

/**
 * Prepares one group of a layer: centres and damps the moments, finds the weights to aim at, factors the inverse.
 *
 * @throws FxqError `DATASET` where columns are not finite
 *
 * @param layer - whose moments may be overwritten
 * @param group - which of its groups
 * @param weights - [rows, inputs], the original ones
 */
export function spreadOf(
  { moments: seen, groups: rowGroups, bias, damping, targetDamping }: Omit<MeasuredLayer, 'weights'>,
  group: number,
  weights: Float64Array,
  kernels: CalibrationKernels,
): Spread {
  const { groups, inputs, own, cross } = seen;
  // Without a bias nothing makes up for a mean.
  const isCentred = bias !== undefined;
  const border = inputs + 1;
  const at = (groups === 1 ? 0 : group) * border * border;
  const meanIn = (sums: Float64Array, place: (j: number) => number) => {
    const count = sums[at + border * border - 1];
    return Float64Array.from({ length: inputs }, (_, j) => sums[at + place(j)] / count);
  };
  const mean = meanIn(own, (j) => inputs * border + j);
  // Original columns are the cross matrix's rows, so that their sums stand in its last column.
  const originalMean = cross ? meanIn(cross, (j) => j * border + inputs) : mean;
  const crossMean = cross ? meanIn(cross, (j) => inputs * border + j) : mean;
  // Where no other group reads them, sums give way to what is made of them: a matrix less.
  const isAlone = groups === 1 && rowGroups === 1;
  const about = (sums: Float64Array, left: Float64Array, right: Float64Array) => {
    const count = sums[at + border * border - 1];
    const matrix = isAlone ? sums.subarray(0, inputs * inputs) : new Float64Array(inputs * inputs);
    for (let i = 0; i < inputs; i++) {
      const shift = isCentred ? left[i] : 0;
      for (let j = 0; j < inputs; j++) matrix[i * inputs + j] = sums[at + i * border + j] / count - shift * right[j];
    }
    return matrix;
  };
  const raw = Float64Array.from(
    { length: inputs },
    (_, j) => own[at + j * (border + 1)] / own[at + border * border - 1],
  );
  if (!raw.every(Number.isFinite)) {
    throw new FxqError('DATASET', 'calibration data: the model makes values of it that are not finite');
  }
  const moments = about(own, mean, mean);
  symmetrise(moments, inputs);
  const diagonal = Float64Array.from({ length: inputs }, (_, j) => moments[j * inputs + j]);
  const largest = diagonal.reduce((a, b) => Math.max(a, b), 0);
  const dead = [...diagonal.keys()].filter((j) => !(diagonal[j] > DEAD * largest && diagonal[j] > NOISE * raw[j]));
  for (const j of dead) {
    diagonal[j] = 0;
    moments.fill(0, j * inputs, (j + 1) * inputs);
    for (let at = j; at < moments.length; at += inputs) moments[at] = 0;
  }
  const average = diagonal.reduce((a, b) => a + b, 0) / inputs;
  const crossed = cross && about(cross, originalMean, crossMean);
  const targets = crossed
    ? aim({ weights, cross: crossed, moments, damping: targetDamping * average, inputs }, kernels)
    : weights.slice();
  for (const j of dead) for (let row = 0; row < targets.length; row += inputs) targets[row + j] = weights[row + j];
  const { factor, added } = damped({ moments, inputs, damping: damping * average, average, factor: crossed }, kernels);
  return { inputs, moments, factor, added, dead, targets, originalMean, mean };
}

interface Damped {
  readonly moments: Float64Array;
  readonly inputs: number;
  /** What is added to the diagonal. */
  readonly damping: number;
  /** The mean of the diagonal, for where nothing is to be added and something has to. */
  readonly average: number;
  /** Where the factor goes. Default: memory of its own. */
  readonly factor?: Float64Array | undefined;
}

/** The inverse's factor; with ten times the damping where the matrix is not positive definite. */
export function damped(
  { moments, inputs, damping, average, factor = new Float64Array(moments.length) }: Damped,
  kernels: CalibrationKernels,
): Pick<Spread, 'factor' | 'added'> {
  for (let added = damping > 0 ? damping : 1e-8 * average || 1; Number.isFinite(added); added *= 10) {
    factor.set(moments);
    for (let j = 0; j < inputs; j++) factor[j * inputs + j] += added;
    if (kernels.inverseFactor(factor, inputs)) return { factor, added };
  }
  throw new FxqError('DATASET', 'calibration data: the model makes values of it that are not finite');
}

interface Aim extends Omit<Damped, 'average' | 'factor'> {
  /** W, [rows, inputs]. */
  readonly weights: Float64Array;
  /** C; overwritten, and free for use afterwards. */
  readonly cross: Float64Array;
}

/** Weights with which the columns as they are now give what the original ones gave: W + W(C − M)(M + eI)⁻¹. */
function aim({ weights, cross, moments, damping, inputs }: Aim, kernels: CalibrationKernels): Float64Array {
  for (let i = 0; i < cross.length; i++) cross[i] -= moments[i];
  const shift = kernels.product(weights, cross, inputs);
  kernels.timesInverse(
    shift,
    damped({ moments, inputs, damping, average: damping, factor: cross }, kernels).factor,
    inputs,
  );
  for (let i = 0; i < shift.length; i++) shift[i] += weights[i];
  return shift;
}

/** Rounding inside ONNX Runtime leaves the two triangles a little apart. */
function symmetrise(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (matrix[i * size + j] + matrix[j * size + i]) / 2;
      matrix[i * size + j] = mean;
      matrix[j * size + i] = mean;
    }
  }
}
