import { breather } from '../breather.js';
import { throwIfAborted } from '../errors.js';
import type { Layer } from '../graph/layers.js';
import { fieldOf, present } from '../guards.js';
import { calibrationKernels } from '../kernels/calibrate/index.js';
import type { CalibrationKernels } from '../kernels/calibrate/kernels.js';
import type { Tensor } from '../model/model.js';
import { finiteWeights, mapWeights, selectLayers } from '../model/patch.js';
import { type Selection, selector } from '../model/selectors.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import { checkAlternatives, checkOptions } from '../options/check.js';
import { pickGiven, recordOf } from '../options/defaults.js';
import type { OptionsOf } from '../options/option.js';
import { selectLargest, zeroBelow } from '../stages/magnitude.js';
import { checkScope, PRUNE, PRUNE_DEFAULTS } from '../stages/prune.js';
import type { Stage } from '../stages/stage.js';
import { type Breathe, blockOf, countWithin, cutAt, type PreparedLayer, prepareLayer, rank, thin } from './obs/thin.js';
import { CALIBRATION, CALIBRATION_DEFAULTS, type CalibrationOptions } from './options.js';
import { RECIPE } from './start.js';
import { type LayerTurn, type PreparedModel, prepare, walkLayers } from './walk.js';

const NAME = 'prune';

/** How much stays. Has to be given, for the stage or by a rule of each layer. */
export interface CalibratedPruneTarget {
  /** Share of the weights that stays, 0 to 1: of each layer, or of all layers together with scope `global`. */
  density?: number | undefined;
}

export interface CalibratedPruneOptions
  extends CalibratedPruneTarget,
    Selection<CalibratedPruneTarget>,
    CalibrationOptions {
  /** Whether the density is each layer's own, or one for all layers. Default `layer`. */
  scope?: 'layer' | 'global' | undefined;
}

const { density: DENSITY, scope: SCOPE } = PRUNE.options;

const OPTIONS = { ...CALIBRATION, density: DENSITY, scope: SCOPE } satisfies OptionsOf<
  CalibratedPruneOptions,
  'dataset' | 'runtime' | 'pool' | 'onNote' | 'isMadeUp' | 'isHeldOutRest' | 'roundedInputs' | keyof Selection<never>
>;

/**
 * Prunes by what goes wrong at a layer's output, on inputs that the model is for: weights go whose work others can take
 * over, and those that stay do. Zeros that are there already stay, and count as pruned. Layers that cannot be calibrated
 * are pruned by magnitude, and named in a note.
 *
 * With scope `global` the error of a layer counts in relation to its output, and one threshold holds for all layers.
 *
 * Source: Frantar & Alistarh 2022, "Optimal Brain Compression" (ExactOBS); for layers that are too large for that,
 * block by block, after Frantar & Alistarh 2023, "SparseGPT".
 *
 * @throws RangeError if an option is out of its range or makes no sense here; FxqError `CONFIG` for a bad selector
 *
 * @example
 * const stage = calibratedPrune({ density: 0.5, dataset });
 * const pruned = await stage.run(openOnnx(bytes));
 */
