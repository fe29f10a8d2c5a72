import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as ort from 'onnxruntime-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSession } from '../../src/session/index.js';
import { encode, readBytes } from '../support/container.js';

/** A Cache API of one cache, as browsers have it. */
function cacheStorage() {
  const kept = new Map<string, Response>();
  const cache = {
    match: async (url: string) => kept.get(url)?.clone(),
    put: async (url: string, response: Response) =>
      void kept.set(url, new Response(await response.arrayBuffer(), response)),
    delete: async (url: string) => kept.delete(url),
  };
  return { kept, open: async () => cache };
}

describe('createSession', () => {
  const original = readBytes(new URL('../../models/lenet-300-100.onnx', import.meta.url).pathname);
  let container: Uint8Array<ArrayBuffer>;
  let server: Server;
  let url: string;
  let version = '"1"';
  const asked: string[] = [];
  const options = { worker: false };

  beforeAll(async () => {
    container = await encode(original);
    server = createServer((request, response) => {
      asked.push(request.method!);
      if (request.url === '/missing') return response.writeHead(404).end();
      response.writeHead(200, { 'content-length': container.length, etag: version });
      response.end(request.method === 'HEAD' ? undefined : container);
      return undefined;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  afterEach(() => {
    vi.unstubAllGlobals();
    asked.length = 0;
  });

  it('gives a session that answers as the original, and one share from 0 to 1', async () => {
    const shares: number[] = [];
    const session = await createSession(ort, `${url}/m`, { ...options, onProgress: (share) => shares.push(share) });
    const input = new ort.Tensor('float32', new Float32Array(784).fill(0.5), [1, 1, 28, 28]);
    const feeds = { [session.inputNames[0]]: input };
    const expected = await (await ort.InferenceSession.create(original)).run(feeds);
    const [name] = session.outputNames;
    expect((await session.run(feeds))[name].data).toEqual(expected[name].data);
    expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
    expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
  });

  it('keeps the compressed file, asks whether it is the same, and gets a damaged or an older one again', async () => {
    const storage = cacheStorage();
    vi.stubGlobal('caches', storage);
    const load = async () => {
      asked.length = 0;
      await createSession(ort, `${url}/m`, options);
      return asked.join();
    };
    expect(await load()).toBe('GET');
    expect(await load()).toBe('HEAD');
    version = '"2"';
    expect(await load()).toBe('HEAD,GET');
    const [[key, whole]] = storage.kept;
    const damaged = new Uint8Array(await whole.clone().arrayBuffer());
    damaged[damaged.length - 9] ^= 1;
    storage.kept.set(key, new Response(damaged, whole));
    expect(await load()).toBe('HEAD,GET');
    expect(await load()).toBe('HEAD');
    await createSession(ort, `${url}/m`, { ...options, cache: false });
    expect(asked.join()).toBe('HEAD,GET');
  });

  it('keeps nothing of what is no container, and says what there is', async () => {
    const storage = cacheStorage();
    vi.stubGlobal('caches', storage);
    await expect(createSession(ort, `${url}/missing`, options)).rejects.toMatchObject({ code: 'IO', actual: 404 });
    expect(storage.kept.size).toBe(0);
  });

  it('stops with the platform’s AbortError', async () => {
    const abort = new AbortController();
    abort.abort();
    const { signal } = abort;
    await expect(createSession(ort, `${url}/m`, { ...options, signal })).rejects.toMatchObject({ name: 'AbortError' });
    const later = new AbortController();
    // Progress may be told of nothing but the end, where all is done within a frame.
    const create = (model: Uint8Array, settings?: object) => {
      later.abort();
      return ort.InferenceSession.create(model, settings);
    };
    const stopped = createSession({ InferenceSession: { create } }, `${url}/m`, { ...options, signal: later.signal });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });
});
