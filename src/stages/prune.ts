import { throwIfAborted } from '../errors.js';
import type { Tensor } from '../model/model.js';
import { finiteWeights, mapWeights, selectLayers } from '../model/patch.js';
import { type Selection, selector } from '../model/selectors.js';
import { withRawHalves } from '../onnx/halves.js';
import { withRecord } from '../onnx/metadata.js';
import { checkAlternatives, checkOptions, givenOf } from '../options/check.js';
import { defaultsOf, recordOf } from '../options/defaults.js';
import { choice, number, type OptionsOf } from '../options/option.js';
import { type MagnitudeCut, selectLargest, zeroBelow } from './magnitude.js';
import type { Stage, StageDefinition } from './stage.js';

const NAME = 'prune';

/** How much goes. Exactly one of the three has to be given, for the stage or by a rule of each layer. */
export interface PruneTarget {
  /** Share of the weights that stays, 0 to 1: of each layer, or of all layers together with scope `global`. */
  density?: number | undefined;
  /** Weights of a smaller magnitude go. */
  threshold?: number | undefined;
  /** The same as a multiple of the weights' standard deviation (Han et al. 2015, §3.1). */
  quality?: number | undefined;
}

/** Settings of `prune`. */
export interface PruneOptions extends PruneTarget, Selection<PruneTarget> {
  /** Whether density and deviation are each layer's own, or one for all layers. Default `layer`. */
  scope?: 'layer' | 'global' | undefined;
}

/** The options of which a layer has one. */
const TARGETS = ['density', 'threshold', 'quality'] as const;

const OPTIONS = {
  density: number({ text: 'share of the weights to keep', value: 'share', low: 0, high: 1 }),
  threshold: number({ text: 'weights of a smaller magnitude become zero', value: 'value', low: 0 }),
  quality: number({ text: 'the same, as a multiple of the standard deviation', value: 'factor', low: 0 }),
  scope: choice({
    text: 'one target for each layer or for all together',
    value: 'scope',
    of: ['layer', 'global'],
    default: 'layer',
  }),
} satisfies OptionsOf<PruneOptions, keyof Selection<never>>;

/** What `prune` does unless told otherwise. */
export const PRUNE_DEFAULTS = defaultsOf(OPTIONS);

/** The stage as others find it by its name. */
export const PRUNE = {
  name: NAME,
  text: 'How much is pruned',
  options: OPTIONS,
  alternatives: TARGETS,
  perLayer: TARGETS,
  example: { all: { density: 0.5 }, layer: { density: 0.5 } },
  create: prune,
  change: pruneWeights,
} as const satisfies StageDefinition;

/**
 * Prunes by magnitude: the smallest weights become zero. Zeros that are there already stay, and count as pruned.
 *
 * Source: Han, Pool, Tran, Dally 2015, §3; Deep Compression (Han, Mao, Dally 2016), §2.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG` for a bad selector
 *
 * @example
 * const stage = prune({ density: 0.7, rules: [{ match: 'op:Conv', options: { density: 0.8 } }] });
 * const pruned = await stage.run(openOnnx(bytes));
 */
export function prune(options: PruneOptions = {}): Stage {
  const { density, threshold, quality, scope = PRUNE_DEFAULTS.scope, ...selection } = options;
  const target: PruneTarget = { density, threshold, quality };
  checkAlternatives(NAME, TARGETS, target, !selection.rules?.length);
  checkOptions(NAME, OPTIONS, options);
  for (const rule of selection.rules ?? []) {
    checkAlternatives(NAME, TARGETS, rule.options);
    checkOptions(NAME, OPTIONS, rule.options);
  }
  checkScope(NAME, options);
  const select = selector(selection, target, TARGETS);
  return {
    name: NAME,
    run(input, { signal } = {}) {
      const targetOf = (tensor: Tensor) => {
        const layer = select(tensor);
        // With rules only, a layer that none of them names is left alone.
        return layer && givenOf(TARGETS, layer).length > 0 ? layer : undefined;
      };
      const model = withRawHalves(input, (tensor) => targetOf(tensor) !== undefined);
      const layers = selectLayers(model, targetOf);
      const common = scope === 'global' ? globalCut([...layers.keys()], target, signal) : undefined;
      // A cut's ties are counted down over the layers, in their order: they belong to single tensors from the start.
      const cuts: ReadonlyMap<Tensor, PruneLayer> = common ? shareTies(layers, common) : layers;
      const pruned = mapWeights(model, cuts, pruneWeights, NAME);
      return layers.size > 0 ? withRecord(pruned, recordOf(NAME, { ...target, scope }, PRUNE_DEFAULTS)) : pruned;
    },
  };
}

/** The settings of one layer: how much stays, or where the cut is. */
type PruneLayer = PruneTarget | Cut;

type Cut = Pick<MagnitudeCut, 'threshold' | 'ties'>;

/** What the stage does to a layer. */
export function pruneWeights(weights: Float32Array, layer: PruneLayer): Float32Array {
  const cut = 'ties' in layer ? layer : cutOf(() => [weights], weights.length, layer);
  zeroBelow(weights, cut.threshold, cut.ties);
  return weights;
}

/**
 * Throws where a target for all layers together meets rules of single ones.
 *
 * @throws RangeError
 */
export function checkScope(stage: string, { scope, rules }: Pick<PruneOptions, 'scope'> & Selection<object>): void {
  if (scope === 'global' && rules?.length) {
    throw new RangeError(
      `${stage}: scope global has one threshold for all layers; rules of single layers need scope layer`,
    );
  }
}

/** What stays of some weights. With a threshold, weights of exactly that magnitude stay. */
function cutOf(arrays: () => Iterable<Float32Array>, count: number, target: PruneTarget): Cut {
  const { density, threshold, quality } = target;
  if (density !== undefined) return selectLargest(arrays, Math.round(density * count));
  if (quality !== undefined) return { threshold: quality * deviation(arrays(), count), ties: Number.POSITIVE_INFINITY };
  return { threshold: threshold ?? 0, ties: Number.POSITIVE_INFINITY };
}

function globalCut(layers: readonly Tensor[], target: PruneTarget, signal: AbortSignal | undefined): Cut {
  const count = layers.reduce((sum, tensor) => sum + tensor.count, 0);
  return cutOf(() => readAll(layers, signal), count, target);
}

function* readAll(layers: readonly Tensor[], signal: AbortSignal | undefined): Generator<Float32Array> {
  for (const tensor of layers) {
    throwIfAborted(signal);
    yield finiteWeights(tensor);
  }
}

function shareTies(layers: ReadonlyMap<Tensor, unknown>, cut: Cut): Map<Tensor, Cut> {
  const shares = new Map<Tensor, Cut>();
  let { ties } = cut;
  for (const tensor of layers.keys()) {
    shares.set(tensor, { threshold: cut.threshold, ties });
    if (Number.isFinite(ties) && ties > 0) ties = zeroBelow(finiteWeights(tensor), cut.threshold, ties);
  }
  return shares;
}

function deviation(arrays: Iterable<Float32Array>, count: number): number {
  let sum = 0;
  let squares = 0;
  for (const weights of arrays) {
    for (const weight of weights) {
      sum += weight;
      squares += weight * weight;
    }
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}
