// Keeps the page for when there is no network. Files have their content in their names, so what is kept is right; the page itself
// is asked for first, and so is a new version found.

/** What is used of a service worker, whose types do not go with those of a page. */
interface Scope {
  addEventListener(type: 'install' | 'activate' | 'fetch', listener: (event: Event & Lifecycle) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}
interface Lifecycle {
  request: Request;
  waitUntil(work: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;
const CACHE = 'fxq-playground';

scope.addEventListener('install', (event) => event.waitUntil(keepAll().then(() => scope.skipWaiting())));
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  const files: string[] = await (await fetch('./files.json', { cache: 'no-store' })).json();
  for (const { url } of await cache.keys())
    if (!files.some((file) => new URL(file, location.href).href === url)) await cache.delete(url);
  await cache.addAll(files);
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept && request.mode !== 'navigate') return kept;
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (problem) {
    if (kept) return kept;
    throw problem;
  }
}
