// What the threads of threads.ts can do; each function is found by its name.
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { FormatJob, LayerJob } from '../calibrate/job.js';
import { inThreadPool } from '../calibrate/pool.js';
import { type ErrorCode, type ErrorDetails, FxqError } from '../errors.js';
import { doTensorJob, type TensorJob } from '../pipeline/tensor-job.js';
import { tidy } from './tidy.js';

/** The tasks by name: job in, result out. */
export type Tasks = typeof TASKS;

/** What a thread answers. Errors as plain data: a clone would lose their fields. */
export interface Answer<Result> {
  readonly result: Result;
  readonly error?: { isTyped: boolean; code: ErrorCode; message: string; details: ErrorDetails };
}

const TASKS = {
  /** The stages of a tensor, and its coding. */
  tensor: async (job: TensorJob) => doTensorJob(job),
  /** The compensation of a layer. */
  layer: (job: LayerJob | FormatJob) => inThreadPool().run(job),
};

export const tensor = (job: TensorJob) => answer(TASKS.tensor(job), job.payload.length);
export const layer = (job: LayerJob | FormatJob) => answer(TASKS.layer(job), job.moments.own.byteLength);

/** @param bytes - that the work is about: a thread that waits, or lets another go first, keeps nothing of it */
async function answer(work: Promise<object>, bytes: number): Promise<unknown> {
  try {
    const result = await work;
    tidy(bytes);
    return move({ [transferableSymbol]: buffersOf(result), [valueSymbol]: { result } });
  } catch (problem) {
    const { message, code, file, tensor, offset, expected, actual } = problem as FxqError;
    const known = Object.entries({ file, tensor, offset, expected, actual }).filter(([, value]) => value !== undefined);
    return { error: { isTyped: problem instanceof FxqError, code, message, details: Object.fromEntries(known) } };
  }
}

/** The memory of what a task has made, all of which is handed over. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else for (const part of Object.values(Object(value))) buffersOf(part, found);
  return [...found];
}
