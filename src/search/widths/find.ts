import type { ValuePlan } from '../../calibrate/ranges/plan.js';
import type { Dataset } from '../../data/dataset.js';
import { type Split, splitDataset } from '../../data/split.js';
import type { Loss } from '../../evaluate/loss.js';
import type { RoundingPlan } from '../../graph/simulate/plan.js';
import { present } from '../../guards.js';
import type { Model } from '../../model/model.js';
import { pieceOf } from '../../onnx/interface.js';
import { loadRuntime } from '../../runtime/runtime.js';
import { goalOf, HELD_OUT, isLossGiven } from '../goal.js';
import { createJudge, type Judge } from '../judge.js';
import { answering, type Candidates, openCandidates } from './candidates.js';
import { exchanger } from './exchange.js';
import type { WidthOptions, WidthPoint, Widths } from './options.js';
import { allocate, bitsOf, type Widths as Setting, widening } from './path.js';

/** Inputs that go through the model together, and that a divergence is measured on. */
const BATCH = 32;
const MEASURED = 256;
/** What a goal by loss is narrowed by at a time, once the path has nothing narrower: the share of the bits that is kept, and how often. */
const NARROWER = 0.97;
const NARROWED = 3;

/** What a search finds, and how values are rounded with it. */
export interface FoundWidths extends Widths {
  readonly plan: RoundingPlan | undefined;
}

/** A setting with its model, and what that loses. */
interface JudgedSetting {
  readonly setting: Setting;
  readonly made: Model;
  readonly point: WidthPoint;
}

/**
 * Finds widths of weights, and of values.
 *
 * @param values - how values are rounded while the model runs, which is judged with it; those that are free are given widths, too
 */
export async function findWidths(model: Model, options: WidthOptions, values?: ValuePlan): Promise<FoundWidths> {
  const split = options.dataset && (await splitInputs(options.dataset, options, model));
  const candidates = await openCandidates(model, options, values, split);
  const points: WidthPoint[] = [];
  const judgedAs = async (setting: Setting, judge?: (made: Model) => Promise<Loss>): Promise<JudgedSetting> => {
    const made = await candidates.make(setting);
    const point = candidates.point(setting, (await judge?.(answering(made, candidates.plan(setting)))) ?? null);
    points.push(point);
    options.onPoint?.(point);
    return { setting, made, point };
  };
  const { best, isReached, judge } =
    split && isLossGiven(options)
      ? await narrowest(candidates, split, options, judgedAs)
      : await withinBits(candidates, split, options, judgedAs);
  const { setting, made, point } = best;
  return {
    ...{ model: made, chosen: point, points, layers: candidates.layers(setting), inputs: candidates.inputs(setting) },
    ...{ samples: split?.calibrationSamples ?? 0, heldOut: judge?.heldOut ?? 0, metric: judge?.metric ?? null },
    ...{ isReached, plan: candidates.plan(setting) },
  };
}

/** What came of a search, and by what it was judged. */
interface Outcome {
  readonly best: JudgedSetting;
  readonly isReached: boolean;
  readonly judge?: Judge;
}

type JudgedAs = (setting: Setting, judge?: (made: Model) => Promise<Loss>) => Promise<JudgedSetting>;

/** The setting of least harm within a mean width. */
async function withinBits(
  candidates: Candidates,
  split: Split | undefined,
  options: WidthOptions,
  judgedAs: JudgedAs,
): Promise<Outcome> {
  const { subjects, weights } = candidates;
  const { equivalentBits = Number.POSITIVE_INFINITY } = options;
  const room = equivalentBits * weights;
  const first = allocate(subjects, room);
  const exchange = split && (await exchanger(candidates, split, options));
  const setting = exchange ? await exchange(first, room) : first;
  return { best: await judgedAs(setting), isReached: bitsOf(subjects, setting) <= room };
}

/** The narrowest setting that loses no more than it may. */
async function narrowest(
  candidates: Candidates,
  split: Split,
  options: WidthOptions,
  judgedAs: JudgedAs,
): Promise<Outcome> {
  const { model, subjects } = candidates;
  const runtime = options.runtime ?? (await loadRuntime());
  const judge = await createJudge(options.original ?? model, { ...options, split, runtime });
  const { limit: most = 0 } = goalOf(options, judge.unit);
  const isGood = ({ point: { judgement } }: JudgedSetting) => judgement !== null && judgement.high <= most;
  const path = [...widening(subjects)];
  // What is lost falls along the path, but for a few inputs.
  let [low, high] = [0, path.length - 1];
  const judged = new Map<number, JudgedSetting>();
  const look = async (at: number) => {
    const found = await judgedAs(path[at], judge.loss);
    judged.set(at, found);
    return isGood(found);
  };
  const steps = Math.ceil(Math.log2(path.length)) + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await look(middle)) high = middle;
    else low = middle + 1;
    options.onProgress?.(Math.min(1, judged.size / steps));
  }
  if (!judged.has(high)) await look(high);
  let best = present(judged.get(high));
  if (!isGood(best)) return { best, isReached: false, judge };
  // The path goes by the noise of single layers; with all of them rounded, answers tell where the next bits can be spared.
  const exchange = await exchanger(candidates, split, options);
  for (let i = 0; i < NARROWED; i++) {
    const room = NARROWER * bitsOf(subjects, best.setting);
    const narrower = allocate(subjects, room);
    if (bitsOf(subjects, narrower) > room) break;
    const next = await judgedAs(await exchange(narrower, room), judge.loss);
    if (!isGood(next)) break;
    best = next;
  }
  return { best, isReached: true, judge };
}

/** The inputs that widths are found by, and those kept apart. */
export function splitInputs(
  dataset: Dataset,
  { samples = MEASURED, seed = 0 }: Pick<WidthOptions, 'samples' | 'seed'>,
  model?: Model,
): Promise<Split> {
  return splitDataset(dataset, BATCH, samples, HELD_OUT, seed, { piece: model && pieceOf(model) });
}
