import { oncePerFrame } from '../decode/frames.js';
import {
  decodeForOrt,
  FxqError,
  type OrtModel,
  type Progress,
  type Source,
  type WorkerOptions,
} from '../decode/index.js';
import { isUrl } from '../decode/source.js';
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

/** What is wrong with a kept file that is damaged, or of another release: getting it again helps. */
const DAMAGED: readonly string[] = ['CHECKSUM', 'CONTAINER_MALFORMED', 'CONTAINER_VERSION'];

/**
 * Makes a session of ONNX Runtime from a container: fetches it from a URL, or takes it from the Cache API, and decodes it in a
 * worker while it arrives. A kept file that is damaged is fetched again, once. What is no URL is decoded as it is, and not kept.
 *
 * @param ort - the module `onnxruntime-web` or `onnxruntime-node`
 * @param source - a URL, or whatever else `decode` takes
 * @throws what the signal gives as its reason, by default the platform's `AbortError`, where `decode` throws an FxqError
 *   `ABORTED`; for the rest FxqError and TypeError as `decode` does
 *
 * @example
 * import * as ort from 'onnxruntime-web';
 * import { createSession } from 'fxq-compress/session';
 * const session = await createSession(ort, 'model.fxq', { onProgress: (share) => showProgress(share) });
 */
export async function createSession<Session>(
  ort: SessionFactory<Session>,
  source: Source,
  options: CreateSessionOptions = {},
): Promise<Session> {
  const { signal, worker = true, verify, session } = options;
  const say = shareOf(options.onProgress);
  say({ download: 0, decode: 0 });
  const decoding = {
    ...{ signal, worker, verify },
    onProgress: ({ phase, loaded, total }: Progress) => say({ [phase]: loaded / total }),
  };
  try {
    signal?.throwIfAborted();
    const { model, externalData, kept } = isUrl(source)
      ? await load(source, options, decoding)
      : { ...(await decodeForOrt(source, decoding)), kept: undefined };
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
}

/**
 * The decoded model of a URL, and when its file is kept.
 *
 * @param isAgain - whether what was kept before was damaged
 */
async function load(
  url: string | URL,
  caching: CacheOptions,
  decoding: WorkerOptions,
  isAgain = false,
): Promise<OrtModel & { kept: Promise<void> }> {
  const fetched = await fetchCached(url, caching);
  try {
    const decoded = await decodeForOrt(fetched.response, decoding);
    return { ...decoded, kept: fetched.keep() };
  } catch (error) {
    const isDamaged = error instanceof FxqError && DAMAGED.includes(error.code);
    // What is kept and not to blame serves the next time.
    if (fetched.isCached && !isDamaged) throw error;
    const isGone = await fetched.drop();
    if (!fetched.isCached || isAgain) throw error;
    return load(url, isGone ? caching : { ...caching, cache: false }, decoding, true);
  }
}

/** Makes one share of the parts' shares, which never goes back. */
function shareOf(onProgress: ((share: number) => void) | undefined) {
  const parts = { download: 0, decode: 0 };
  const isTime = oncePerFrame();
  let told = -1;
  return (news: Partial<typeof parts>): void => {
    Object.assign(parts, news);
    const share = parts.download * SHARES.download + parts.decode * SHARES.decode;
    if (share <= told || !isTime()) return;
    told = share;
    onProgress?.(share);
  };
}
