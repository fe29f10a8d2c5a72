import { fetchFrom, letGo } from '../decode/source.js';
import { throwIfAborted } from '../errors.js';

/** How a file is kept from one visit to the next. */
export interface CacheOptions {
  /**
   * Whether the compressed file is kept in the Cache API, or the name of the cache. Default: in `fxq-compress`, where there is
   * one. What is kept is used as long as a HEAD request names the same version, by `ETag` or `Last-Modified`, or nobody answers.
   */
  cache?: boolean | string | undefined;
  /** Ends what is under way. */
  signal?: AbortSignal | undefined;
}

/** A response that may come from a cache. */
export interface Fetched {
  readonly response: Response;
  readonly isCached: boolean;
  /** Keeps the file for the next time, once it is known to be sound. Where there is no room it is not kept. */
  keep(): Promise<void>;
  /**
   * Lets go of a file that is of no use: forgets one that was kept, and ends the download of any other.
   *
   * @returns whether nothing of it is kept
   */
  drop(): Promise<boolean>;
}

/**
 * What tells one version of a file from another. Of other origins `ETag` can be read only where
 * `Access-Control-Expose-Headers` names it.
 */
const VERSIONS = ['etag', 'last-modified'];

/**
 * Fetches a file, or takes it from the Cache API. The cache is a convenience: where it does not work the file is fetched.
 *
 * @throws FxqError `IO` where there is no answer, `ABORTED`
 *
 * @example
 * const { response, keep } = await fetchCached('model.fxq');
 * const onnx = await decode(response);
 * await keep();
 */
export async function fetchCached(url: string | URL, { cache = true, signal }: CacheOptions = {}): Promise<Fetched> {
  const name = cache === true ? 'fxq-compress' : cache;
  const store = name === false ? undefined : await attempt(() => caches.open(name));
  const kept = await attempt(() => store?.match(url));
  if (kept && (await isCurrent(url, kept, signal))) {
    const drop = async () => (await attempt(() => store?.delete(url))) === true;
    return { response: kept, isCached: true, keep: async () => {}, drop };
  }
  letGo(kept);
  const response = await fetchFrom(url, signal);
  // What is read of a response is gone: the copy holds it until it is known whether to keep it.
  const copy = response.ok && store ? response.clone() : undefined;
  const keep = async () => void (copy && (await attempt(() => store?.put(url, copy))));
  const drop = async () => {
    letGo(response);
    letGo(copy);
    return true;
  };
  return { response, isCached: false, keep, drop };
}

/**
 * What comes of work on a cache: nothing where the platform has none, forbids it, as in private windows, in frames and on pages
 * without HTTPS, or fails.
 */
async function attempt<Result>(work: () => Promise<Result> | undefined): Promise<Result | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** Whether a server names the version that is kept, or there is none that answers. */
async function isCurrent(url: string | URL, kept: Response, signal: AbortSignal | undefined): Promise<boolean> {
  const now = await fetchFrom(url, signal, 'HEAD').catch(() => undefined);
  throwIfAborted(signal);
  // Offline, or a gateway without a server behind it: the file has served before.
  if (!now || (now.status >= 502 && now.status <= 504)) return true;
  const pair = (name: string) => [now, kept].map(({ headers }) => headers.get(name));
  const versions = VERSIONS.map(pair).filter(([a, b]) => a !== null || b !== null);
  // Without a version there is nothing to go by, whatever else is equal.
  return now.ok && versions.length > 0 && versions.every(([a, b]) => a === b);
}
