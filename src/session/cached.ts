/** How a file is kept from one visit to the next. */
export interface CacheOptions {
  /**
   * Whether the compressed file is kept in the Cache API, or the name of the cache. Default: in `fxq-compress`, where there is
   * one. What is kept is used as long as a HEAD request names the same version, or nobody answers.
   */
  cache?: boolean | string | undefined;
  signal?: AbortSignal | undefined;
}

/** A response that may come from a cache. */
export interface Fetched {
  readonly response: Response;
  readonly isCached: boolean;
  /** Keeps the file for the next time, once it is known to be sound. Where there is no room it is not kept. */
  keep(): Promise<void>;
  /** Forgets a file that turned out to be damaged. */
  drop(): Promise<void>;
}

/** What tells one version of a file from another, and may be read from other origins, too. */
const VERSION = ['etag', 'last-modified', 'content-length'];

/**
 * Fetches a file, or takes it from the Cache API.
 *
 * @example
 * const { response, keep } = await fetchCached('model.fxq');
 * const onnx = await decode(response);
 * await keep();
 */
export async function fetchCached(url: string | URL, { cache = true, signal }: CacheOptions = {}): Promise<Fetched> {
  const store = cache === false ? undefined : await openStore(cache === true ? 'fxq-compress' : cache);
  const drop = async () => void (await store?.delete(url));
  const kept = await store?.match(url);
  if (kept && (await isCurrent(url, kept, signal)))
    return { response: kept, isCached: true, keep: async () => {}, drop };
  const response = await fetch(url, { signal: signal ?? null });
  const copy = response.ok && store ? response.clone() : undefined;
  const keep = async () => {
    if (copy) await store?.put(url, copy).catch(() => undefined);
  };
  return { response, isCached: false, keep, drop };
}

/** A cache; none where the platform has none, or forbids it, as in private windows and on pages without HTTPS. */
async function openStore(name: string): Promise<Cache | undefined> {
  return typeof caches === 'undefined' ? undefined : caches.open(name).catch(() => undefined);
}

async function isCurrent(url: string | URL, kept: Response, signal: AbortSignal | undefined): Promise<boolean> {
  const now = await fetch(url, { method: 'HEAD', signal: signal ?? null }).catch(() => undefined);
  signal?.throwIfAborted();
  // Offline, or a server that answers no such request: the file has served before.
  if (!now?.ok) return true;
  return VERSION.every((name) => now.headers.get(name) === kept.headers.get(name));
}
