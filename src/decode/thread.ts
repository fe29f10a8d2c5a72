/** A worker of the web, or a thread of Node, which runs `fxq-compress/decode/worker`. */
export interface DecodeWorker {
  /** As all workers have it. */
  postMessage(message: unknown, transfer?: readonly object[]): void;
}

/** What is used of both kinds of worker, beside messages. */
interface Thread extends DecodeWorker {
  addEventListener?(type: 'error', listener: (problem: unknown) => void): void;
  removeEventListener?(type: 'error', listener: (problem: unknown) => void): void;
  on?(type: 'error', listener: (problem: unknown) => void): void;
  off?(type: 'error', listener: (problem: unknown) => void): void;
  terminate?(): unknown;
  /** In Node; −1 once the thread has ended. */
  readonly threadId?: number;
}

/** A worker that was started, or one of the caller's, which outlives the work. */
export interface Started extends DecodeWorker {
  /** Whether it is the caller's, and has to be told to stop. */
  readonly isLent: boolean;
  end(): void;
}

/** Workers of callers that have never answered, and never will. */
const lost = new WeakSet<DecodeWorker>();

/**
 * Starts a worker, or takes the one that there is.
 *
 * @param worker - `true` for the one beside this file, which bundlers find by the first form below; or where it is
 * @throws where there can be none
 */
export function startThread(worker: true | string | URL | DecodeWorker, onError: (problem: unknown) => void): Started {
  const isLent = typeof worker === 'object' && 'postMessage' in worker;
  const thread: Thread = isLent ? worker : newThread(worker);
  if (lost.has(thread) || thread.threadId === -1) throw new Error('the worker has ended before');
  const fail = (problem: unknown) => {
    lost.add(thread);
    onError(problem);
  };
  // Node's have both forms, and tell errors by this one only.
  if (thread.on) thread.on('error', fail);
  else thread.addEventListener?.('error', fail);
  return {
    isLent,
    postMessage: (message, transfer) => thread.postMessage(message, transfer),
    end() {
      thread.off?.('error', fail);
      thread.removeEventListener?.('error', fail);
      if (!isLent) thread.terminate?.();
    },
  };
}

function newThread(at: true | string | URL): Thread {
  if (typeof Worker === 'function') {
    if (at !== true) return new Worker(at, { type: 'module' });
    return new Worker(new URL('./decode-worker.js', import.meta.url), { type: 'module' });
  }
  const here = import.meta.url;
  const { Worker: NodeWorker } = process.getBuiltinModule('worker_threads');
  return new NodeWorker(at === true ? new URL('./decode-worker.js', here) : at);
}

let hasWarned = false;

/** Says, once, that there is no worker: it was asked for, and the page may stand still without. */
export function warnOfNone(problem: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  const why: unknown = Object(problem).message || 'its file could not be loaded';
  // biome-ignore lint/suspicious/noConsole: what was asked for is not had, and nobody else is told.
  console.warn(
    `fxq-compress: no worker could be started (${why}), so it is done here; ` +
      'for where bundlers find it see "Workers" in the README',
  );
}
