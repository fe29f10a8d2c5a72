import { breather } from './breather.js';
import type { Report } from './decode/remote.js';
import { revive } from './decode/remote.js';
import { nodeThread, type Started, startThread, type WorkerChoice, warnOfNone } from './decode/thread.js';
import { FxqError, throwIfAborted } from './errors.js';
import { isRecord } from './guards.js';

/** Where a function of the library does its work. */
export interface OffloadOptions {
  /**
   * Works in a Worker, or a thread of Node, so that a page never has to wait; what comes of it is handed over, not copied. `true`
   * starts the one that bundlers find beside the library, and ends it afterwards; a URL says where `fxq-compress/worker`
   * is instead; a worker that runs it is used and left running. It is given data only: of functions, those that are called
   * back. Where none can be started, the work is done here, and `console.warn` says so once.
   */
  readonly worker?: boolean | string | URL | Exclude<WorkerChoice, true> | undefined;
}

/** The first message to a worker, with the port that all others use. */
export interface Order {
  /** The function's name. */
  readonly work: string;
  readonly options: object;
  /** Where in the options the caller has functions that are to be called, such as `context.onNote`. */
  readonly calls: readonly string[];
  readonly port: MessagePort;
}

/** What follows: the input in pieces, or at once; that this was all of it, or that no more is wanted. */
export type Delivery = Uint8Array | Blob | boolean;

/** What a worker says: that it is there, which function to call, what came of it. */
export interface Answer extends Omit<Report, 'progress'> {
  isReady?: boolean;
  call?: string;
  value?: unknown;
}

/** Bytes that are copied without a pause: about a millisecond. */
const PIECE_BYTES = 1 << 22;

/** Functions that the caller has called back; whatever else is a function, a worker cannot be given. */
const CALLED_BACK: ReadonlySet<string> = new Set(['onProgress', 'onNote']);

/**
 * Has a worker do what a function of the library does.
 *
 * @returns what that gives; undefined where there can be no worker
 * @throws TypeError where the input or an option cannot be handed over; what the function throws; FxqError `LIMIT` where the
 *   worker ends in the middle
 */
export async function offload<Result>(
  work: string,
  input: unknown,
  { worker, signal, ...options }: OffloadOptions & { readonly signal?: AbortSignal | undefined },
): Promise<Result | undefined> {
  if (!worker) return undefined;
  if (!(input instanceof Uint8Array || input instanceof Blob))
    throw new TypeError(`${work}: with a worker expected the bytes of a file, or a Blob; what is opened stays here`);
  const calls = new Map<string, (value: unknown) => void>();
  const plain = plainOf(work, options, '', calls);
  throwIfAborted(signal);
  const { port1, port2 } = new MessageChannel();
  let thread: Started | undefined;
  let isStarted = false;
  let isDone = false;
  let stop = () => {};
  try {
    const result = await new Promise<Result | undefined>((resolve, reject) => {
      const attempt = (step: () => unknown) => Promise.resolve().then(step).catch(reject);
      const lose = (cause: unknown) => {
        if (isStarted)
          return reject(new FxqError('LIMIT', 'the worker stopped, probably for want of memory', { cause }));
        warnOfNone(cause);
        resolve(undefined);
      };
      stop = () => void attempt(() => throwIfAborted(signal));
      signal?.addEventListener('abort', stop);
      port1.onmessage = ({ data }: MessageEvent<Answer>) =>
        attempt(() => {
          const { isReady, call, value, result, error } = data;
          if (call) calls.get(call)?.(value);
          else if (error) reject(revived(error));
          else if (isReady) {
            isStarted = true;
            return deliver(input, port1, signal);
          } else if (result === undefined) throw new TypeError('worker: expected one that runs fxq-compress/worker');
          else resolve(result as Result);
        });
      try {
        thread = startThread(worker, ownThread, lose);
        thread.postMessage({ work, options: plain, calls: [...calls.keys()], port: port2 } satisfies Order, [port2]);
      } catch (problem) {
        const { name, message } = Object(problem);
        if (name === 'DataCloneError')
          reject(new TypeError(`${work}: a worker cannot be given these options (${message})`));
        else lose(problem);
      }
    });
    isDone = true;
    return result;
  } finally {
    signal?.removeEventListener('abort', stop);
    if (thread?.isLent && !isDone) port1.postMessage(false);
    thread?.end();
    port1.close();
  }
}

/** Hands the input over: a blob as it is, bytes as copies, so that the caller's stay. */
async function deliver(input: Uint8Array | Blob, port: MessagePort, signal: AbortSignal | undefined): Promise<void> {
  if (input instanceof Blob) port.postMessage(input);
  else {
    const breathe = breather();
    for (let at = 0; at < input.length; at += PIECE_BYTES) {
      const piece = new Uint8Array(input.subarray(at, at + PIECE_BYTES));
      port.postMessage(piece, [piece.buffer]);
      await breathe();
      throwIfAborted(signal);
    }
  }
  port.postMessage(true);
}

/** The options without functions; those that are to be called are noted with their path. */
function plainOf(work: string, options: object, path: string, calls: Map<string, (value: unknown) => void>): object {
  const entries = Object.entries(options).flatMap(([key, value]) => {
    const at = path + key;
    if (typeof value === 'function') {
      if (!CALLED_BACK.has(key)) throw new TypeError(`${work}: a worker cannot be given a function (${at})`);
      calls.set(at, value);
      return [];
    }
    const isNested = isRecord(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);
    return [[key, isNested ? plainOf(work, value, `${at}.`, calls) : value]];
  });
  return Object.fromEntries(entries);
}

function ownThread() {
  if (typeof Worker === 'function')
    return new Worker(new URL('./compress-worker.js', import.meta.url), { type: 'module' });
  const here = import.meta.url;
  return nodeThread(new URL('./compress-worker.js', here));
}

/** What the function has thrown, of the class that it was. */
function revived(error: NonNullable<Report['error']>): Error {
  if (error.name === 'FxqError') return revive(error);
  const Kind = { TypeError, RangeError }[`${error.name}`] ?? Error;
  return new Kind(error.message);
}
