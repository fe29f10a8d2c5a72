import { xxh32 } from '../binary/xxh32.js';
import { type Channels, channelsOf } from '../graph/channels.js';
import type { Model, Tensor } from '../model/model.js';
import { mapWeights, selectLayers } from '../model/patch.js';
import { type Selection, selector } from '../model/selectors.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import { checkOptions } from '../options/check.js';
import { defaultsOf } from '../options/defaults.js';
import { choice, number, type Option, type OptionsOf, seed as seedOption, whole } from '../options/option.js';
import { RANGES as FITTED, type Range as FittedRange } from '../quantize/formats/format.js';
import { formatOption } from '../quantize/formats/option.js';
import { FLOAT32, formatNamed } from '../quantize/formats/parse.js';
import { SCALINGS, type Scaling } from '../quantize/formats/scale.js';
import { BY, type By, type Lines, linesIn } from '../quantize/lines.js';
import { quantizeWeights } from '../quantize/quantize.js';
import { formatRecord } from '../quantize/record.js';
import { DOMAINS, type Domain, fromDomain, toDomain } from '../quantize/winograd.js';
import type { Stage, StageDefinition } from './stage.js';

const NAME = 'quantize';

/** `output` is found by the model's answers. */
const RANGES = [...FITTED, 'output'] as const;
type Range = (typeof RANGES)[number];

/** How one layer is quantized. */
export interface QuantizeLayer {
  /** The number format of the weights, such as `int8`; `float32` leaves them as they are. */
  weights?: string | undefined;
  /**
   * Which weights have parameters of their own: the layer's, each output channel's, each group's of a grouped convolution, or
   * so many weights behind each other. A channel that does next to nothing, its largest weight under 2^−9 of the layer's,
   * becomes zero. Default `layer`.
   */
  by?: By | undefined;
  /**
   * How parameters are found: so that the largest weight is held; by the least squared error; so that a percentile is held;
   * by nnabla's rule for fixed point; or by what the model answers, for which `quantizeByOutput` needs data. Default: `max`, and `mse` for formats whose scales are powers of two.
   */
  range?: Range | undefined;
}

/** Settings of `quantize`. */
export interface QuantizeOptions extends QuantizeLayer, Selection<QuantizeLayer> {
  /** The format of the layer that runs first, and of the one that runs last. Default: that of all. */
  first?: string | undefined;
  last?: string | undefined;
  /** Of range `percentile`: how many per cent of the weights are held. Default 99.99. */
  percentile?: number | undefined;
  /** What scales are restricted to; where float16 cannot hold one, float32 does. Default `float16`. */
  scaling?: Scaling | undefined;
  /** To the nearest value, of two the even one; or by chance to one of the two next to a weight. Default `nearest`. */
  rounding?: 'nearest' | 'stochastic' | undefined;
  /** Seed of stochastic rounding. Default 0. */
  seed?: number | undefined;
  /** Where weights of 3×3 convolutions are rounded: as they are, or as Winograd's algorithm transforms them. Default `spatial`. */
  domain?: Domain | undefined;
}

const RUN = whole({ text: 'weights of a run', low: 1 });

const by: Option<By, 'layer'> = {
  text: `what has parameters of its own: ${BY.join(', ')}, or so many weights`,
  value: 'lines',
  default: 'layer',
  schema: { anyOf: [{ enum: BY }, RUN.schema] },
  expected: (name = 'by') => `${name} ${BY.join(', ')} or a number of weights`,
  accepts: (value) => BY.some((each) => each === value) || RUN.accepts(value),
  parse(text) {
    const by = BY.find((each) => each === text) ?? Number(text);
    if (typeof by === 'number' && !RUN.accepts(by))
      throw new Error(`Expected ${BY.join(', ')} or a number of weights.`);
    return by;
  },
  show: String,
};

