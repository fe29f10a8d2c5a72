import { throwIfAborted } from '../errors.js';
import { expectModel } from '../model/expect-model.js';
import type { Change, Model } from '../model/model.js';
import type { Stage, StageContext } from '../stages/stage.js';
import { type SelfTimer, selfTimer } from './timer.js';

/** How long a stage took, without the stages it waited for. */
export interface StageTime {
  readonly name: string;
  readonly ms: number;
}

/** Settings of `runStages`. */
export interface PipelineOptions {
  /** Stops the work between two tensors. */
  readonly signal?: AbortSignal | undefined;
  /** Called with a share from 0 to 1 as the sink takes the tensors. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** What stages call while they run, beside the calls about the sink. */
  readonly context?: Pick<StageContext, 'onProgress' | 'onNote'> | undefined;
  /** Milliseconds of a clock that does not go back. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** A model that has gone through stages. Most of their work is done when its tensors are read. */
export interface PipelineRun {
  readonly model: Model;
  /** Lets a sink of the model be timed like a stage: its own time, without the reading of tensors. */
  readonly timer: SelfTimer;
  /**
   * The timer's entries of changes that were said as data.
   *
   * @hidden
   */
  readonly entries: ReadonlyMap<Change, number>;
  /** The clock that times it, in milliseconds. */
  readonly now: () => number;
  /** Time of each stage so far: complete once a sink has read every tensor. */
  times(): StageTime[];
}

/**
 * Runs stages over a model and times them. Stages are lazy: a stage's time is that of its `run` and of the reads of the
 * tensors it changed, less the time of the stages before it that these reads wait for.
 *
 * @example
 * const run = await runStages(openOnnx(bytes), [prune({ density: 0.8 }), cluster({ bits: 8 })]);
 * const pieces = [...writeOnnx(run.model)];
 * for (const { name, ms } of run.times()) console.log(name, ms);
 */
export async function runStages(
  model: Model,
  stages: readonly Stage[],
  options: PipelineOptions = {},
): Promise<PipelineRun> {
  expectModel('runStages', model);
  const { signal, context, now = () => performance.now() } = options;
  const timer = selfTimer(now);
  const entries = new Map<Change, number>();
  let current = model;
  for (const stage of stages) {
    throwIfAborted(signal);
    const entry = timer.add(stage.name);
    const next = await timer.measureAsync(entry, async () =>
      stage.run(current, { ...context, ...(signal ? { signal } : {}) }),
    );
    for (const tensor of next.tensors) {
      const { change } = tensor.payload;
      if (change && !entries.has(change)) entries.set(change, entry);
    }
    current = timed(next, current, timer, entry);
  }
  return { model: current, timer, entries, now, times: () => timer.times() };
}

/** The model with a clock on the reads of all tensors that the stage has changed. */
function timed(model: Model, before: Model, timer: SelfTimer, entry: number): Model {
  const tensors = model.tensors.map((tensor, i) => {
    const { payload } = tensor;
    if (payload === before.tensors[i]?.payload) return tensor;
    return { ...tensor, payload: { ...payload, read: () => timer.measure(entry, () => payload.read()) } };
  });
  return { ...model, tensors };
}
