import { availableParallelism } from 'node:os';
import type { FormatJob, LayerJob } from '../calibrate/job.js';
import type { Pool } from '../calibrate/pool.js';
import { openThreads } from './threads.js';

/**
 * Threads that compensate a layer each, for calibration.
 *
 * @param entry - the threads' program
 */
export function threadPool(threads: number = availableParallelism(), entry?: URL): Pool {
  const opened = openThreads(threads, entry);
  return {
    run: (job) => opened.run('layer', job, buffersOf(job)),
    close: () => opened.close(),
  };
}

/** Moments are large, and nobody else's once the layer's turn has come. */
function buffersOf({ moments: { own, cross } }: LayerJob | FormatJob): ArrayBuffer[] {
  const buffers = new Set(
    [own, cross].flatMap((array) => (array?.buffer instanceof ArrayBuffer ? [array.buffer] : [])),
  );
  return [...buffers];
}
