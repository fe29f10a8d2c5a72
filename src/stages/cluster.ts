import type { Change, Tensor } from '../model/model.js';
import { mapWeights, selectLayers } from '../model/patch.js';
import { type Selection, selector } from '../model/selectors.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import { checkAlternatives, checkOptions, givenOf } from '../options/check.js';
import { defaultsOf, recordOf } from '../options/defaults.js';
import { choice, number, type OptionsOf, seed as seedOption, whole } from '../options/option.js';
import { centroidFinder, fewestCentroids, MAX_CLUSTERS, roundingOf, shareValues } from '../quantize/codebook.js';
import { fixedBasisOf } from '../quantize/fixed-basis.js';
import { gridStep, roundToGrid } from '../quantize/grid.js';
import { INITIALISATIONS, type Initialisation, sortNonZeros } from '../quantize/kmeans/index.js';
import { sharedValuesOf } from '../quantize/shared-values.js';
import { toWaves } from '../quantize/waves.js';
import type { Stage, StageDefinition } from './stage.js';

const NAME = 'cluster';

/** How many values a layer may have besides zero: one of the three. */
export interface ClusterSize {
  /** As many as this many bits tell apart: 2^bits, of which zero takes none. */
  bits?: number | undefined;
  /** The number itself, 1 to 1023. */
  clusters?: number | undefined;
  /**
   * As few as leave this signal-to-noise ratio, in decibels: 10·log10 of the weights' energy over the error's. The
   * ratio is that of the layers' mean; each layer's share of the noise is in proportion to its number of weights,
   * because a small layer matters as much as a large one and its bits cost less. Where 1023 are not enough, 1023.
   */
  snr?: number | undefined;
}

/** How one layer is clustered. */
export interface ClusterLayer extends ClusterSize {
  /** How the first centroids are placed (Han et al. 2016, §3.2). Default `linear`. */
  init?: Initialisation | undefined;
}

/** Settings of `cluster`. */
export interface ClusterOptions extends ClusterLayer, Selection<ClusterLayer> {
  /** Seed of `random` and `kmeans++`. Default 0. */
  seed?: number | undefined;
  /**
   * What layers share that are sized by `snr`: `means` of clusters, or the multiples of one step, `grid`, which is as many
   * values as it takes and codes shorter. There layers stay as they are that nobody has learned (see `fixedBasisOf`); types
   * other than float32 have means. Default `means`; in `compress` `grid`, unless an
   * option of means is given.
   */
  values?: 'means' | 'grid' | undefined;
  /** Type that centroids are rounded to: `float16` halves the codebook, `native` is the tensor's own. Default `float16`. */
  centroids?: 'float16' | 'native' | undefined;
}

/** The options of which a layer has one. */
const SIZES = ['bits', 'clusters', 'snr'] as const;

const OPTIONS = {
  bits: whole({ text: '2^bits values a layer', value: 'bits', low: 1, high: 10 }),
  clusters: whole({ text: 'values a layer', low: 1, high: MAX_CLUSTERS }),
  snr: number({
    text: 'as few values as keep this signal-to-noise ratio in decibels',
    value: 'decibels',
    low: 0,
    high: 100,
    default: 40,
  }),
  init: choice({ text: 'start of k-means', value: 'method', of: INITIALISATIONS, default: 'linear' }),
  seed: seedOption('seed of random and kmeans++'),
  values: choice({
    text: 'with snr: means of clusters, or multiples of one step, which is what compress does by default',
    value: 'kind',
    of: ['means', 'grid'],
    default: 'means',
  }),
  centroids: choice({
    text: 'type that shared values are rounded to',
    value: 'type',
    of: ['float16', 'native'],
    default: 'float16',
  }),
} satisfies OptionsOf<ClusterOptions, keyof Selection<never>>;

/** What `cluster` does unless told otherwise. */
export const CLUSTER_DEFAULTS = defaultsOf(OPTIONS);

/** The stage as others find it by its name. */
export const CLUSTER = {
  name: NAME,
  text: 'How many values the weights of a layer share',
  options: OPTIONS,
  alternatives: SIZES,
  perLayer: [...SIZES, 'init'],
  isDefault: true,
  example: { all: { snr: 40 }, layer: { bits: 5 } },
  create: cluster,
  change: clusterWeights,
} as const satisfies StageDefinition;

/**
 * Makes the weights of each layer share a few values: 1-D k-means over the weights that are not zero. Zeros stay
 * exactly zero and belong to no cluster; a layer with no more distinct values than clusters stays as it is, and where nothing
 * is said of their number, one whose weights share up to 256 values already.
 *
 * Source: Deep Compression (Han, Mao, Dally 2016), §3.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG` for a bad selector
 *
 * @example
 * const stage = cluster({ bits: 5, rules: [{ match: 'op:Conv', options: { bits: 8 } }] });
 * const clustered = await stage.run(openOnnx(bytes));
 */
