import { calibrationKernels } from '../kernels/calibrate/index.js';
import { compensate } from './compensate.js';
import type { FormatJob, LayerJob, LayerResult } from './job.js';
import { roundToFormat } from './round.js';

/** Where layers are compensated. A result depends on its job only, not on where or beside what it is done. */
export interface Pool {
  /** May take the job's moments away: they belong to the pool from here on. */
  run(job: LayerJob | FormatJob): Promise<LayerResult>;
  /** Ends whatever threads there are; jobs that are not done fail. */
  close(): Promise<void>;
}

/** One layer after the other, in the caller's thread. */
export function inThreadPool(): Pool {
  return {
    async run(job) {
      const kernels = calibrationKernels();
      return 'format' in job ? roundToFormat(job, kernels) : compensate(job, kernels);
    },
    async close() {},
  };
}