export function calibratedPrune(options: CalibratedPruneOptions): Stage {
  const { density, scope = PRUNE_DEFAULTS.scope, include, exclude, rules } = options;
  checkTarget(options, !rules?.length);
  for (const rule of rules ?? []) checkTarget(rule.options, false);
  checkScope(NAME, options);
  if (typeof options.dataset !== 'function') {
    throw new TypeError(`${NAME}: expected a dataset to calibrate on, got ${options.dataset}`);
  }
  const select = selector<CalibratedPruneTarget>({ include, exclude, rules }, { density }, ['density']);
  const densityOf = (tensor: Tensor) => select(tensor)?.density;
  return {
    name: NAME,
    async run(input, { signal, onProgress, onNote } = {}) {
      const model = withRawHalves(input, (tensor) => densityOf(tensor) !== undefined);
      const densities = selectLayers(model, densityOf);
      if (densities.size === 0) return model;
      for (const tensor of densities.keys()) {
        throwIfAborted(signal);
        finiteWeights(tensor);
      }
      const prepared = await prepare(
        model,
        { isWanted: (tensor) => densities.has(tensor) },
        { onNote, ...options },
        signal,
      );
      const rest = new Map(densities);
      const { layers, twins } = prepared;
      for (const { tensor } of layers) for (const each of [tensor, ...(twins.get(tensor) ?? [])]) rest.delete(each);
      for (const tensor of rest.keys()) onNote?.(`${tensor.name}: pruned by magnitude, ${whyNot(prepared, tensor)}`);
      const breath = breather();
      const breathe = () => {
        throwIfAborted(signal);
        return breath();
      };
      const kernels = calibrationKernels();
      // A survey of all layers, where it is needed, is about as much work as what follows.
      const isGlobal = scope === 'global';
      const goneOf = isGlobal
        ? await shareOut(prepared, present(density), kernels, breathe, (share) => onProgress?.(share / 2))
        : ({ tensor }: Layer) => goneAt(present(densities.get(tensor)), tensor.count);
      const calibrated = await walkLayers(
        prepared,
        (turn) => thin(preparedLayer(turn, kernels), goneOf(turn.layer), breathe),
        (share) => onProgress?.(isGlobal ? (1 + share) / 2 : share),
      );
      const pruned = mapWeights(calibrated, rest, (weights, share) => {
        const { threshold, ties } = selectLargest(() => [weights], Math.round(share * weights.length));
        zeroBelow(weights, threshold, ties);
        return weights;
      });
      const { seed, fast } = { ...CALIBRATION_DEFAULTS, ...pickGiven(['seed', 'fast'], options) };
      const settings = { density, scope, calibrated: true, seed, fast };
      return withRecord(pruned, recordOf(NAME, settings, { ...PRUNE_DEFAULTS, ...CALIBRATION_DEFAULTS }));
    },
  };
}

function checkTarget(target: CalibratedPruneTarget, isRequired: boolean): void {
  for (const key of ['threshold', 'quality'] as const) {
    if (fieldOf(target, key) !== undefined) {
      throw new RangeError(`${NAME}: a ${key} is one of magnitudes; with calibration, give a density`);
    }
  }
  checkAlternatives(NAME, ['density'], target, isRequired);
  checkOptions(NAME, OPTIONS, target);
}

function goneAt(density: number, count: number): number {
  return count - Math.round(density * count);
}

function whyNot({ skipped }: PreparedModel, tensor: Tensor): string {
  const reason = skipped.find((each) => each.tensor === tensor)?.reason;
  return `not calibrated: ${reason ?? 'no operator is known to multiply its inputs with it'}`;
}

function preparedLayer(turn: LayerTurn, kernels: CalibrationKernels): PreparedLayer {
  const { layer, weights, bias, moments } = turn;
  const { groups, rows, inputs } = layer;
  const job = { groups, rows, inputs, weights, bias, moments };
  const { damping, targetDamping } = RECIPE;
  return prepareLayer({ ...job, damping, targetDamping }, kernels);
}

/** How many weights go from each layer, so that the last one costs the same everywhere, in relation to the outputs. */
async function shareOut(
  prepared: PreparedModel,
  density: number,
  kernels: CalibrationKernels,
  breathe: Breathe,
  onProgress: (share: number) => void,
): Promise<(layer: Layer) => number> {
  const losses = new Map<Layer, Float64Array>();
  const note = async (turn: LayerTurn) => {
    const layer = preparedLayer(turn, kernels);
    const { energy, job } = layer;
    const ranking = await rank(layer, blockOf(job), breathe);
    losses.set(
      turn.layer,
      ranking.losses.map((loss) => (loss > 0 && energy > 0 ? loss / energy : loss)),
    );
    return { weights: turn.weights };
  };
  // What each layer loses depends on what the others do; the original model is where all of them start.
  await walkLayers({ ...prepared, fast: true }, note, onProgress);
  const all = [...losses.values()];
  const count = all.reduce((sum, { length }) => sum + length, 0);
  const cut = cutAt(all, goneAt(density, count));
  const gone = new Map([...losses].map(([layer, each]) => [layer, countWithin(each, cut)]));
  return (layer) => present(gone.get(layer));
}
