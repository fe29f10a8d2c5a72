import { breather } from '../breather.js';
import { throwIfAborted } from '../errors.js';
import type { FilePiece } from '../onnx/write.js';
import { interruptible } from './interrupt.js';
import { type OutputPlan, startOutput } from './output.js';

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
  return interruptible(async (signal) => {
    const output = startOutput(plan);
    const breathe = breather();
    try {
      for await (const { file, bytes } of pieces({ signal })) {
        output.write(file, bytes);
        await breathe();
        throwIfAborted(signal);
      }
      output.commit();
    } finally {
      output.discard();
    }
  });
}
