import { type ErrorDetails, FxqError, throwIfAborted } from '../errors.js';
import { breatherFor, type Progress, type ReadOptions } from './container.js';
import { type Arriving, type OpenSource, openInput } from './source.js';
import { nodeThread, type Started, startThread, type WorkerChoice, warnOfNone } from './thread.js';

/** The first message to a worker, with the port that all others use. */
export interface Task {
  /** Whether it is `rebuildForOrt` that is wanted, or `rebuildFiles`. */
  forOrt: boolean;
  verify: ReadOptions['verify'];
  port: MessagePort;
}

/** What follows: pieces of the container; that this was all of it, or that no more is wanted. */
export type Chunk = Uint8Array | boolean;

/** Bytes of a piece: smaller ones that arrive are put together. */
const PIECE_BYTES = 1 << 16;

/** What a worker says: that it is there, how far it is, what came of it. Errors as plain objects, to keep their fields. */
export interface Report {
  progress?: Progress;
  result?: unknown;
  error?: ErrorDetails & Pick<FxqError, 'name' | 'message' | 'code'>;
}

/**
 * Has a worker rebuild the files of a container.
 *
 * @returns what `rebuildForOrt` or `rebuildFiles` gives; undefined where there can be no worker: then the source is
 *   untouched
 */
export async function inWorker<Result>(
  forOrt: boolean,
  worker: WorkerChoice,
  source: OpenSource,
  { signal, verify, onProgress }: ReadOptions,
): Promise<Result | undefined> {
  throwIfAborted(signal);
  const { port1, port2 } = new MessageChannel();
  let input: Arriving | undefined;
  let stop = () => {};

  const send = async () => {
    input = openInput(source, signal, breatherFor(signal));
    for (;;) {
      // Copies: what the caller has, or who fills the stream, stays whole.
      const chunk = await input.some(PIECE_BYTES);
      if (chunk.length === 0) break;
      port1.postMessage(chunk, [chunk.buffer]);
    }
    port1.postMessage(true);
  };

  let thread: Started | undefined;
  let isDone = false;
  try {
    const result = await new Promise<Result | undefined>((resolve, reject) => {
      const lose = (cause: unknown) => {
        // Before it has asked for anything it has not started.
        if (input) return reject(new FxqError('LIMIT', 'the worker stopped, probably for want of memory', { cause }));
        warnOfNone(cause);
        resolve(undefined);
      };
      stop = () => {
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(error);
        }
      };
      signal?.addEventListener('abort', stop);
      port1.onmessage = ({ data: { progress, result, error } }: MessageEvent<Report>) => {
        try {
          if (progress) onProgress?.(progress);
          else if (result) resolve(result as Result);
          else if (error) reject(error.name === 'FxqError' ? revive(error) : new Error(error.message));
          else send().catch(reject);
        } catch (problem) {
          reject(problem);
        }
      };
      try {
        thread = startThread(worker, ownThread, lose);
        thread.postMessage({ forOrt, verify, port: port2 } satisfies Task, [port2]);
      } catch (problem) {
        lose(problem);
      }
    });
    isDone = true;
    return result;
  } finally {
    signal?.removeEventListener('abort', stop);
    if (thread?.isLent && !isDone) port1.postMessage(false);
    thread?.end();
    port1.close();
    input?.cancel();
  }
}

function ownThread() {
  if (typeof Worker === 'function')
    return new Worker(new URL('./decode-worker.js', import.meta.url), { type: 'module' });
  const here = import.meta.url;
  return nodeThread(new URL('./decode-worker.js', here));
}

/** The error that a worker told as a plain object. */
export function revive({ name: _, message, code, ...details }: NonNullable<Report['error']>): FxqError {
  return new FxqError(code, message, details);
}
