import type { CalibrationOptions } from '../calibrate/options.js';
import { calibratedQuantize, checkCompensated } from '../calibrate/quantize.js';
import type { Batch } from '../data/dataset.js';
import { splitDataset } from '../data/split.js';
import { throwIfAborted } from '../errors.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { exactly, type Rule } from '../model/selectors.js';
import { readWeights } from '../model/weights.js';
import { pieceOf } from '../onnx/interface.js';
import { formatNamed } from '../quantize/formats/parse.js';
import { largestOf } from '../quantize/formats/range.js';
import { loadRuntime } from '../runtime/runtime.js';
import {
  checkQuantizeOptions,
  layerSettings,
  type QuantizedLayer,
  type QuantizeLayer,
  type QuantizeOptions,
  quantize,
  quantizedLayers,
} from '../stages/quantize.js';
import type { Stage } from '../stages/stage.js';
import { openNetwork } from './network.js';
import { type LayerChange, layerRounder } from './rounded.js';

/** Inputs that answers are compared on, and how many go through the model together. */
const MEASURED = 128;
const BATCH = 32;
/** Positions of a point that are tried, from the one that holds the largest weight on. */
const POSITIONS = 5;
/** Times that every layer is looked at, with the others as they have become. */
const SWEEPS = 2;

export interface OutputRangeOptions extends Omit<QuantizeOptions, 'seed'>, CalibrationOptions {
  /** Whether rounding is compensated, too. Default false. */
  readonly isCompensated?: boolean | undefined;
}

/**
 * Quantizes weights with parameters that are chosen layer by layer by how far the model's answers diverge: of fixed point the
 * position, of other formats the rule by which their range is found. Less squared error is not more accuracy, and this is the
 * rule that knows.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG`, `DATASET`, `RUNTIME`, `MISSING_PACKAGE`
 *
 * @example
 * const stage = quantizeByOutput({ weights: 'fixed4', dataset });
 * const quantized = await stage.run(openOnnx(bytes));
 */
export function quantizeByOutput(options: OutputRangeOptions): Stage {
  checkQuantizeOptions(options);
  if (options.isCompensated) checkCompensated(options);
  return {
    name: 'quantize',
    async run(input, { signal, onProgress, onNote } = {}) {
      const { isCompensated, dataset, seed = 0, threads, rules = [], ...rest } = options;
      // What is asked for by name stays, for the layers that are not searched.
      const range = options.range === 'output' ? undefined : options.range;
      const given: QuantizeOptions = { ...rest, range, rules: rules.map(withoutOutput) };
      const { model, layers } = quantizedLayers(input, given);
      const isSearched = ({ range }: QuantizeLayer = {}) => (range ?? options.range ?? 'output') === 'output';
      const searched = [...layers].filter(([, layer]) => isSearched(layer));
      const split = await splitDataset(dataset, BATCH, options.samples ?? MEASURED, 0, seed, {
        piece: pieceOf(input),
      });
      const batches: Batch[] = [];
      for await (const batch of split.calibration()) batches.push(batch);
      const runtime = options.runtime ?? (await loadRuntime());
      const network = await openNetwork(model, batches, { runtime, threads, signal });
      const chosen = new Map<Tensor, LayerChange>();
      // Every layer by a rule of its own, so that none of what was given speaks against what is chosen.
      const common = { ...given, seed, weights: undefined, first: undefined, last: undefined };
      const settled = (): QuantizeOptions => ({ ...common, rules: rulesOf(layers, chosen) });
      const roundedBy = layerRounder(model, layerSettings(layers, { ...given, seed }));
      const measure = (limit?: number) => network.divergence(roundedBy(chosen), limit);
      let least = await measure();
      const total = SWEEPS * searched.length;
      for (let i = 0; i < total; i++) {
        const [tensor, layer] = searched[i % searched.length];
        const before = chosen.get(tensor);
        let best = before;
        for (const candidate of candidatesOf(tensor, layer)) {
          throwIfAborted(signal);
          if (isSame(candidate, before)) continue;
          chosen.set(tensor, candidate);
          const divergence = await measure(least);
          if (divergence < least) [best, least] = [candidate, divergence];
        }
        if (best) chosen.set(tensor, best);
        else chosen.delete(tensor);
        onProgress?.((i + 1) / total);
      }
      if (!isCompensated) return quantize(settled()).run(model);
      return calibratedQuantize({ ...options, ...settled(), seed }).run(model, {
        ...(signal && { signal }),
        ...(onNote && { onNote }),
      });
    },
  };
}

/** What there is to choose from for a layer. */
function candidatesOf(tensor: Tensor, { weights }: QuantizedLayer): LayerChange[] {
  const format = present(formatNamed(weights));
  const fixed = /^fixed(\d+)$/.exec(format.name);
  if (fixed) {
    const largest = largestOf(readWeights(tensor)) || 1;
    const position = Number(fixed[1]) - Math.ceil(Math.log2(largest) + 1);
    return Array.from({ length: POSITIONS }, (_, i) => ({ weights: `${format.name}.${position - 1 + i}` }));
  }
  const ranges = (['max', 'mse', ...format.ranges] as const).filter((range) => range !== 'nnabla');
  return ranges.map((range) => ({ range }));
}

function rulesOf(
  layers: ReadonlyMap<Tensor, QuantizedLayer>,
  chosen: ReadonlyMap<Tensor, LayerChange>,
): Rule<QuantizeLayer>[] {
  return Array.from(layers, ([tensor, { weights, by, range }]) => {
    return { match: exactly(tensor.name), options: { weights, by, range, ...chosen.get(tensor) } };
  });
}

function withoutOutput({ match, options }: Rule<QuantizeLayer>): Rule<QuantizeLayer> {
  const { range, ...rest } = options;
  return { match, options: range === 'output' || range === undefined ? rest : options };
}

function isSame(one: LayerChange, other: LayerChange | undefined): boolean {
  return other !== undefined && one.weights === other.weights && one.range === other.range;
}