const OPTIONS = {
  weights: formatOption('number format of the weights, such as int8, uint4, fixed8, e2m1, ternary'),
  by,
  range: choice({
    text: 'how parameters are found',
    value: 'rule',
    of: RANGES,
    otherwise: 'max; mse for fixed point, minifloat and powers of two',
  }),
  percentile: number({
    text: 'per cent of the weights that range percentile holds',
    above: 50,
    high: 100,
    default: 99.99,
  }),
  scaling: choice({ text: 'what scales are restricted to', value: 'type', of: SCALINGS, default: 'float16' }),
  rounding: choice({
    text: 'to the nearest value, or to one of two by chance',
    value: 'method',
    of: ['nearest', 'stochastic'],
    default: 'nearest',
  }),
  seed: seedOption('seed of stochastic rounding'),
  domain: choice({
    text: 'where weights of 3×3 convolutions are rounded',
    value: 'domain',
    of: DOMAINS,
    default: 'spatial',
  }),
  first: formatOption('format of the layer that runs first, such as float32 to leave it'),
  last: formatOption('the same of the one that runs last'),
} satisfies OptionsOf<QuantizeOptions, keyof Selection<never>>;

/** What `quantize` does unless told otherwise. */
export const QUANTIZE_DEFAULTS = defaultsOf(OPTIONS);

/** The stage as others find it by its name. */
export const QUANTIZE = {
  name: NAME,
  text: 'The number formats that weights are rounded to, in place of clustering',
  options: OPTIONS,
  alternatives: [],
  perLayer: ['weights', 'by', 'range'],
  example: { all: { weights: 'int8', by: 'channel' }, layer: { weights: 'int8' } },
  create: quantize,
  change: quantizeLayer,
} as const satisfies StageDefinition;

/**
 * Rounds the weights of each layer to the numbers of a format. Zeros stay zero in every format that has a code for it.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG` for a bad selector
 *
 * @example
 * const stage = quantize({ weights: 'int4', by: 'channel', first: 'int8', last: 'int8' });
 * const quantized = await stage.run(openOnnx(bytes));
 */
export function quantize(options: QuantizeOptions = {}): Stage {
  checkQuantizeOptions(options);
  if (hasOutputRange(options)) throw new RangeError(`${NAME}: range output needs data to look at the model's answers`);
  return {
    name: NAME,
    run(input) {
      const { model, layers } = quantizedLayers(input, options);
      const quantized = mapWeights(model, layerSettings(layers, options), quantizeLayer, NAME);
      const { range, percentile, scaling, rounding, seed, domain } = options;
      const told = { range, percentile, scaling, rounding, seed, domain };
      return layers.size > 0 ? withRecord(quantized, formatRecord(model, layers, told, QUANTIZE_DEFAULTS)) : quantized;
    },
  };
}

/** What the stage is given for each layer. */
export function layerSettings(
  layers: ReadonlyMap<Tensor, QuantizedLayer>,
  options: QuantizeOptions,
): Map<Tensor, LayerSettings> {
  const {
    percentile = QUANTIZE_DEFAULTS.percentile,
    scaling = QUANTIZE_DEFAULTS.scaling,
    seed = QUANTIZE_DEFAULTS.seed,
    rounding,
  } = options;
  const common = { percentile, scaling, seed: rounding === 'stochastic' ? seed : undefined };
  return new Map(Array.from(layers, ([tensor, layer]) => [tensor, { ...layer, ...common }]));
}

/** @throws RangeError */
export function checkQuantizeOptions(options: QuantizeOptions): void {
  const { rules = [], first, last } = options;
  if (options.weights === undefined && rules.length === 0) {
    throw new RangeError(
      `${NAME}: expected ${OPTIONS.weights.expected('weights')}, got none; give one for all layers, or rules for layers that have one`,
    );
  }
  for (const each of [options, ...rules.map((rule) => rule.options)]) {
    checkOptions(NAME, OPTIONS, each);
    const { weights = options.weights, range = options.range } = each;
    for (const name of each === options ? [weights, first, last] : [weights]) {
      const known = formatNamed(name ?? FLOAT32);
      if (!known || range === undefined) continue;
      const ranges: readonly Range[] = ['max', 'mse', ...known.ranges, 'output'];
      if (ranges.includes(range)) continue;
      throw new RangeError(`${NAME}: expected a range of ${known.name} (${ranges.join(', ')}), got ${range}`);
    }
  }
}

/** Whether parameters are to be found by what the model answers. */
export function hasOutputRange({ range, rules = [] }: QuantizeOptions): boolean {
  return range === 'output' || rules.some((rule) => rule.options.range === 'output');
}

/** Whether Winograd's algorithm computes with a tensor: the kernels of a convolution of 3×3. */
export function isWinograd({ op, dims }: Tensor): boolean {
  return op === 'Conv' && dims.length === 4 && dims[2] === 3 && dims[3] === 3;
}

