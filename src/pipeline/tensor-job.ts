import { type CodedTensor, codeTensor } from '../container/write/section.js';
import type { Tensor } from '../model/model.js';
import { changed, type WeightChange } from '../model/patch.js';
import { type Change, changeOf, fresh, readOwn } from '../model/readers.js';
import { clusterWeights } from '../stages/cluster.js';
import { pruneWeights } from '../stages/prune.js';
import { selfTimer } from './timer.js';

/** What is to be done to a tensor, as data: all its stages, then coding if asked for. */
export interface TensorJob {
  readonly frame: Omit<Tensor, 'read'>;
  /** As the file has it. It is the job's own, in memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly changes: readonly Omit<Change, 'from'>[];
  readonly isCoded: boolean;
}

export interface TensorResult {
  /** After all stages. */
  readonly payload: Uint8Array;
  readonly coded?: CodedTensor;
  /** Milliseconds of each change, and of the coding. */
  readonly ms: readonly number[];
}

/** The stages' functions by the names that changes have. */
const CHANGES: Record<string, WeightChange<never>> = { prune: pruneWeights, cluster: clusterWeights };

/** The job that a tensor is; it is read for that, as it was before all stages. */
export function jobOf(tensor: Tensor, isCoded: boolean): TensorJob {
  const { root, changes } = changesOf(tensor);
  const { read: _, ...frame } = tensor;
  return { frame, payload: readOwn(root), changes: changes.map(({ name, options }) => ({ name, options })), isCoded };
}

/** What has been done to a tensor, from the first change to the last, and the tensor before that. */
export function changesOf(tensor: Tensor): { root: Tensor; changes: Change[] } {
  const changes: Change[] = [];
  let root = tensor;
  for (let change = changeOf(root); change; change = changeOf(root)) {
    changes.unshift(change);
    root = change.from;
  }
  return { root, changes };
}

/** Does a job, wherever it has come to. The same job gives the same bytes. */
export function doTensorJob({ frame, payload, changes, isCoded }: TensorJob): TensorResult {
  const timer = selfTimer(() => performance.now());
  // Read once, by the first change or at the end.
  let tensor: Tensor = { ...frame, read: fresh(() => payload) };
  for (const { name, options } of changes) {
    const { read, ...rest } = changed(tensor, options as never, CHANGES[name]);
    const entry = timer.add(name);
    tensor = { ...rest, read: fresh(() => timer.measure(entry, read)) };
  }
  const result = tensor.read();
  const entry = timer.add('encode');
  const coded = isCoded ? timer.measure(entry, () => codeTensor(frame, result)) : undefined;
  return { payload: result, ...(coded && { coded }), ms: timer.times().map(({ ms }) => ms) };
}
