import type { Breathe } from '../breather.js';
import { cutShort, malformed } from '../container/read/index.js';
import { FxqError, throwIfAborted } from '../errors.js';

/** Where a container may come from. A URL is fetched; that, and a `Response`, is read while it is still arriving. */
export type Source = OpenSource | string | URL;

/** A source that needs no request. */
export type OpenSource = Uint8Array | ArrayBuffer | SharedArrayBuffer | Blob | Response | ReadableStream<Uint8Array>;

/** Milliseconds in which small pieces are put together. */
const MOMENT = 5;

const nothing = () => {};

/** What is used of a stream's reader. */
interface Reader {
  read(): Promise<IteratorResult<Uint8Array, Uint8Array | undefined>>;
  cancel(): Promise<void>;
}

/** The bytes of a container, handed out in order. */
export interface Input {
  /** How many bytes there are in all, where that is known before they have arrived. */
  readonly size: number | undefined;
  /**
   * The next `count` bytes; they stay valid.
   *
   * @param orLess - whether fewer will do if there are no more
   * @throws FxqError `CONTAINER_MALFORMED` if there are fewer, `IO` if the connection broke, `ABORTED`
   */
  take(count: number, orLess?: boolean): Promise<Uint8Array>;
  /** Throws if anything is left. */
  finish(): Promise<void>;
  /** Ends a download that is not needed any more. */
  cancel(): void;
}

/** What arrives bit by bit. */
export interface Arriving extends Input {
  /** A copy of what arrives within a moment, up to `count` bytes; empty at the end. Not to be mixed with `take`. */
  some(count: number): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Opens a source for reading.
 *
 * @param breathe - called between pieces
 * @param onBytes - called with how many bytes there are so far
 * @throws TypeError for a source of another kind; FxqError `IO` for a response that is an error or has no body to read
 */
export function openInput(
  source: OpenSource,
  signal: AbortSignal | undefined,
  breathe: Breathe,
  onBytes: (loaded: number) => void = () => {},
): Arriving {
  const size = bytesOf(source)?.length ?? (source instanceof Blob ? source.size : undefined);
  const reader = readerOf(source);
  /** What has arrived and was not taken yet. */
  let held: Uint8Array = new Uint8Array();
  let loaded = 0;
  let next: Promise<Uint8Array | undefined> | undefined;
  const cancel = () => void reader.cancel().catch(() => undefined);
  // A read that waits for the network ends at once.
  signal?.addEventListener('abort', cancel, { once: true });

  /** Waits for the next piece that is not empty; undefined at the end. */
  const more = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      await breathe();
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throwIfAborted(signal);
        throw new FxqError('IO', `the connection broke after ${loaded} bytes; get the file again`, {
          offset: loaded,
          cause,
        });
      });
      throwIfAborted(signal);
      if (done) return undefined;
      if (!(value instanceof Uint8Array))
        throw new TypeError(`expected a stream of bytes (Uint8Array), got one of ${typeof value}s`);
      loaded += value.length;
      onBytes(loaded);
      if (value.length > 0) return value;
    }
  };

  return {
    size,
    async take(count, orLess = false) {
      const from = loaded - held.length;
      let filled = held.length;
      while (filled < count) {
        const piece = await more();
        if (!piece) break;
        const needed = filled + piece.length;
        if (filled === 0) held = piece;
        else {
          // Into memory that doubles: pieces may be many, and how many bytes there will be is only a claim.
          if (needed > held.length) {
            const grown = new Uint8Array(Math.max(needed, Math.min(count, 2 * needed)));
            grown.set(held.subarray(0, filled));
            held = grown;
          }
          held.set(piece, filled);
        }
        filled = needed;
      }
      if (filled < count && !orLess) throw cutShort(from + count, loaded);
      const taken = held.subarray(0, Math.min(count, filled));
      held = held.subarray(taken.length, filled);
      return taken;
    },
    async some(count) {
      const some = new Uint8Array(count);
      let filled = 0;
      let isTime = false;
      const moment = new Promise<void>((resolve) => setTimeout(resolve, MOMENT)).then(() => {
        isTime = true;
      });
      while (filled < count) {
        if (held.length === 0) {
          next ??= more();
          // What is not there yet is for the next call, and whoever waits for it then hears of its errors.
          if (filled > 0) await Promise.race([next.then(nothing, nothing), moment]);
          if (filled > 0 && isTime) break;
          const piece = await next;
          next = undefined;
          if (!piece) break;
          held = piece;
        }
        const part = held.subarray(0, count - filled);
        some.set(part, filled);
        filled += part.length;
        held = held.subarray(part.length);
      }
      return some.slice(0, filled);
    },
    async finish() {
      if (held.length > 0 || (await more())) {
        cancel();
        throw malformed('bytes follow the end of the container', loaded - held.length);
      }
      signal?.removeEventListener('abort', cancel);
    },
    cancel() {
      signal?.removeEventListener('abort', cancel);
      cancel();
    },
  };
}