export function cluster(options: ClusterOptions = {}): Stage {
  const { bits, clusters, snr, init = CLUSTER_DEFAULTS.init, ...rest } = options;
  const { seed = CLUSTER_DEFAULTS.seed, centroids = CLUSTER_DEFAULTS.centroids, ...others } = rest;
  const { values = CLUSTER_DEFAULTS.values, ...selection } = others;
  const hasSize = givenOf(SIZES, options).length > 0;
  const layer: ClusterLayer = { bits, clusters, snr: hasSize ? snr : CLUSTER_DEFAULTS.snr, init };
  for (const each of [options, ...(selection.rules ?? []).map((rule) => rule.options)]) {
    checkAlternatives(NAME, SIZES, each);
    checkOptions(NAME, OPTIONS, each);
  }
  const select = selector(selection, layer, SIZES);
  return {
    name: NAME,
    run(input) {
      const model = withRawHalves(input, (tensor) => select(tensor) !== undefined);
      const layers = selectLayers(model, select);
      const mean = [...layers.keys()].reduce((sum, tensor) => sum + tensor.count, 0) / layers.size;
      const settings = new Map(
        Array.from(layers, ([tensor, of]) => {
          const share = tensor.count / mean;
          const isDefault = !hasSize && of.snr === CLUSTER_DEFAULTS.snr;
          return [tensor, { ...of, init: of.init ?? init, seed, centroids, values, share, isDefault }];
        }),
      );
      const clustered = mapWeights(model, settings, clusterWeights, NAME);
      // Only of what is judged by noise does it say anything.
      const isByNoise = [...settings.values()].some((each) => each.snr !== undefined);
      const record = { ...layer, seed, values: isByNoise ? values : undefined, centroids };
      const defaults = hasSize ? { ...CLUSTER_DEFAULTS, snr: undefined } : CLUSTER_DEFAULTS;
      return layers.size > 0 ? withRecord(clustered, recordOf(NAME, record, defaults)) : clustered;
    },
  };
}

/** The settings of one layer. */
interface ClusterSettings extends ClusterSize {
  readonly init: Initialisation;
  readonly seed: number;
  readonly values: NonNullable<ClusterOptions['values']>;
  readonly centroids: NonNullable<ClusterOptions['centroids']>;
  /** Its number of weights over the layers' mean. */
  readonly share: number;
  /** Whether nobody has said how many values it is to have. */
  readonly isDefault: boolean;
}

/** Whether a change is a clustering that nobody has asked for in so many words. */
export function isDefaultClustering({ stage, options }: Pick<Change, 'stage' | 'options'>): boolean {
  return stage === NAME && (options as ClusterSettings).isDefault;
}

/** What the stage does to a layer. */
function clusterWeights(weights: Float32Array, settings: ClusterSettings, tensor: Tensor): Float32Array {
  const { init, seed, centroids, values, snr, share, isDefault } = settings;
  // On a grid values of 16 bits would be rounded once more, off it.
  const isOnGrid = snr !== undefined && values === 'grid' && tensor.dtype === 'float32';
  const waves = isOnGrid ? toWaves(weights, tensor.dims) : undefined;
  if (waves) return waves;
  if (isDefault && sharedValuesOf(weights) !== undefined) return weights;
  const sorted = sortNonZeros(weights);
  const noise = snr === undefined ? undefined : share * 10 ** (-snr / 10);
  if (noise !== undefined && isOnGrid) return fixedBasisOf(tensor, weights) ? weights : onGrid(weights, sorted, noise);
  const centroidsOf = centroidFinder(sorted, init, seed, roundingOf(tensor, centroids));
  const codebook =
    noise === undefined ? centroidsOf(clustersOf(settings)) : fewestCentroids(sorted, centroidsOf, noise);
  return shareValues(weights, codebook);
}

function onGrid(weights: Float32Array, sorted: Float32Array, noise: number): Float32Array {
  const step = gridStep(sorted, noise);
  return step > 0 ? roundToGrid(weights, step) : weights;
}

/** Options that only means have. */
const OF_MEANS = ['init', 'seed', 'centroids'] as const;

/** Options of `cluster` as compressing takes them: sized by noise, layers go on a grid unless something is said of means. */
export function clusteringOf<Given extends ClusterOptions>(options: Given): Given & ClusterOptions {
  return { ...options, values: options.values ?? (givenOf(OF_MEANS, options).length > 0 ? 'means' : 'grid') };
}

/** How many values that is, beside zero. */
export function clustersOf({ bits = 0, clusters }: Pick<ClusterSize, 'bits' | 'clusters'>): number {
  return clusters ?? Math.min(MAX_CLUSTERS, 2 ** bits);
}
