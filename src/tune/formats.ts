import { FxqError } from '../errors.js';
import { channelsOf } from '../graph/channels.js';
import type { Model, Tensor } from '../model/model.js';
import { readRecords } from '../onnx/metadata.js';
import { RANGES, type Range } from '../quantize/formats/format.js';
import { formatNamed } from '../quantize/formats/parse.js';
import { recordedFormats, recordedOption } from '../quantize/record.js';
import { isWinograd, linesBy, type QuantizedLayer, quantizedLayers } from '../stages/quantize.js';
import { askedFormats, TUNE_DEFAULTS, type TuneOptions } from './options.js';
import type { TrainedFormat } from './quantized.js';

/** The number formats that a training keeps to, or trains into. */
export interface TrainedFormats {
  readonly layers: ReadonlyMap<Tensor, QuantizedLayer>;
  /** Whether they have been chosen now, and are not those of the model as it comes. */
  readonly areNew: boolean;
  /** Whether zeros are pruned weights; in weights that have been rounded without having been pruned they are values. */
  readonly arePruned: boolean;
}

/**
 * Finds the formats: those that options ask for, else those that the model's record tells.
 *
 * @throws FxqError `CONFIG` for weights that have been rounded in a domain of Winograd's
 */
export function formatsOf(model: Model, options: TuneOptions): TrainedFormats {
  const { exclude, rules, weights, by, range, first, last } = options;
  if (askedFormats(options).length > 0) {
    const layerRules = rules?.map(({ match, options: { weights, by, range } }) => ({
      match,
      options: { weights, by, range },
    }));
    const asked = quantizedLayers(model, { exclude, rules: layerRules, weights, by, range, first, last });
    // Payloads may have been rewritten there; places are the same.
    const own = new Map(asked.model.tensors.map((tensor, i) => [tensor, model.tensors[i]]));
    const layers = new Map(Array.from(asked.layers, ([tensor, layer]) => [own.get(tensor) ?? tensor, layer]));
    return { layers, areNew: true, arePruned: true };
  }
  const formats = recordedFormats(model);
  const tensors = model.tensors.filter(({ name }) => formats.has(name));
  const domain = recordedOption(model, 'domain');
  if (tensors.some(isWinograd) && domain !== undefined && domain !== 'spatial') {
    const message = `tune: the model's weights are rounded in the domain ${domain}, which training would leave; give weights a format to train into, or tune before they are rounded`;
    throw new FxqError('CONFIG', message, { expected: 'spatial', actual: domain });
  }
  const recorded = range ?? RANGES.find((each) => each === recordedOption(model, 'range'));
  const channels = tensors.length > 0 ? channelsOf(model, new Set(tensors)) : undefined;
  const layers = new Map<Tensor, QuantizedLayer>();
  for (const tensor of tensors) {
    const format = formats.get(tensor.name);
    if (!format) continue;
    layers.set(tensor, {
      ...format,
      range: fitting(format.weights, recorded),
      lines: linesBy(format.by, tensor, channels),
      domain: 'spatial',
    });
  }
  return { layers, areNew: false, arePruned: readRecords(model).some(({ text }) => isPruning(text)) };
}

/** How a layer's weights are rounded in training. */
export function trainedFormat(
  { weights, by, range, lines }: QuantizedLayer,
  { percentile, scaling, scales, rounding, incremental }: TuneOptions,
): TrainedFormat | undefined {
  const format = formatNamed(weights);
  if (!format) return undefined;
  return {
    ...{ format, lines, range, hasDead: by === 'channel' },
    percentile: percentile ?? TUNE_DEFAULTS.percentile,
    scaling: scaling ?? TUNE_DEFAULTS.scaling,
    scales: incremental === undefined ? (scales ?? TUNE_DEFAULTS.scales) : 'kept',
    isRandom: rounding === 'stochastic',
    isIncremental: incremental !== undefined,
  };
}

/** A range that one of the formats has not is that of the others. */
function fitting(name: string, range: Range | undefined): Range | undefined {
  const ranges: readonly (Range | undefined)[] = ['max', 'mse', ...(formatNamed(name)?.ranges ?? [])];
  return ranges.includes(range) ? range : undefined;
}

/** Whether a record is one of removing weights. */
function isPruning(text: string): boolean {
  return /^prune\b/.test(text) || /^tune\b.* density=/.test(text);
}
