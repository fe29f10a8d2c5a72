import { parentPort } from 'node:worker_threads';
import type { LayerJob } from '../calibrate/job.js';
import { inThreadPool } from '../calibrate/pool.js';

// The entry of the threads that calibration-pool.ts starts: jobs in, results out, one at a time.
const pool = inThreadPool();
parentPort?.on('message', async (job: LayerJob) => {
  try {
    const result = await pool.run(job);
    const buffers = [result.weights, result.bias].flatMap((array) => (array ? [array.buffer as ArrayBuffer] : []));
    parentPort?.postMessage({ result }, buffers);
  } catch (error) {
    parentPort?.postMessage({ error });
  }
});
