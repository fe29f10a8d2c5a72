import { decodeForOrt, FxqError, type Progress, type WorkerOptions } from '../decode/index.js';
import { type CacheOptions, fetchCached } from './cached.js';

/** What is used of onnxruntime-web or onnxruntime-node. */
export interface SessionFactory<Session> {
  readonly InferenceSession: {
    /** Makes a session of the bytes of a model. */
    create(model: Uint8Array, options?: object): Promise<Session>;
  };
}

/** Settings of `createSession`. */
export interface CreateSessionOptions extends CacheOptions, Pick<WorkerOptions, 'verify' | 'worker'> {
  /** Called with one share for download, decoding and the session's start, from 0 to 1, at most once a frame. */
  onProgress?: ((share: number) => void) | undefined;
  /** Settings of the session itself, as ONNX Runtime takes them. */
  session?: object | undefined;
}

/** What each part takes of the whole; the rest is the session's start. */
const SHARES = { download: 0.7, decode: 0.2 };

const FRAME_MS = 16;

/**
 * Makes a session of ONNX Runtime from a container at a URL: fetches it, or takes it from the Cache API, and decodes it in a
 * worker while it arrives. A kept file that is damaged is fetched again.
 *
 * @param ort - the module `onnxruntime-web` or `onnxruntime-node`
 * @throws what the signal gives as its reason, by default the platform's `AbortError`; FxqError as `decode` does
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * import { createSession } from 'fxq-compress/session';
 * const session = await createSession(ort, 'model.fxq', { onProgress: (share) => showProgress(share) });
 */
export async function createSession<Session>(
  ort: SessionFactory<Session>,
  url: string | URL,
  options: CreateSessionOptions = {},
): Promise<Session> {
  const { signal, worker = true, verify, session } = options;
  const say = shareOf(options.onProgress);
  say({ download: 0, decode: 0 });
  try {
    signal?.throwIfAborted();
    const { model, externalData, kept } = await load(url, options, (progress) =>
      say({ [progress.phase]: progress.loaded / progress.total }),
    );
    const [made] = await Promise.all([
      ort.InferenceSession.create(model, externalData.length > 0 ? { ...session, externalData } : session),
      kept,
    ]);
    signal?.throwIfAborted();
    options.onProgress?.(1);
    return made;
  } catch (error) {
    if (signal?.aborted && error instanceof FxqError && error.code === 'ABORTED') throw signal.reason;
    throw error;
  }

  /** The decoded model, and when its file is kept. */
  async function load(from: string | URL, caching: CacheOptions, onProgress: (progress: Progress) => void) {
    const fetched = await fetchCached(from, caching).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new FxqError('IO', `${from} could not be fetched: ${Object(cause).message}`, { file: `${from}`, cause });
    });
    try {
      const decoded = await decodeForOrt(fetched.response, { signal, worker, verify, onProgress });
      return { ...decoded, kept: fetched.keep() };
    } catch (error) {
      if (!fetched.isCached || signal?.aborted) throw error;
      await fetched.drop();
      return load(from, caching, onProgress);
    }
  }
}

/** Makes one share of the parts' shares, which never goes back. */
function shareOf(onProgress: ((share: number) => void) | undefined) {
  const parts = { download: 0, decode: 0 };
  let last = Number.NEGATIVE_INFINITY;
  let told = -1;
  return (news: Partial<typeof parts>): void => {
    Object.assign(parts, news);
    const share = parts.download * SHARES.download + parts.decode * SHARES.decode;
    const now = performance.now();
    if (share <= told || now < last + FRAME_MS) return;
    [last, told] = [now, share];
    onProgress?.(share);
  };
}
