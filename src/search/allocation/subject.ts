import { breather } from '../../breather.js';
import type { Batch, Dataset } from '../../data/dataset.js';
import { lookAt } from '../../data/look.js';
import { type Split, splitDataset } from '../../data/split.js';
import { FxqError, throwIfAborted } from '../../errors.js';
import type { Model, Tensor } from '../../model/model.js';
import { finiteWeights, withPayloads } from '../../model/patch.js';
import { exactly, matcher, type Selector, selector } from '../../model/selectors.js';
import { twinsAmong } from '../../model/twins.js';
import { isPatchable, writeWeights } from '../../model/weights.js';
import { withRawHalves } from '../../onnx/halves.js';
import { roundingOf } from '../../quantize/codebook.js';
import { loadRuntime, type Runtime } from '../../runtime/runtime.js';
import { CLUSTER_DEFAULTS, type ClusterLayer, clustersOf } from '../../stages/cluster.js';
import { type PruneTarget, prune } from '../../stages/prune.js';
import { HELD_OUT } from '../goal.js';
import { openNetwork } from '../network.js';
import {
  betweenChoices,
  type Candidate,
  type Choices,
  CLUSTERS,
  candidatesOf,
  DENSITIES,
  weightsOf,
} from './candidates.js';
import type { BudgetOptions } from './options.js';

/** A layer that is searched for. */
export interface SearchedLayer {
  readonly tensor: Tensor;
  readonly match: Selector;
  /** Layers of the same bytes, which are given the same: a file holds them once. */
  readonly twins: readonly Pick<SearchedLayer, 'tensor' | 'match'>[];
  /** What is searched; the rest was fixed. */
  readonly isPruned: boolean;
  readonly isClustered: boolean;
  readonly choices: Choices;
  /** Densities falling, and of each the clusters rising. */
  readonly candidates: readonly Candidate[];
}

