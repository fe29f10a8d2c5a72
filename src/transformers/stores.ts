import type { Cache, TransformersEnv } from './env.js';
import { placeOf } from './place.js';

/** Keeps nothing. */
const NOTHING: Cache = { match: async () => undefined, put: async () => {} };

/**
 * Where transformers.js keeps files if nobody says otherwise: the Cache API in browsers, a folder in Node. It cannot be asked for
 * that itself, once it has another cache.
 */
export function openStore(env: TransformersEnv): Cache {
  const { cacheKey = 'transformers-cache', cacheDir } = env;
  if (env.useBrowserCache && typeof caches !== 'undefined') {
    // Not there in private windows, and on pages without HTTPS.
    const store = caches.open(cacheKey).catch(() => NOTHING);
    return {
      match: async (request) => (await store).match(request).catch(() => undefined),
      put: async (request, response) => (await store).put(request, response).catch(() => undefined),
    };
  }
  return env.useFSCache && cacheDir ? folder(cacheDir, env) : NOTHING;
}

/** Files in a folder of Node, by model and name. */
function folder(path: string, env: TransformersEnv): Cache {
  const files = process.getBuiltinModule('fs/promises');
  const { dirname, join } = process.getBuiltinModule('path');
  const at = (request: string) => join(path, placeOf(request, env));
  return {
    // What is on this computer already is not kept once more.
    match: async (request) => (isRemote(request) ? readFile(at(request)) : undefined),
    async put(request, response) {
      if (!isRemote(request)) return;
      const file = at(request);
      const bytes = new Uint8Array(await response.arrayBuffer());
      await files.mkdir(dirname(file), { recursive: true });
      // Appears whole or not at all, also where two processes keep the same file.
      const part = `${file}.${process.pid}.part`;
      await files.writeFile(part, bytes);
      await files.rename(part, file);
    },
  };
}

/** A file of Node as a response; undefined where there is none. */
export async function readFile(path: string): Promise<Response | undefined> {
  const { open } = process.getBuiltinModule('fs/promises');
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const bytes = await file.readFile();
    return new Response(new Uint8Array(bytes), { headers: { 'content-length': `${bytes.length}` } });
  } finally {
    await file.close();
  }
}

export function isRemote(request: string): boolean {
  return /^(https?|blob):/.test(request);
}