/** Whether a source has to be fetched. */
export function isUrl(source: Source): source is string | URL {
  return typeof source === 'string' || source instanceof URL;
}

/**
 * Sends a request to a URL.
 *
 * @throws FxqError `IO` where there is no answer, `ABORTED`
 */
export async function fetchFrom(
  url: string | URL,
  signal: AbortSignal | undefined,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Response> {
  return fetch(url, { method, signal: signal ?? null }).catch((cause: unknown) => {
    throwIfAborted(signal);
    // Only a page has an address that a file's name can be taken relative to.
    const isName = !('location' in globalThis) && !/^[a-z][a-z\d+.-]*:/i.test(`${url}`);
    const advice = isName ? '; outside of a page give its bytes (await readFile(…)) or a whole URL' : '';
    throw new FxqError('IO', `${url} could not be fetched: ${Object(cause).message}${advice}`, {
      file: `${url}`,
      cause,
    });
  });
}

/** Ends a response that nobody reads: as long as its body waits the connection stays open. */
export function letGo(response: Response | undefined): void {
  // Not waited for: half of a body that was copied ends with the other half.
  if (response?.body?.locked === false) response.body.cancel().catch(nothing);
}

/** The bytes of a source that is in memory. */
export function bytesOf(source: Source): Uint8Array | undefined {
  if (source instanceof Uint8Array) return source;
  const isShared = typeof SharedArrayBuffer === 'function' && source instanceof SharedArrayBuffer;
  return source instanceof ArrayBuffer || isShared ? new Uint8Array(source) : undefined;
}

/** What reads a source. Memory is one piece and no stream: the first of a process takes longer than reading a head. */
function readerOf(source: OpenSource): Reader {
  const bytes = bytesOf(source);
  if (!bytes) return streamOf(source).getReader();
  const pieces = [bytes].values();
  return { read: async () => pieces.next(), cancel: async () => {} };
}

function streamOf(source: OpenSource): ReadableStream<Uint8Array> {
  if (source instanceof Blob) return source.stream();
  if (source instanceof ReadableStream && source.locked) throw new TypeError('the stream is locked by another reader');
  if (source instanceof ReadableStream) return source;
  if (!(source instanceof Response))
    throw new TypeError(
      `expected a Uint8Array, an ArrayBuffer, a Blob, a Response, a ReadableStream of bytes or a URL, got ${Object.prototype.toString.call(source).slice(8, -1)}`,
    );
  const { ok, body, bodyUsed, status, statusText, url } = source;
  let problem = '';
  if (bodyUsed) problem = 'its body was read before';
  else if (body?.locked) problem = 'its body is locked by another reader';
  else if (ok && body) return body;
  else problem = `the server answered ${status} ${statusText}`.trim() + (ok ? ', without a body' : '');
  throw new FxqError('IO', `${url || 'the response'}: expected a container, ${problem}`, { actual: status });
}