/** A model ready for the search. */
export interface Subject {
  readonly layers: readonly SearchedLayer[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly split: Split;
  readonly runtime: Runtime;
  /** What a setting does to the outputs; layers without a candidate keep their weights. Rough above the limit. */
  divergence(setting: readonly (Candidate | undefined)[], limit?: number): Promise<number>;
  /** Candidates of a layer a little larger than this one, between those of the list. */
  finer(layer: number, candidate: Candidate): Candidate[];
}

/** Inputs that the divergence is measured on. */
const MEASURED = 384;
/** Inputs that go through the model together: fewer where there are few, so that some can be kept apart. */
const BATCHES = { many: 128, few: 32 } as const;

/** Reads the layers, tells what may be chosen of each, and opens the network to measure with. */
export async function openSubject(input: Model, options: BudgetOptions): Promise<Subject> {
  const { dataset, seed = 0, threads, signal, include, exclude } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const select = selector({ include, exclude }, {}, []);
  const model = withRawHalves(input, (tensor) => select(tensor) !== undefined);
  const wanted = model.tensors.filter((tensor) => isPatchable(tensor) && select(tensor) !== undefined);
  const skipped: { name: string; reason: string }[] = [];
  const named = wanted.filter((tensor) => {
    const isUnique = tensor.name !== '' && model.tensors.filter(matcher(exactly(tensor.name))).length === 1;
    if (!isUnique) skipped.push({ name: tensor.name, reason: 'no selector tells it from others' });
    return isUnique;
  });
  const split = await splitInputs(dataset, seed);
  const batches: Batch[] = [];
  for await (const batch of split.calibration()) batches.push(batch);
  await lookAt(batches, 'data set', signal);
  if (batches.length === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
  const network = await openNetwork(model, batches, { runtime, threads, signal });
  const fixed = await fixedOf(model, options);
  const breathe = breather();
  const layers: SearchedLayer[] = [];
  const twins = new Map(twinsAmong(named).map(([first, ...others]) => [first, others]));
  const others = new Set([...twins.values()].flat());
  for (const tensor of named) {
    if (others.has(tensor)) continue;
    const { isPruned, choices, isClustered, weights } = fixed(tensor);
    const candidates: Candidate[] = [];
    for (const candidate of candidatesOf(tensor, weights, choices)) {
      candidates.push(candidate);
      await breathe();
      throwIfAborted(signal);
    }
    const same = (twins.get(tensor) ?? []).map((twin) => ({ tensor: twin, match: exactly(twin.name) }));
    layers.push({ tensor, match: exactly(tensor.name), twins: same, isPruned, isClustered, choices, candidates });
  }
  // Of each layer the last few: a search changes one at a time.
  const made = layers.map(() => new Map<string, Float32Array>());
  const weightsFor = (layer: number, candidate: Candidate): Float32Array => {
    const { tensor, choices } = layers[layer];
    const key = `${candidate.density} ${candidate.clusters}`;
    const weights = made[layer].get(key) ?? weightsOf(fixed(tensor).weights, candidate, choices);
    if (made[layer].size >= REMEMBERED) made[layer].clear();
    made[layer].set(key, weights);
    return weights;
  };
  const divergence = (setting: readonly (Candidate | undefined)[], limit?: number) => {
    const payloads = setting.flatMap((each, i) => {
      if (!each) return [];
      const weights = weightsFor(i, each);
      return [layers[i], ...layers[i].twins].map(({ tensor }) => [tensor, writeWeights(tensor, weights)] as const);
    });
    return network.divergence(withPayloads(model, new Map(payloads)), limit);
  };
  const finer = (layer: number, candidate: Candidate): Candidate[] => {
    const { tensor, choices } = layers[layer];
    const between = betweenChoices(candidate, choices);
    return [...candidatesOf(tensor, fixed(tensor).weights, { ...choices, ...between })];
  };
  return { layers, skipped, split, runtime, divergence, finer };
}

/** Weights of a layer that are kept for the next setting. */
const REMEMBERED = 4;

async function splitInputs(dataset: Dataset, seed: number): Promise<Split> {
  const split = await splitDataset(dataset, BATCHES.many, MEASURED, HELD_OUT, seed);
  const isEnough = split.heldOutBatches > 0 && split.calibrationBatches * BATCHES.many >= MEASURED;
  return isEnough ? split : splitDataset(dataset, BATCHES.few, MEASURED, HELD_OUT, seed);
}

/** What of a layer is fixed by the options, and what is left to choose. */
async function fixedOf(model: Model, options: BudgetOptions) {
  const { include, exclude } = options;
  const { rules: pruneRules, scope, ...target } = options.prune ?? {};
  const targetOf = selector<PruneTarget>({ include, exclude, rules: pruneRules }, target, [
    'density',
    'threshold',
    'quality',
  ]);
  const isFixed = ({ density, threshold, quality }: PruneTarget = {}) =>
    (density ?? threshold ?? quality) !== undefined;
  const hasTargets = isFixed(target) || (pruneRules?.length ?? 0) > 0;
  const pruned = hasTargets ? await prune({ ...options.prune, include, exclude }).run(model) : model;
  const readOf = new Map(model.tensors.map((tensor, i) => [tensor, pruned.tensors[i]]));
  const {
    rules,
    seed = CLUSTER_DEFAULTS.seed,
    centroids = CLUSTER_DEFAULTS.centroids,
    ...size
  } = options.cluster || {};
  const sizeOf = selector<ClusterLayer>({ include, exclude, rules }, size, ['bits', 'clusters', 'snr']);
  return (tensor: Tensor) => {
    const isPruned = !isFixed(targetOf(tensor));
    const layer = sizeOf(tensor) ?? {};
    const isClustered = options.cluster !== false && layer.bits === undefined && layer.clusters === undefined;
    const clusters = options.cluster === false ? undefined : isClustered ? CLUSTERS : [clustersOf(layer)];
    const choices: Choices = {
      densities: isPruned ? DENSITIES : [1],
      clusters,
      init: layer.init ?? CLUSTER_DEFAULTS.init,
      seed,
      round: roundingOf(tensor, centroids),
    };
    return { isPruned, isClustered, choices, weights: finiteWeights(readOf.get(tensor) ?? tensor) };
  };
}
