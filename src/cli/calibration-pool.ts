import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { LayerJob, LayerResult } from '../calibrate/job.js';
import type { Pool } from '../calibrate/pool.js';

interface Waiting {
  readonly job: LayerJob;
  resolve(result: LayerResult): void;
  reject(error: unknown): void;
}

/** Elements of moments from which on a layer leaves more behind in its thread than a new one costs. */
const LARGE = 1 << 20;

/**
 * Threads that compensate a layer each. They are started when there is work for them, and end after a large layer, as the
 * memory of one that waits would not be tidied up; the process does not end before the pool is closed.
 *
 * @param entry - the threads' program
 */
export function threadPool(
  threads: number = availableParallelism(),
  entry: URL = new URL('./calibration-worker.js', import.meta.url),
): Pool {
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();
  let isClosed = false;

  /** Gives the next jobs to threads that have none. */
  function dispatch(): void {
    while (queue.length > 0) {
      const worker = idle.pop() ?? (busy.size < threads ? start() : undefined);
      if (!worker) return;
      const waiting = queue.shift() as Waiting;
      busy.set(worker, waiting);
      worker.postMessage(waiting.job, buffersOf(waiting.job));
    }
  }

  function start(): Worker {
    const worker = new Worker(entry);
    worker.on('message', ({ result, error }: { result?: LayerResult; error?: unknown }) => {
      const waiting = busy.get(worker);
      busy.delete(worker);
      if (waiting && isLarge(waiting.job)) worker.terminate();
      else idle.push(worker);
      if (result) waiting?.resolve(result);
      else waiting?.reject(error);
      dispatch();
    });
    const fail = (error: unknown) => {
      const waiting = busy.get(worker);
      busy.delete(worker);
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
      waiting?.reject(error);
      if (!isClosed) dispatch();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`calibration: a thread has ended with code ${code}`)));
    return worker;
  }

  return {
    run(job) {
      if (isClosed) return Promise.reject(new Error('calibration: the pool is closed'));
      return new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        dispatch();
      });
    },

    async close() {
      isClosed = true;
      const closed = new Error('calibration: the pool is closed');
      for (const { reject } of queue.splice(0)) reject(closed);
      await Promise.all([...idle, ...busy.keys()].map((worker) => worker.terminate()));
    },
  };
}

function isLarge({ moments: { groups, inputs } }: LayerJob): boolean {
  return groups * inputs * inputs >= LARGE;
}

/** Moments are large, and nobody else's once the layer's turn has come. */
function buffersOf({ moments: { own, cross } }: LayerJob): ArrayBuffer[] {
  const buffers = new Set([own, cross].flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])));
  return [...buffers];
}
