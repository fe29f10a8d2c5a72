/** Where transformers.js looks for a file before it fetches it, in the shape of its `env.customCache`. */
export interface Cache {
  /** What is kept for a path or an address; undefined where nothing is. */
  match(request: string): Promise<Response | undefined>;
  /** Keeps what was fetched. */
  put(request: string, response: Response): Promise<void>;
}

/** A cache of somebody else's: what it answers is passed on, whatever it is. */
export interface AnyCache {
  /** What is kept for a path or an address. */
  // biome-ignore lint/suspicious/noExplicitAny: as transformers.js declares it, in every version otherwise.
  match(request: string): Promise<any>;
  /** Keeps what was fetched. */
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  put(...given: any[]): Promise<void>;
}

/** What is used of the `env` of `@huggingface/transformers`, from version 3 on. */
export interface TransformersEnv {
  useCustomCache: boolean;
  customCache: AnyCache | null;
  /** Whether paths are those of files, as in Node. */
  readonly useFS: boolean;
  readonly useBrowserCache: boolean;
  readonly useFSCache: boolean;
  /** Name of the cache in browsers. Version 3 has none, and a fixed one. */
  readonly cacheKey?: string;
  /** The folder of files that are kept in Node. */
  readonly cacheDir: string | null;
  readonly allowLocalModels: boolean;
  readonly allowRemoteModels: boolean;
  readonly localModelPath: string;
  readonly remoteHost: string;
  readonly remotePathTemplate: string;
  /** How files are fetched. Version 3 has none, and the platform's. */
  // biome-ignore lint/suspicious/noExplicitAny: as transformers.js declares it.
  readonly fetch?: (input: string | URL, init?: any) => Promise<any>;
}
