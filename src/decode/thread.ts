/** A worker of the web, or a thread of Node, which runs `fxq-compress/decode/worker` or `fxq-compress/worker`. */
export interface DecodeWorker {
  /** As all workers have it. */
  postMessage(message: unknown, transfer?: readonly object[]): void;
}

/** Where work is done that is not to be done here: in a worker of the package's own, one whose file is told, or one that is there. */
export type WorkerChoice = true | string | URL | DecodeWorker;

/** What is used of both kinds of worker, beside messages. */
export interface Thread extends DecodeWorker {
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
 * @param worker - `true` for the one that `own` makes, where its file is, or the one that there is
 * @param own - makes the worker whose file comes with the caller's
 * @throws where there can be none
 */
export function startThread(worker: WorkerChoice, own: () => Thread, onError: (problem: unknown) => void): Started {
  const isLent = typeof worker === 'object' && 'postMessage' in worker;
  const thread: Thread = isLent ? worker : worker === true ? own() : newThread(worker);
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

/**
 * A worker whose file is told. Who makes one of a file of the package writes the same out, because bundlers find the file only
 * by `new Worker(new URL('…', import.meta.url))`, word for word.
 */
function newThread(at: string | URL): Thread {
  return typeof Worker === 'function' ? new Worker(at, { type: 'module' }) : nodeThread(at);
}

/** A thread of Node. */
export function nodeThread(at: string | URL): Thread {
  const { Worker: NodeWorker } = process.getBuiltinModule('worker_threads');
  // Flags of this process may be about its own script.
  return new NodeWorker(at, { execArgv: [] });
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
      'for where bundlers find it see "Workers" in docs/page.md',
  );
}
