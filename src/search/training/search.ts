import { calibratedPrune } from '../../calibrate/prune.js';
import { startCalibration } from '../../calibrate/start.js';
import { containerSize } from '../../container/write/container.js';
import { FxqError, throwIfAborted } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import { expectModel } from '../../model/expect-model.js';
import type { Model } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import { loadRuntime } from '../../runtime/runtime.js';
import { cluster } from '../../stages/cluster.js';
import type { StageContext } from '../../stages/stage.js';
import { subjectOf } from '../../tune/subject.js';
import { tune } from '../../tune/tune.js';
import { clockOf, type Goal, goalOf, type Judged, reaches } from '../goal.js';
import { createJudge, type Judge } from '../judge.js';
import { isBetter, isMet, isWithin, nextPrice } from './choice.js';
import { divideInputs, type Inputs } from './inputs.js';
import { type Journal, readJournal, type Step, writeJournal } from './journal.js';
import { checkTrainingOptions, TRAINING_DEFAULTS, type TrainingOptions } from './options.js';

/** A model that was pruned, trained and rounded for a goal, and how. */
export interface Trained {
  readonly model: Model;
  /** Bytes of its container, and what it loses on inputs that nothing was fitted to. */
  readonly chosen: Judged;
  readonly steps: readonly Step[];
  readonly isReached: boolean;
  /** Why the search ended, in words. */
  readonly ended: string;
  /** How models are judged, in words. */
  readonly judgedBy: string;
}

const EPOCHS = 4;
/** Of the time that is left a round of retraining takes at most this share: its levels have to be chosen, too. */
const TIME_SHARE = 0.3;
const MOST_EPOCHS = 40;
/** Price of a bit to begin with; prices tried a round. */
const LAMBDA = 1e-7;
const PRICES = 4;
/** Values that biases share: in small nets they take as much as weights do. */
const BIASES = 16;
/** Epochs that shared values are trained for, and what may be missing to the goal for them to be worth it. */
const SHARE_EPOCHS = 2;
const NEAR_LIMIT = 3;
/** Densities closer than this to one that failed are not tried. */
const CLOSE = 1.15;

/**
 * Finds the smallest file that loses no more than asked, or the best that is no larger, by all that there is: weights are
 * removed by calibration and the rest retrained, in turns; values are chosen at a price of a bit; shared values are trained
 * where that brings a smaller file within the goal; biases share values. Everything is judged against the original, on
 * inputs that are kept out of all of it.
 *
 * @throws RangeError for options out of their range; FxqError what `tune` and `calibrate` throw, `ABORTED` when stopped before
 *   anything was found
 *
 * @example
 * const { model, steps } = await searchTraining(openOnnx(bytes), { dataset, maxLoss: 0.5, time: 1800 });
 */
export async function searchTraining(model: Model, options: TrainingOptions): Promise<Trained> {
  expectModel('searchTraining', model);
  checkTrainingOptions(options);
  if (model.files.length > 1) {
    throw new FxqError('UNSUPPORTED', 'training: expected a model in one file, got external data; take it in first');
  }
  const { signal, onNote, threads, seed = TRAINING_DEFAULTS.seed } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const inputs = await divideInputs(options.dataset, seed, signal);
  const judge = await createJudge(model, {
    split: inputs.split,
    metric: options.metric,
    runtime,
    threads,
    signal,
    onNote,
  });
  const goal = goalOf(options, judge.unit);
  const subject = subjectOfSearch(model, inputs, options);
  const journal = options.resume ? readJournal(options.resume, subject) : begin(model);
  const search = new Search(model, { ...options, seed, runtime }, inputs, judge, goal, journal, subject);
  let ended: string;
  try {
    ended = await search.run();
  } catch (error) {
    const isStopped = error instanceof FxqError && error.code === 'ABORTED' && journal.best !== undefined;
    if (!isStopped) throw error;
    ended = 'stopped';
  }
  if (!journal.best || !journal.bestJudged)
    throw new FxqError('ABORTED', 'training: stopped before anything was found');
  const chosen = journal.bestJudged;
  const isReached = reaches(chosen, goal);
  return { model: openOnnx(journal.best), chosen, steps: journal.steps, isReached, ended, judgedBy: judge.text };
}

function begin(model: Model): Journal {
  const bytes = mainFile(model);
  return {
    ...{ steps: [], round: 0, density: 1, lambda: LAMBDA, failed: 0, epochMs: 0 },
    ...{ model: bytes, best: undefined, bestJudged: undefined },
  };
}

