import type { CodingOptions } from '../container/write/coding.js';
import { type CodedTensor, codeTensor } from '../container/write/section.js';
import type { Change, Tensor } from '../model/model.js';
import { changed, type WeightChange } from '../model/patch.js';
import { readOwn } from '../model/payload.js';
import { stageNamed } from '../stages/registry.js';
import { selfTimer } from './timer.js';

/** What is to be done to a tensor, as data: all its stages, then coding if asked for. */
export interface TensorJob {
  readonly frame: Omit<Tensor, 'payload'>;
  /** As the file has it. It is the job's own, in memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly changes: readonly Omit<Change, 'from'>[];
  /** How it is coded, if it is. */
  readonly coding?: CodingOptions | undefined;
}

export interface TensorResult {
  /** After all stages. */
  readonly payload: Uint8Array;
  readonly coded?: CodedTensor;
  /** Milliseconds of each change, and of the coding. */
  readonly ms: readonly number[];
}

/** The job that a tensor is; it is read for that, as it was before all stages. */
export function jobOf(tensor: Tensor, coding?: CodingOptions): TensorJob {
  const { root, changes } = changesOf(tensor);
  const { payload: _, ...frame } = tensor;
  const toDo = changes.map(({ stage, options }) => ({ stage, options }));
  return { frame, payload: readOwn(root), changes: toDo, coding };
}

/** What has been done to a tensor, from the first change to the last, and the tensor before that. */
export function changesOf(tensor: Tensor): { root: Tensor; changes: Change[] } {
  const changes: Change[] = [];
  let root = tensor;
  while (root.payload.change) {
    changes.unshift(root.payload.change);
    root = root.payload.change.from;
  }
  return { root, changes };
}

/** Does a job, wherever it has come to. The same job gives the same bytes. */
export function doTensorJob({ frame, payload, changes, coding }: TensorJob): TensorResult {
  const timer = selfTimer(() => performance.now());
  // Read once, by the first change or at the end.
  let tensor: Tensor = { ...frame, payload: { read: () => payload, isOwn: true } };
  for (const { stage, options } of changes) {
    const change = stageNamed(stage).change as WeightChange<unknown>;
    const { payload: made } = changed(tensor, options, change);
    const entry = timer.add(stage);
    tensor = { ...frame, payload: { ...made, read: () => timer.measure(entry, () => made.read()) } };
  }
  const result = tensor.payload.read();
  const entry = timer.add('encode');
  const coded = coding ? timer.measure(entry, () => codeTensor(frame, result, coding)) : undefined;
  return { payload: result, ...(coded && { coded }), ms: timer.times().map(({ ms }) => ms) };
}
