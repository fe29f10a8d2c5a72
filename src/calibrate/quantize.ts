import { throwIfAborted } from '../errors.js';
import { present } from '../guards.js';
import { finiteWeights, mapWeights } from '../model/patch.js';
import { withRecord } from '../onnx/metadata.js';
import { checkOptions } from '../options/check.js';
import { pickGiven } from '../options/defaults.js';
import { formatNamed } from '../quantize/formats/parse.js';
import { formatRecord } from '../quantize/record.js';
import {
  checkQuantizeOptions,
  hasOutputRange,
  layerSettings,
  QUANTIZE_DEFAULTS,
  type QuantizeOptions,
  quantizedLayers,
  quantizeLayer,
} from '../stages/quantize.js';
import type { Stage } from '../stages/stage.js';
import { CALIBRATION, CALIBRATION_DEFAULTS, type CalibrationOptions } from './options.js';
import { inThreadPool } from './pool.js';
import { hasManyColumns, RECIPE } from './start.js';
import { prepare, walkLayers } from './walk.js';

const NAME = 'quantize';
/** A level is known by so many bits. */
const MOST_BITS = 15;

export interface CalibratedQuantizeOptions extends Omit<QuantizeOptions, 'rounding' | 'seed'>, CalibrationOptions {}

/**
 * Rounds weights to the numbers of a format, on inputs that the model is for: what rounding a weight does to a layer's output
 * is made up for by the weights that are rounded after it, and what is left of that on average by the bias. Layers that cannot be
 * calibrated are rounded to the nearest, and named in a note. Scales are those of least squared error, unless told otherwise.
 *
 * Source: optimal brain surgery by columns (Hassibi & Stork 1993; Frantar et al. 2023, "GPTQ").
 *
 * @throws RangeError if an option is out of its range or makes no sense here; FxqError `CONFIG` for a bad selector
 *
 * @example
 * const stage = calibratedQuantize({ weights: 'int4', by: 'channel', dataset });
 * const quantized = await stage.run(openOnnx(bytes));
 */
export function calibratedQuantize(options: CalibratedQuantizeOptions): Stage {
  const given: QuantizeOptions = { range: 'mse', ...options };
  checkQuantizeOptions(given);
  checkOptions(NAME, CALIBRATION, options);
  if (hasOutputRange(given)) throw new RangeError(`${NAME}: range output is quantizeByOutput's`);
  checkCompensated(given);
  if (typeof options.dataset !== 'function') {
    throw new TypeError(`${NAME}: expected a dataset to calibrate on, got ${options.dataset}`);
  }
  const { pool = inThreadPool() } = options;
  return {
    name: NAME,
    async run(input, { signal, onProgress, onNote: told } = {}) {
      const { onNote = told } = options;
      const { model, layers } = quantizedLayers(input, given);
      if (layers.size === 0) return model;
      for (const tensor of layers.keys()) {
        throwIfAborted(signal);
        finiteWeights(tensor);
      }
      const settings = layerSettings(layers, given);
      const prepared = await prepare(
        model,
        { isWanted: (tensor) => layers.has(tensor) },
        { ...options, onNote },
        signal,
      );
      const rest = new Map(settings);
      for (const { tensor } of prepared.layers) {
        for (const each of [tensor, ...(prepared.twins.get(tensor) ?? [])]) rest.delete(each);
      }
      for (const { tensor, reason } of prepared.skipped) {
        if (rest.has(tensor)) onNote?.(`${tensor.name}: rounded to the nearest, ${reason}`);
      }
      const calibrated = await walkLayers(
        prepared,
        (turn) => {
          const { layer, weights, moments } = turn;
          const { groups, rows, inputs } = layer;
          const { weights: format, by, range, percentile, scaling } = present(settings.get(layer.tensor));
          return pool.run({
            ...{ groups, rows, inputs, weights, moments, format, range, percentile, scaling },
            by: typeof by === 'number' ? 'layer' : by,
            damping: RECIPE.damping,
            targetDamping: RECIPE.targetDamping,
            bias: RECIPE.isCentred ? turn.bias : undefined,
            sweeps: RECIPE.sweeps[hasManyColumns(turn) ? 'many' : 'few'],
          });
        },
        onProgress,
      );
      const quantized = mapWeights(calibrated, rest, quantizeLayer);
      const { seed, fast } = { ...CALIBRATION_DEFAULTS, ...pickGiven(['seed', 'fast'], options) };
      const { range, percentile, scaling } = given;
      const settled = { range, percentile, scaling, rounding: 'compensated', seed, fast };
      return withRecord(
        quantized,
        formatRecord(model, layers, settled, { ...QUANTIZE_DEFAULTS, ...CALIBRATION_DEFAULTS, range: 'mse' }),
      );
    },
  };
}

/** @throws RangeError for what weights cannot make up for */
export function checkCompensated({ rounding, domain, rules = [], first, last, ...options }: QuantizeOptions): void {
  if (domain !== undefined && domain !== QUANTIZE_DEFAULTS.domain) {
    throw new RangeError(
      `${NAME}: rounding with data is spatial, and in no domain of Winograd's; leave out one of them`,
    );
  }
  if (rounding !== undefined && rounding !== 'nearest') {
    throw new RangeError(`${NAME}: rounding with data is compensated; leave out rounding ${rounding}`);
  }
  const ends = [first, last].map((weights) => ({ weights, by: undefined }));
  for (const { weights, by } of [options, ...ends, ...rules.map((rule) => rule.options)]) {
    if (typeof by === 'number') {
      throw new RangeError(`${NAME}: rounding with data is by layer, channel or group, not by runs of ${by} weights`);
    }
    const { bits = 0, name } = formatNamed(weights ?? '') ?? {};
    if (bits > MOST_BITS) {
      throw new RangeError(`${NAME}: rounding with data has at most ${MOST_BITS} bits, and ${name} needs none`);
    }
  }
}
