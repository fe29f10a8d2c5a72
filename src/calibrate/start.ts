import { isConvolution, type Layer } from '../graph/layers.js';
import type { Model, Tensor } from '../model/model.js';
import { selector } from '../model/selectors.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import { recordOf } from '../options/defaults.js';
import { cluster, clusteringOf, clustersOf } from '../stages/cluster.js';
import { probeLayers } from './curvature.js';
import { withLookups } from './lookups.js';
import { CALIBRATION_DEFAULTS, type CalibrateOptions, checkCalibrateOptions } from './options.js';
import { inThreadPool } from './pool.js';
import { type LayerTurn, type PreparedModel, prepare, walkLayers } from './walk.js';
import { withWaves } from './waves.js';

/** A model that is ready to be calibrated, with as many values of λ as one likes. */
export interface Calibration {
  /** What it skips is clustered plainly. */
  readonly prepared: PreparedModel;
  /** Whether it is known what the outputs make of errors in each row; otherwise layers are all worth the same. */
  readonly isProbed: boolean;
  /** Tensors that are bases of waves, and are kept as such. */
  readonly waves: readonly Tensor[];
  /** @param priceOf - a layer's own factor of λ. Default: 1 */
  run(lambda: number, onProgress?: (share: number) => void, priceOf?: (layer: Layer) => number): Promise<Model>;
}

/** What the method is made of; the ablation leaves one out at a time. */
export interface Recipe {
  readonly damping: number;
  /** The same for all layers but convolutions, if it differs. */
  readonly matrixDamping?: number;
  readonly targetDamping: number;
  /**
   * How often coordinate descent goes over what compensation has chosen, in convolutions with many columns and in all
   * other layers. It comes nearer to the optimum on the inputs it sees; where these are few, it moves away on others.
   */
  readonly sweeps: { readonly many: number; readonly few: number };
  /** Whether bits have a price when levels are chosen, and not only when the grid is. */
  readonly isPriced: boolean;
  /** Whether rows are weighed by what the model's outputs make of their errors, or layer by layer. */
  readonly isProbed: boolean;
  /** Whether rows make up for each other's errors, too, as far as probes tell what these do together. */
  readonly isTwoSided: boolean;
  /** Whether biases make up for means. */
  readonly isCentred: boolean;
  /** Whether tables that are added, such as those of positions, are chosen, too. */
  readonly hasTables: boolean;
  /** Steps of a layer's grid on either side of zero, at most. */
  readonly reach: number;
}

export const RECIPE: Recipe = {
  damping: 0.1,
  targetDamping: 0.07,
  sweeps: { many: 3, few: 0 },
  isPriced: true,
  isProbed: true,
  isTwoSided: true,
  isCentred: true,
  hasTables: true,
  reach: 127,
};

/**
 * For inputs that only resemble real ones: nothing that fits weights closer to them than their likeness goes, no price
 * that rounds towards zero what they happen not to need, and steps that a few large weights do not widen.
 */
export const SYNTHETIC_RECIPE: Recipe = {
  ...RECIPE,
  isTwoSided: false,
  isPriced: false,
  hasTables: false,
  reach: 8000,
  matrixDamping: 0.5,
};

const MANY_COLUMNS = 4096;

/**
 * Prepares a model: reads the graph, looks at the inputs, probes how much each output row of each layer matters.
 *
 * @param exact - names of tensors that keep their values
 */
export async function startCalibration(
  model: Model,
  options: CalibrateOptions,
  signal?: AbortSignal,
  recipe: Recipe = RECIPE,
  exact: ReadonlySet<string> = new Set(),
): Promise<Calibration> {
  checkCalibrateOptions(options);
  const { bits, clusters, include, exclude } = options;
  const select = selector({ include, exclude }, {}, []);
  const size = bits === undefined && clusters === undefined ? undefined : { bits, clusters };
  // What is asked to have few values is not for waves.
  const { model: based, waves } = withWaves(model, (tensor) => !size && select(tensor) !== undefined);
  const kept = new Set([...exact, ...waves.map(({ name }) => name)]);
  const isWanted = (tensor: Tensor) => select(tensor) !== undefined && !kept.has(tensor.name);
  // Tables that are added, as those of positions, hold weights too, of which nothing says so.
  const selectTable = selector({ include: include ?? TABLES, exclude }, {}, []);
  const isTableWanted = (tensor: Tensor) =>
    isWanted(tensor) || (recipe.hasTables && isTable(tensor, selectTable, kept));
  const raw = withRawHalves(based, isWanted);
  const prepared = await prepare(raw, { isWanted, isTableWanted }, options, signal);
  const { skipped, seed } = prepared;
  const costs = recipe.isProbed ? await probeLayers({ ...prepared, isTwoSided: recipe.isTwoSided }) : undefined;
  // All of what is wanted, from which only what was skipped is taken.
  const plain = await cluster(clusteringOf({ ...size, include, exclude })).run(raw);
  const skippedTensors = new Set(skipped.map(({ tensor }) => tensor));
  const { pool = inThreadPool() } = options;
  const { isPriced, targetDamping, reach } = recipe;
  const count = size && clustersOf(size);
  return {
    prepared,
    isProbed: costs !== undefined,
    waves,
    async run(lambda, onProgress, priceOf = () => 1) {
      const calibrated = await walkLayers(
        prepared,
        (turn) => {
          const { layer, weights } = turn;
          const { groups, rows, inputs } = layer;
          const [seen, lookups] = [costs?.rows.get(layer), costs?.lookups.get(layer)];
          const { moments, rowCosts } = withLookups(layer, turn.moments, seen, lookups);
          return pool.run({
            ...{ groups, rows, inputs, weights, moments, rowCosts, isPriced, targetDamping, reach },
            lambda: lambda * priceOf(layer),
            damping: isConvolution(layer) ? recipe.damping : (recipe.matrixDamping ?? recipe.damping),
            bias: recipe.isCentred ? turn.bias : undefined,
            clusters: count,
            sweeps: recipe.sweeps[hasManyColumns(turn) ? 'many' : 'few'],
          });
        },
        onProgress,
      );
      const tensors = calibrated.tensors.map((tensor, i) =>
        skippedTensors.has(raw.tensors[i]) ? { ...tensor, payload: plain.tensors[i].payload } : tensor,
      );
      const price = count === undefined ? { lambda } : {};
      const record = recordOf(
        'calibrate',
        { ...price, bits, clusters, seed, fast: prepared.fast },
        CALIBRATION_DEFAULTS,
      );
      return withRecord({ ...calibrated, tensors }, record);
    },
  };
}

const TABLES = ['role:weight', 'role:other'];

function isTable(tensor: Tensor, select: (tensor: Tensor) => unknown, exact: ReadonlySet<string>): boolean {
  return tensor.role === 'other' && select(tensor) !== undefined && !exact.has(tensor.name);
}

/** Convolutions share a kernel over many places; what has one place a sample overfits sooner. */
export function hasManyColumns({ layer, columns }: LayerTurn): boolean {
  return isConvolution(layer) && columns >= MANY_COLUMNS;
}
