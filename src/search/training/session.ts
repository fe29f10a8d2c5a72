import { containerSize } from '../../container/write/container.js';
import { throwIfAborted } from '../../errors.js';
import { mainFile } from '../../graph/decoded-graph.js';
import type { Model } from '../../model/model.js';
import type { Selector } from '../../model/selectors.js';
import { lastRecord, withoutRecords, withRecord } from '../../onnx/metadata.js';
import { openOnnx } from '../../onnx/open.js';
import { recordOf } from '../../options/defaults.js';
import type { Runtime } from '../../runtime/runtime.js';
import type { StageContext } from '../../stages/stage.js';
import type { Clock, Goal, Judged } from '../goal.js';
import type { Judge } from '../judge.js';
import { isBetter } from './choice.js';
import type { Inputs } from './inputs.js';
import { type Journal, type Step, writeJournal } from './journal.js';
import type { TrainingOptions } from './options.js';

/** What a search has to go by. */
export interface Surroundings {
  readonly original: Model;
  /** What of it stays as it is. */
  readonly fixed: readonly Selector[];
  readonly options: TrainingOptions & { readonly seed: number; readonly runtime: Runtime };
  readonly inputs: Inputs;
  readonly judge: Judge;
  readonly goal: Goal;
  readonly clock: Clock;
  /** Where it stands; what is done is written down there. */
  readonly journal: Journal;
  /** Tells its journal from others. */
  readonly subject: string;
}

/** A model as it would be written, with one record of all that was done, and the bytes of its container. */
export interface Sized {
  readonly model: Model;
  readonly bytes: number;
}

/** A model whose values are chosen, and what it loses. */
export interface Candidate {
  readonly model: Model;
  readonly judged: Judged;
}

/** A search at work: judges models, keeps the best and writes down every step. */
export interface Session extends Surroundings {
  /** What every stage is told. */
  readonly context: StageContext;
  /** What every stage that looks at inputs is given. */
  readonly common: {
    readonly dataset: Inputs['trained'];
    readonly threads: number | undefined;
    readonly runtime: Runtime;
    readonly seed: number;
    readonly exclude: readonly Selector[];
  };
  sized(model: Model): Promise<Sized>;
  judged(sized: Sized): Promise<Judged>;
  /** Keeps a model if it is better than all before. */
  offer(model: Model, judged: Judged): boolean;
  /** Says what is about to be done. */
  plan(text: string): void;
  done(step: Pick<Step, 'what' | 'lambda' | 'judged' | 'why' | 'ms'>): void;
  /** Hands out all that is needed to go on from here. */
  keep(): void;
}

export function openSession(surroundings: Surroundings): Session {
  const { options, fixed, inputs, judge, goal, journal, subject } = surroundings;
  const { signal, onNote, threads, runtime, seed } = options;
  return {
    ...surroundings,
    context: { ...(signal && { signal }), ...(onNote && { onNote }) },
    common: { dataset: inputs.trained, threads, runtime, seed, exclude: fixed },
    async sized(changed) {
      const model = inOneRecord(changed, surroundings);
      return { model, bytes: await containerSize(model, { signal }) };
    },
    async judged({ model, bytes }) {
      const judgement = await judge.loss(model);
      throwIfAborted(signal);
      return { bytes, loss: judgement.value, judgement };
    },
    offer(model, judged) {
      if (!isBetter(judged, journal.bestJudged, goal)) return false;
      journal.best = mainFile(model);
      journal.bestJudged = judged;
      return true;
    },
    plan: (text) => options.onPlan?.(text),
    done(step) {
      const whole = { ...step, round: journal.round, density: journal.density };
      journal.steps.push(whole);
      options.onStep?.(whole);
    },
    keep: () => options.onCheckpoint?.(writeJournal(journal, subject)),
  };
}

/** Of a search with many steps the file says that there was one, and what for: it is small, and a line for each step would not be. */
function inOneRecord(model: Model, { original, goal, options: { seed } }: Surroundings): Model {
  const { limit: maxLoss, targetSize } = goal;
  const file = withoutRecords(mainFile(model), lastRecord(original));
  return withRecord(openOnnx(file), recordOf('train', { maxLoss, targetSize, seed }, { seed: 0 }));
}