/** A model and the bytes of its container. */
interface Sized {
  readonly model: Model;
  readonly bytes: number;
}

/** A search with all that belongs to it. */
class Search {
  readonly #clock;
  readonly #epochs: number;
  #isNew = true;

  constructor(
    private readonly original: Model,
    private readonly options: TrainingOptions & { readonly seed: number },
    private readonly inputs: Inputs,
    private readonly judge: Judge,
    private readonly goal: Goal,
    private readonly journal: Journal,
    private readonly subject: string,
  ) {
    this.#clock = clockOf(options);
    this.#epochs = options.roundEpochs ?? EPOCHS;
  }

  /** Goes on until nothing smaller reaches the goal, rounds or time are over; says which. */
  async run(): Promise<string> {
    const { journal, options } = this;
    const { keep = TRAINING_DEFAULTS.keep, rounds = TRAINING_DEFAULTS.rounds } = options;
    if (journal.steps.length === 0) await this.levels('of the net as it comes, to have something');
    while (journal.round < rounds) {
      const next = journal.failed === 0 ? journal.density * keep : Math.sqrt(journal.failed * journal.density);
      if (journal.failed > 0 && journal.density / journal.failed < CLOSE ** 2)
        return 'fewer weights do not reach the goal';
      if (this.#clock.isOver(this.#epochs * journal.epochMs)) return 'the time is over';
      const before = { model: journal.model, density: journal.density };
      await this.retrain(next);
      const isBetter = await this.levels(`${percent(next)} of the weights are left`);
      journal.round++;
      if (!isBetter) {
        // Back to where it was good, to remove less of it.
        Object.assign(journal, before, { failed: next });
      }
      this.keepState();
    }
    return 'all rounds are done';
  }

  /** Removes weights, by what inputs make of them, and trains the rest. */
  private async retrain(density: number): Promise<void> {
    const { journal, options, inputs } = this;
    const { seed, threads, runtime, onNote, batchSize, learningRate, augmentation } = options;
    const why =
      journal.failed > 0 ? 'half way back from a density that was too low' : 'while the goal is reached, fewer weights';
    const epochs = this.epochsNow();
    options.onPlan?.(`round ${journal.round + 1}: ${percent(density)} of the weights, ${epochs} epochs: ${why}`);
    const start = performance.now();
    const common = { dataset: inputs.trained, threads, runtime, seed };
    const pruned = await calibratedPrune({ ...common, density, scope: 'global', onNote }).run(
      openOnnx(journal.model),
      this.context(),
    );
    const tuned = await this.tuned(pruned, { epochs, batchSize, learningRate, augmentation }, (ms) => {
      journal.epochMs = ms;
    });
    journal.model = mainFile(tuned);
    journal.density = density;
    this.done({ what: 'retrain', lambda: null, judged: null, why, ms: performance.now() - start });
  }

  /** By labels where there are some, else by the original's answers. */
  private async tuned(
    model: Model,
    settings: Pick<Parameters<typeof tune>[0], 'epochs' | 'batchSize' | 'learningRate' | 'augmentation'>,
    onEpochMs: (ms: number) => void = () => {},
  ): Promise<Model> {
    const { threads, runtime, seed, signal } = this.options;
    const isTaught = this.inputs.samples.labels === undefined;
    const stage = tune({
      ...{ dataset: this.inputs.trained, threads, runtime, seed, ...settings },
      teacher: isTaught ? this.original : undefined,
      metric: this.options.metric,
      onEpoch: ({ ms }) => onEpochMs(ms),
    });
    const tuned = await stage.run(model, this.context());
    throwIfAborted(signal);
    return tuned;
  }

  private context(): StageContext {
    const { signal, onNote } = this.options;
    return { ...(signal && { signal }), ...(onNote && { onNote }) };
  }

  /** As many as were asked for; with a time, as many as fit into its share of what is left. */
  private epochsNow(): number {
    const { time, roundEpochs } = this.options;
    const { epochMs } = this.journal;
    if (roundEpochs !== undefined || time === undefined || epochMs === 0) return this.#epochs;
    const fitting = Math.floor((TIME_SHARE * this.#clock.left()) / epochMs);
    return Math.min(MOST_EPOCHS, Math.max(1, fitting));
  }

  /**
   * Chooses values at several prices of a bit, until the goal is bracketed.
   *
   * @returns whether a better file was found than all before
   */
  private async levels(why: string): Promise<boolean> {
    const { journal, goal, options, inputs } = this;
    const { seed, threads, runtime, signal, onNote } = options;
    const calibration = await startCalibration(
      openOnnx(journal.model),
      { dataset: inputs.trained, seed, threads, runtime, onNote: this.#isNew ? onNote : undefined },
      signal,
    );
    this.#isNew = false;
    let [low, high]: (number | undefined)[] = [];
    let price = journal.lambda;
    let isBetter = false;
    for (let tries = 0; tries < PRICES; tries++) {
      const start = performance.now();
      const candidate = await this.withBiases(await calibration.run(price));
      const { model } = candidate;
      const judged = await this.judged(candidate);
      isBetter = this.offer(model, judged) || isBetter;
      this.done({ what: 'levels', lambda: price, judged, why, ms: performance.now() - start });
      if (this.isNearly(judged)) isBetter = (await this.share(model, price)) || isBetter;
      const isTooMuch = goal.limit === undefined ? judged.bytes <= goal.targetSize : !isWithin(judged, goal.limit);
      if (isTooMuch) high = price;
      else low = price;
      if (isMet(judged, goal)) break;
      if (this.#clock.isOver(performance.now() - start)) break;
      price = nextPrice(price, judged, goal, low, high);
    }
    journal.lambda = low ?? price;
    return isBetter;
  }

  /** Trains the values that weights share: nothing is rounded anew, so a file that loses a little too much may get within the goal. */
  private async share(model: Model, price: number): Promise<boolean> {
    const { journal, options } = this;
    if (this.#clock.isOver(SHARE_EPOCHS * journal.epochMs)) return false;
    const why = 'the file is smaller, and loses little too much: its shared values are trained';
    options.onPlan?.(why);
    const start = performance.now();
    const tuned = await this.tuned(model, { epochs: SHARE_EPOCHS, batchSize: options.batchSize, learningRate: 1e-4 });
    const judged = await this.judged(await this.sized(tuned));
    const isBetter = this.offer(tuned, judged);
    this.done({ what: 'share', lambda: price, judged, why, ms: performance.now() - start });
    return isBetter;
  }

  /** Whether a file would be the best if it lost a little less. */
  private isNearly(judged: Judged): boolean {
    const { goal, journal } = this;
    if (goal.limit === undefined || isWithin(judged, goal.limit)) return false;
    const isSmaller = judged.bytes < (journal.bestJudged?.bytes ?? Number.POSITIVE_INFINITY);
    return journal.round > 0 && isSmaller && isWithin(judged, NEAR_LIMIT * goal.limit);
  }

  /** The model with few values for all of a bias's, if that makes the file smaller. */
  private async withBiases(model: Model): Promise<Sized> {
    const shared = await this.sized(await cluster({ include: ['role:bias'], clusters: BIASES }).run(model));
    const plain = await this.sized(model);
    return shared.bytes < plain.bytes ? shared : plain;
  }

  private async sized(model: Model): Promise<Sized> {
    return { model, bytes: await containerSize(model, { signal: this.options.signal }) };
  }

  private async judged({ model, bytes }: Sized): Promise<Judged> {
    const { signal } = this.options;
    const judgement = await this.judge.loss(model);
    throwIfAborted(signal);
    return { bytes, loss: judgement.value, judgement };
  }

  /** Keeps a model if it is better than all before. */
  private offer(model: Model, judged: Judged): boolean {
    const { journal, goal } = this;
    if (journal.bestJudged && !isBetter(judged, journal.bestJudged, goal)) return false;
    journal.best = mainFile(model);
    journal.bestJudged = judged;
    return true;
  }

  private done(step: Pick<Step, 'what' | 'lambda' | 'judged' | 'why' | 'ms'>): void {
    const { journal, options } = this;
    const whole = { ...step, round: journal.round, density: journal.density };
    journal.steps.push(whole);
    options.onStep?.(whole);
  }

  private keepState(): void {
    this.options.onCheckpoint?.(writeJournal(this.journal, this.subject));
  }
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}

/** What a checkpoint belongs to. */
function subjectOfSearch(model: Model, { samples, heldOut }: Inputs, options: TrainingOptions): string {
  const { maxLoss, maxError, targetSize, roundEpochs, keep, batchSize, learningRate, augmentation, seed } = options;
  // Of a function there is only to know that it is one.
  const metric = typeof options.metric === 'function' ? 'own' : options.metric;
  const goal = { maxLoss, maxError, targetSize, metric };
  const settings = { ...goal, roundEpochs, keep, batchSize, learningRate, augmentation, seed };
  return subjectOf([mainFile(model)], samples, heldOut, settings);
}
