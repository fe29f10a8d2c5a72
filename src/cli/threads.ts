import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { FxqError, throwIfAborted } from '../errors.js';
import { doTensorJob } from '../pipeline/tensor-job.js';
import type { TensorPool } from '../pipeline/threads.js';
import { tidy } from './tidy.js';
import type { Answer, Tasks } from './worker.js';

/** Threads that do what worker.ts can do. They start when there is work for them. */
export interface Threads {
  /**
   * Does a task in one of the threads.
   *
   * @param transfer - memory of the job that is handed over instead of copied, and gone here
   */
  run<Name extends keyof Tasks>(
    name: Name,
    job: Parameters<Tasks[Name]>[0],
    transfer: ArrayBuffer[],
  ): Promise<Awaited<ReturnType<Tasks[Name]>>>;
  /** Ends all threads; tasks that are not done fail. */
  close(): Promise<void>;
}

/** How long a thread waits for its next task, ms: a new one takes a tenth of a second, one that waits keeps its memory. */
const IDLE_MS = 1000;

/** More threads than this rarely have work, and each has a tensor in memory. */
const MOST_BY_DEFAULT = 8;

/** Models whose tensors have fewer bytes are done before threads have started. */
const WORTHWHILE_BYTES = 1 << 23;

function defaultThreads(): number {
  return Math.min(availableParallelism(), MOST_BY_DEFAULT);
}

/** @param entry - the threads' program */
export function openThreads(threads: number, entry: URL = new URL('./worker.js', import.meta.url)): Threads {
  let pool: Promise<Piscina> | undefined;
  let isClosed = false;
  const start = async () => {
    const { Piscina } = await import('piscina');
    return new Piscina({ filename: fileURLToPath(entry), minThreads: 0, maxThreads: threads, idleTimeout: IDLE_MS });
  };
  return {
    async run(name, job, transfer) {
      if (isClosed) throw new Error('the threads are closed');
      pool ??= start();
      const { result, error } = (await (await pool).run(job, { name, transferList: transfer })) as Answer<never>;
      if (!error) return result;
      const { isTyped, message, code, details } = error;
      throw isTyped ? new FxqError(code, message, details) : new Error(message);
    },
    async close() {
      isClosed = true;
      const opened = await pool;
      // An answer that comes when its task has failed by this very call is an error of the pool's; nobody waits for it.
      opened?.on('error', () => {});
      await opened?.destroy();
    },
  };
}

/**
 * Works with threads where they pay; with one of them, or on a small model, everything is done here.
 *
 * @param bytes - of all tensors together
 */
export async function withTensorPool<T>(
  { threads = defaultThreads(), bytes, signal }: { threads?: number | undefined; bytes: number; signal: AbortSignal },
  work: (pool: TensorPool) => Promise<T>,
): Promise<T> {
  if (threads < 2 || bytes < WORTHWHILE_BYTES) return work(inThreadPool);
  const opened = openThreads(threads);
  const stop = () => void opened.close();
  signal.addEventListener('abort', stop);
  try {
    return await work(tensorPool(opened, threads));
  } catch (error) {
    // A thread that was stopped has failed for that reason.
    throwIfAborted(signal);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await opened.close();
  }
}

export function tensorPool(opened: Threads, threads: number): TensorPool {
  return {
    threads,
    makeRoom: tidy,
    run: (job) => opened.run('tensor', job, [job.payload.buffer]),
  };
}

const inThreadPool: TensorPool = {
  threads: 1,
  makeRoom: tidy,
  run: async (job) => doTensorJob(job),
};
