import { inOrder, type Limits, nextOf } from '../container/write/ahead.js';
import type { CodingOptions } from '../container/write/coding.js';
import { type Coder, inThreadCoder } from '../container/write/container.js';
import { throwIfAborted } from '../errors.js';
import { present } from '../guards.js';
import type { Tensor } from '../model/model.js';
import { partsOf } from '../model/parts.js';
import { type FilePiece, type WriteOnnxOptions, writeOnnx } from '../onnx/write.js';
import { Collapses } from './collapses.js';
import type { PipelineRun } from './pipeline.js';
import { changesOf, jobOf, type TensorJob, type TensorResult } from './tensor-job.js';

/** Threads that do what {@link jobOf} says; a command line hands them in. */
export interface TensorPool {
  readonly threads: number;
  /** Called before a tensor is read, with its bytes, so that memory which is not used any more can be given back. */
  makeRoom?(bytes: number): void;
  /** Takes the job's payload away. */
  run(job: TensorJob): Promise<TensorResult>;
}

/** Smaller tensors are done sooner than they are handed over. */
const MIN_BYTES = 1 << 14;

/** Bytes of payloads that may be under way at once. A tensor takes several times its payload while it is worked on. */
const MAX_BYTES = 3 << 25;

/**
 * Has tensors coded by threads, with all that stages do to them.
 *
 * @param shares - told what each stage has taken
 */
export function threadedCoder(pool: TensorPool, coding: CodingOptions, shares?: TimeShares): Coder {
  const here = inThreadCoder(coding);
  return {
    limits: limitsOf(pool),
    async code(tensor) {
      if (tensor.length < MIN_BYTES) return here.code(tensor);
      const { payload, coded, ms } = await runJob(pool, tensor, coding);
      shares?.add(tensor, ms);
      return { payload, coded: present(coded) };
    },
  };
}

export interface StagedOptions extends WriteOnnxOptions {
  readonly pool?: TensorPool | undefined;
  /** Called with what the user should know of the result. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** The files of a model that has gone through stages, as `writeOnnx` gives them; the stages' work is done by threads. */
export async function* writeStaged(run: PipelineRun, options: StagedOptions = {}): AsyncGenerator<FilePiece> {
  const { pool, onNote, ...rest } = options;
  const collapses = new Collapses();
  if (!pool) {
    const tensors = run.model.tensors.map((tensor) => lookedAt(tensor, collapses));
    yield* writeOnnx({ ...run.model, tensors }, rest);
    collapses.tell(onNote);
    return;
  }
  const { tensors } = run.model;
  const shares = new TimeShares(run);
  const work = async (tensor: Tensor) => {
    if (!tensor.payload.change || tensor.length < MIN_BYTES) return lookedAt(tensor, collapses).payload.read();
    const { payload, ms } = await runJob(pool, tensor);
    shares.add(tensor, ms);
    collapses.look(tensor, payload);
    return payload;
  };
  const payloads = inOrder(tensors, limitsOf(pool), ({ length }) => length, work);
  const { signal, onProgress } = rest;
  const total = run.model.files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { file, tensor, bytes: between } of partsOf(run.model)) {
    throwIfAborted(signal);
    const bytes = tensor ? await nextOf(payloads) : between;
    yield { file, bytes };
    done += bytes.length;
    onProgress?.(done / total);
  }
  shares.settle();
  collapses.tell(onNote);
}

function lookedAt(tensor: Tensor, collapses: Collapses): Tensor {
  const read = () => {
    const payload = tensor.payload.read();
    collapses.look(tensor, payload);
    return payload;
  };
  return { ...tensor, payload: { ...tensor.payload, read } };
}

function runJob(pool: TensorPool, tensor: Tensor, coding?: CodingOptions): Promise<TensorResult> {
  pool.makeRoom?.(tensor.length);
  return pool.run(jobOf(tensor, coding));
}

function limitsOf({ threads }: TensorPool): Limits {
  return { items: threads > 1 ? threads + 1 : 1, size: MAX_BYTES };
}

/** What threads have spent on each stage: side by side, so that it is shares of the time that passed. */
export class TimeShares {
  readonly #ms = new Map<number, number>();
  readonly #start: number;

  /** @param sink - the timer's entry of what comes after the stages */
  constructor(
    private readonly run: PipelineRun,
    private readonly sink?: number,
  ) {
    this.#start = run.now();
  }

  /** @param ms - of each change to the tensor, and of what comes after them */
  add(tensor: Tensor, ms: readonly number[]): void {
    const entries = changesOf(tensor).changes.map((change) => this.run.entries.get(change));
    for (const [i, entry] of [...entries, this.sink].entries()) {
      if (entry !== undefined) this.#ms.set(entry, (this.#ms.get(entry) ?? 0) + (ms[i] ?? 0));
    }
  }

  /** Divides the time since the start among the stages. */
  settle(): void {
    const passed = this.run.now() - this.#start;
    const total = [...this.#ms.values()].reduce((sum, ms) => sum + ms, 0);
    for (const [entry, ms] of this.#ms) this.run.timer.spend(entry, (passed * ms) / total);
  }
}