/** A layer with all that says how it is quantized. */
export interface QuantizedLayer {
  readonly weights: string;
  readonly by: By;
  readonly range: FittedRange | undefined;
  readonly lines: Lines;
  readonly domain: Domain;
}

/**
 * The layers that are to be quantized, those that stay as they are left out.
 *
 * @returns the model with its float16 payloads where they can be changed, and layers of that model
 */
export function quantizedLayers(
  input: Model,
  options: QuantizeOptions,
): { model: Model; layers: Map<Tensor, QuantizedLayer> } {
  const { include, exclude, rules, first, last } = options;
  const select = selector<QuantizeLayer>({ include, exclude, rules }, {}, []);
  const model = withRawHalves(input, (tensor) => select(tensor) !== undefined);
  const chosen = selectLayers(model, select);
  const hasEnds = first !== undefined || last !== undefined;
  const hasChannels = [options, ...[...chosen.values()]].some(({ by }) => by === 'channel' || by === 'group');
  const channels = hasEnds || hasChannels ? channelsOf(model, new Set(chosen.keys())) : undefined;
  const ends = hasEnds ? endsOf(channels) : {};
  const layers = new Map<Tensor, QuantizedLayer>();
  for (const [tensor, layer] of chosen) {
    const end = tensor === ends.first ? first : tensor === ends.last ? last : undefined;
    const weights = layer.weights ?? end ?? options.weights;
    if (weights === undefined || weights === FLOAT32) continue;
    const by = layer.by ?? options.by ?? QUANTIZE_DEFAULTS.by;
    const range = layer.range ?? options.range;
    // Until it is found, the format's own.
    const fitted = range === 'output' ? undefined : range;
    const domain = isWinograd(tensor) ? (options.domain ?? QUANTIZE_DEFAULTS.domain) : QUANTIZE_DEFAULTS.domain;
    layers.set(tensor, { weights, by, range: fitted, lines: linesBy(by, tensor, channels), domain });
  }
  return { model, layers };
}

function endsOf(channels: ReadonlyMap<Tensor, Channels> = new Map()): { first?: Tensor; last?: Tensor } {
  const inOrder = [...channels].filter(([, { place }]) => place !== undefined);
  inOrder.sort(([, one], [, other]) => (one.place ?? 0) - (other.place ?? 0));
  return inOrder.length > 0 ? { first: inOrder[0][0], last: inOrder[inOrder.length - 1][0] } : {};
}

/** How a tensor's elements make the lines that have parameters of their own. */
export function linesBy(by: By, tensor: Tensor, channels: ReadonlyMap<Tensor, Channels> | undefined): Lines {
  if (typeof by === 'number') return linesIn(tensor.count, by, undefined);
  return (by === 'layer' ? undefined : channels?.get(tensor)?.[by]) ?? { count: 1, inner: tensor.count };
}

/** The settings of one layer: plain data. */
export interface LayerSettings extends QuantizedLayer {
  readonly percentile: number;
  readonly scaling: Scaling;
  /** Absent: to the nearest. */
  readonly seed: number | undefined;
}

/** What the stage does to a layer. */
export function quantizeLayer(weights: Float32Array, settings: LayerSettings): Float32Array {
  const { weights: name, by, range, lines, percentile, scaling, seed, domain } = settings;
  const known = formatNamed(name);
  if (!known) return weights;
  const quantization = {
    ...{ format: known, range, percentile },
    scaling,
    hasDead: by === 'channel',
    // Layers differ, and tensors of the same bytes do not.
    seed: seed === undefined ? undefined : seed + xxh32(new Uint8Array(weights.buffer)),
  };
  if (domain === 'spatial') return quantizeWeights(weights, { ...quantization, lines });
  const tiles = toDomain(weights, domain);
  const grown = tiles.length / weights.length;
  // The kernels of a convolution are whole in every line but in runs of weights, which are as long in tiles.
  const inner = 'inner' in lines ? lines.inner * grown : tiles.length;
  const tileLines = typeof by === 'number' ? linesIn(tiles.length, by, undefined) : { count: lines.count, inner };
  return fromDomain(quantizeWeights(tiles, { ...quantization, lines: tileLines }), domain);
}
