import type { CalibrationKernels, Levels } from '../kernels/calibrate/kernels.js';
import { FIXED } from '../kernels/calibrate/memory.js';
import { bitsOf, countSymbols, gridLevels, meansLevels } from '../quantize/levels.js';
import { corrected } from './bias.js';
import { coupleRows } from './coupling.js';
import type { LayerJob, LayerResult } from './job.js';
import { type Spread, spreadOf } from './solve.js';

/** Δ² in units of what a bit costs (measured; flat around its optimum). */
const STEP = 32;
/** Bits need counts, and counts need symbols: the first pass is without a price. */
const PASSES = 3;

export function compensate(job: LayerJob, kernels: CalibrationKernels): LayerResult {
  const { groups, rows, inputs, bias, lambda } = job;
  const size = rows * inputs;
  const spreads = Array.from({ length: groups }, (_, group) => {
    const weights = Float64Array.from(job.weights.subarray(group * size, (group + 1) * size));
    return spreadOf(job, group, weights, kernels);
  });
  const { squares, products } = job.rowCosts ?? { squares: relativeCosts(spreads, job, kernels) };
  const couplings =
    products &&
    spreads.map((_, group) => coupleRows(products.subarray(group * rows ** 2, (group + 1) * rows ** 2), rows, kernels));
  // What is left of a row's cost once the rows after it have made up for what they can.
  const costs = couplings ? Float64Array.from(couplings.flatMap((each) => [...each.costs])) : squares;
  const isGrid = job.clusters === undefined;
  const levels = isGrid ? grid(spreads, costs, job) : codebook(spreads, job);
  const symbols = new Uint16Array(groups * size);
  if (!isGrid) {
    const zero = FIXED | levels.indexOf(0);
    for (let i = 0; i < symbols.length; i++) if (job.weights[i] === 0) symbols[i] = zero;
  }
  let bits: Float32Array = new Float32Array(levels.length);
  const shape = { rows, inputs };
  const isPriced = isGrid && job.isPriced;
  const penaltiesOf = (all: Float64Array, group: number) =>
    all.subarray(group * rows, (group + 1) * rows).map((cost) => (isPriced && cost > 0 ? lambda / cost : 0));
  const symbolsOf = (group: number) => symbols.subarray(group * size, (group + 1) * size);
  for (let pass = 0; pass < (isGrid ? PASSES : 1); pass++) {
    for (const [group, { targets, factor }] of spreads.entries()) {
      const [penalties, part] = [penaltiesOf(costs, group), symbolsOf(group)];
      kernels.quantise(shape, targets, factor, levels, bits, penalties, part, couplings?.[group].forward);
    }
    bits = bitsOf(countSymbols(symbols, levels.length), symbols.length);
  }
  for (const [group, { targets, moments }] of job.sweeps > 0 ? spreads.entries() : []) {
    const [penalties, part] = [penaltiesOf(squares, group), symbolsOf(group)];
    kernels.descend(shape, targets, moments, levels, bits, penalties, part, job.sweeps, couplings?.[group].mutual);
  }
  const weights = Float32Array.from(symbols, (symbol) => levels[symbol & ~FIXED]);
  return { weights, bias: bias && corrected(job, weights, spreads) };
}

/** Every row costs the same: what makes the error of the whole layer relative to its output. */
function relativeCosts(
  spreads: readonly Spread[],
  { groups, rows, inputs, weights }: LayerJob,
  kernels: CalibrationKernels,
): Float64Array {
  const size = rows * inputs;
  let energy = 0;
  for (const [group, { moments }] of spreads.entries()) {
    const part = Float64Array.from(weights.subarray(group * size, (group + 1) * size));
    const product = kernels.product(part, moments, inputs);
    for (let i = 0; i < size; i++) energy += part[i] * product[i];
  }
  return new Float64Array(groups * rows).fill(energy > 0 ? 1 / energy : 1);
}

/** The step at which every layer's last bit is worth the same. */
function grid(spreads: readonly Spread[], rowCosts: Float64Array, { lambda, reach }: LayerJob): Levels {
  let curvature = 0;
  let count = 0;
  let largest = 0;
  for (const { factor, inputs, dead, targets } of spreads) {
    const skipped = new Set(dead);
    for (let j = 0; j < inputs; j++) {
      if (skipped.has(j)) continue;
      curvature += 1 / factor[j * inputs + j] ** 2;
      count++;
    }
    for (const target of targets) largest = Math.max(largest, Math.abs(target));
  }
  const cost = rowCosts.reduce((a, b) => a + b, 0) / rowCosts.length;
  const wanted = Math.sqrt((STEP * lambda * count) / (cost * curvature));
  const step = Math.fround(Math.max(Number.isFinite(wanted) ? wanted : largest, largest / reach) || 1);
  return gridLevels(step, Math.max(1, Math.min(reach, Math.ceil(largest / step) + 1)));
}

/** What k-means finds for the weights aimed at, those that are zero left out. */
function codebook(spreads: readonly Spread[], { weights, clusters = 1 }: LayerJob): Levels {
  const values = new Float32Array(weights.length);
  let count = 0;
  let at = 0;
  for (const { targets } of spreads) {
    for (const target of targets) if (weights[at++] !== 0) values[count++] = target;
  }
  return meansLevels(values.subarray(0, count), clusters, count < weights.length);
}
