import { present } from '../guards.js';
import type { CalibrationKernels } from '../kernels/calibrate/kernels.js';
import { FIXED } from '../kernels/calibrate/memory.js';
import { type Fitted, valueAt } from '../quantize/formats/format.js';
import { formatNamed } from '../quantize/formats/parse.js';
import { deadBelow, fitLine } from '../quantize/quantize.js';
import { corrected } from './bias.js';
import type { FormatJob, LayerResult } from './job.js';
import { spreadOf } from './solve.js';

/**
 * Rounds a layer to a number format, weight after weight, each of which makes up for what the ones before it have done to the
 * layer's output. Rows are divided by their scales, so that the values of all of them are the same levels.
 */
export function roundToFormat(job: FormatJob, kernels: CalibrationKernels): LayerResult {
  const { groups, rows, inputs, weights: original, sweeps } = job;
  const shape = { rows, inputs };
  const size = rows * inputs;
  const spreads = Array.from({ length: groups }, (_, group) =>
    spreadOf(job, group, Float64Array.from(original.subarray(group * size, (group + 1) * size)), kernels),
  );
  const allTargets = Float32Array.from(
    { length: groups * size },
    (_, i) => spreads[Math.floor(i / size)].targets[i % size],
  );
  const fits = fitRows(job, allTargets);
  const first = fits.find((each) => each !== undefined);
  const weights = new Float32Array(groups * size);
  // Sets differ in where they begin, if at all.
  const levels = Float32Array.from(first?.set.values() ?? [], (value) => value - (first?.set.low ?? 0));
  const free = new Float32Array(levels.length);
  for (const [group, { targets, factor, moments }] of spreads.entries()) {
    const symbols = new Uint16Array(size);
    const scaled = new Float64Array(size);
    for (let row = 0; row < rows; row++) {
      const fitted = fits[group * rows + row];
      const start = row * inputs;
      if (!fitted) {
        symbols.fill(FIXED, start, start + inputs);
        continue;
      }
      const { set, scale, offset } = fitted;
      const zero = zeroOf(fitted, levels);
      for (let i = start; i < start + inputs; i++) {
        scaled[i] = (targets[i] - offset) / scale - set.low;
        if (zero >= 0 && original[group * size + i] === 0) symbols[i] = FIXED | zero;
      }
    }
    const penalties = new Float64Array(rows);
    kernels.quantise(shape, scaled, factor, levels, free, penalties, symbols);
    if (sweeps > 0) kernels.descend(shape, scaled, moments, levels, free, penalties, symbols, sweeps);
    for (let i = 0; i < size; i++) {
      const fitted = fits[group * rows + Math.floor(i / inputs)];
      if (fitted) weights[group * size + i] = valueAt(fitted, fitted.set.low + levels[symbols[i] & ~FIXED]);
    }
  }
  return { weights, bias: job.bias && corrected(job, weights, spreads) };
}

/** The parameters of each row; absent for a row that becomes zero. */
function fitRows(job: FormatJob, targets: Float32Array): (Fitted | undefined)[] {
  const { groups, rows, inputs, by, range, percentile, scaling, weights } = job;
  const format = present(formatNamed(job.format));
  const perLine = { layer: groups * rows, group: rows, channel: 1 }[by];
  const lines = { count: (groups * rows) / perLine, inner: perLine * inputs };
  const options = { format, lines, range, percentile, scaling, hasDead: by === 'channel' };
  const floor = deadBelow(weights, options);
  return Array.from({ length: lines.count }, (_, line) => {
    const part = (values: Float32Array) => values.subarray(line * lines.inner, (line + 1) * lines.inner);
    // Whether a channel is dead is told by what it was, and its scale by what it is to become.
    const fitted = fitLine(part(weights), floor, options) && fitLine(part(targets), 0, options);
    return new Array<Fitted | undefined>(perLine).fill(fitted);
  }).flat();
}

/** The index of the level that is exactly zero; −1 where none is. */
function zeroOf({ set, offset }: Fitted, levels: Float32Array): number {
  return offset === 0 ? levels.indexOf(-set.low) : -1;
}
