import { type ErrorDetails, FxqError, throwIfAborted } from '../errors.js';
import { breatherFor, type Progress, type ReadOptions } from './container.js';
import { type Arriving, openInput, type Source } from './source.js';

/** The first message to a worker, with the port that all others use. */
export interface Task {
  /** Whether it is `rebuildForOrt` that is wanted, or `rebuildFiles`. */
  forOrt: boolean;
  verify: ReadOptions['verify'];
  port: MessagePort;
}

/** What follows: pieces of the container, and that this was all of it. */
export type Chunk = Uint8Array | true;

/** Bytes of a piece: smaller ones that arrive are put together. */
const PIECE_BYTES = 1 << 16;

/** What a worker says: that it is there, how far it is, what came of it. Errors as plain objects, to keep their fields. */
export interface Report {
  progress?: Progress;
  result?: unknown;
  error?: ErrorDetails & Pick<FxqError, 'name' | 'message' | 'code'>;
}

/** A worker of the web, or a thread of Node. */
interface Thread {
  postMessage(message: unknown, transfer: MessagePort[]): void;
  terminate(): unknown;
}

/** Starts a worker, if there can be one. Bundlers know the first form of it; the other is none of theirs. */
function startWorker(onError: (problem: unknown) => void): Thread | undefined {
  try {
    if (typeof Worker === 'function') {
      const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
      worker.onerror = onError;
      return worker;
    }
    const here = import.meta.url;
    const { Worker: NodeWorker } = process.getBuiltinModule('worker_threads');
    return new NodeWorker(new URL('./worker.js', here)).on('error', onError) as unknown as Thread;
  } catch {
    return undefined;
  }
}

/**
 * Has a worker rebuild the files of a container.
 *
 * @returns what `rebuildForOrt` or `rebuildFiles` gives; undefined where there can be no worker: then the source is
 *   untouched
 */
export async function inWorker<Result>(
  forOrt: boolean,
  source: Source,
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

  let worker: Thread | undefined;
  try {
    return await new Promise<Result | undefined>((resolve, reject) => {
      worker = startWorker((cause) => {
        // Before it has asked for anything it has not started.
        if (input) reject(new FxqError('LIMIT', 'the worker stopped, probably for want of memory', { cause }));
        else resolve(undefined);
      });
      if (!worker) return resolve(undefined);
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
      worker.postMessage({ forOrt, verify, port: port2 } satisfies Task, [port2]);
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    worker?.terminate();
    port1.close();
    input?.cancel();
  }
}

function revive({ name: _, message, code, ...details }: NonNullable<Report['error']>): FxqError {
  return new FxqError(code, message, details);
}
