import { breather } from '../../breather.js';
import { throwIfAborted } from '../../errors.js';
import type { FilePiece } from '../../onnx/write.js';
import type { Target } from '../../pipeline/compress.js';
import { interruptible } from '../interrupt.js';
import { type Output, startOutput } from './output.js';
import type { OutputPlan } from './plan.js';

/** What a command's pieces may use while they are made. */
export interface WriteContext {
  readonly signal: AbortSignal;
}

/**
 * Writes the pieces of one or several files to where they were planned. All files appear when all are complete; a
 * failure or a signal leaves what was there before.
 *
 * @param pieces - makes the pieces, in order; it is given the signal that Ctrl-C fires
 */
export function writePieces(
  plan: OutputPlan,
  pieces: (context: WriteContext) => Iterable<FilePiece> | AsyncIterable<FilePiece>,
): Promise<void> {
  return withOutput(plan, async (output, signal) => {
    const breathe = breather();
    for await (const { file, bytes } of pieces({ signal })) {
      output.write(file, bytes);
      await breathe();
      throwIfAborted(signal);
    }
  });
}

/** Writes a file that is in memory. */
export function writeWhole(plan: OutputPlan, bytes: Uint8Array): void {
  const output = startOutput(plan);
  try {
    output.write(0, bytes);
    output.commit();
  } finally {
    output.discard();
  }
}

/** The first file of an output as the place where a container is made. */
export function targetIn(output: Output): Target {
  return {
    sections: () => output.scratch(),
    write: (bytes) => output.write(0, bytes),
    written: () => output.written(0),
  };
}

/** Has work write the planned files: they appear once it is done, and not at all if it fails or is stopped. */
export function withOutput<T>(plan: OutputPlan, work: (output: Output, signal: AbortSignal) => Promise<T>): Promise<T> {
  return interruptible(async (signal) => {
    const output = startOutput(plan);
    try {
      const result = await work(output, signal);
      throwIfAborted(signal);
      output.commit();
      return result;
    } finally {
      output.discard();
    }
  });
}
