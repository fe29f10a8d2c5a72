import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as ort from 'onnxruntime-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CreateSessionOptions, createSession } from '../../src/session/index.js';
import { encode, readBytes } from '../support/container.js';

/** A Cache API of one cache, as browsers have it; in which some calls fail, as where the disk is full or broken. */
function cacheStorage(...failing: ('open' | 'match' | 'put' | 'delete')[]) {
  const kept = new Map<string, Response>();
  const check = (call: (typeof failing)[number]) => {
    if (failing.includes(call)) throw new DOMException('no room', 'QuotaExceededError');
  };
  const cache = {
    match: async (url: string) => {
      check('match');
      return kept.get(url)?.clone();
    },
    put: async (url: string, response: Response) => {
      check('put');
      kept.set(url, new Response(await response.arrayBuffer(), response));
    },
    delete: async (url: string) => {
      check('delete');
      return kept.delete(url);
    },
  };
  const open = () => {
    check('open');
    return Promise.resolve(cache);
  };
  return { kept, open };
}

describe('createSession', () => {
  const original = readBytes(new URL('../../models/lenet-300-100.onnx', import.meta.url).pathname);
  let container: Uint8Array<ArrayBuffer>;
  let server: Server;
  let url: string;
  let versions: Record<string, string> = {};
  const asked: string[] = [];
  /** Connections that wait for the rest of a body. */
  const waiting: ServerResponse[] = [];
  const options = { worker: false };

  beforeAll(async () => {
    container = await encode(original);
    server = createServer((request, response) => {
      asked.push(request.method!);
      if (request.url === '/missing') return response.writeHead(404).end('not here');
      if (request.url === '/down' && request.method === 'HEAD') return response.writeHead(503).end();
      if (request.url === '/get' && request.method === 'HEAD') return response.writeHead(405).end();
      response.writeHead(200, { 'content-length': container.length, ...versions });
      if (request.method === 'HEAD') return response.end();
      if (request.url !== '/endless') return response.end(container);
      response.write('no container, and more of it to come');
      return waiting.push(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    versions = { etag: '"1"' };
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    asked.length = 0;
  });

  /** Makes a session; gives the requests that it took. */
  const load = async (path = 'm', more: CreateSessionOptions = {}) => {
    asked.length = 0;
    await createSession(ort, `${url}/${path}`, { ...options, ...more });
    return asked.join();
  };

  /** Changes a byte of the file that is kept. */
  const damage = async ({ kept }: ReturnType<typeof cacheStorage>, at = -9) => {
    const [[key, whole]] = kept;
    const damaged = new Uint8Array(await whole.clone().arrayBuffer());
    damaged[at < 0 ? damaged.length + at : at] ^= 1;
    kept.set(key, new Response(damaged, whole));
  };

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
    expect(await load()).toBe('GET');
    expect(await load()).toBe('HEAD');
    versions = { etag: '"2"' };
    expect(await load()).toBe('HEAD,GET');
    // A checksum, the magic, the version.
    for (const at of [-9, 1, 3]) {
      await damage(storage, at);
      expect(await load()).toBe('HEAD,GET');
      expect(await load()).toBe('HEAD');
    }
    expect(await load('m', { cache: false })).toBe('GET');
  });

  it.each([
    ['by its date', { 'last-modified': 'Mon, 30 Nov 2026 08:00:00 GMT' }, 'HEAD'],
    ['by both', { etag: '"1"', 'last-modified': 'Mon, 30 Nov 2026 08:00:00 GMT' }, 'HEAD'],
    ['by nothing, as its length tells nothing', {}, 'HEAD,GET'],
  ])('takes a file for the same %s', async (_, sent, expected) => {
    vi.stubGlobal('caches', cacheStorage());
    versions = sent;
    await load();
    expect(await load()).toBe(expected);
    versions = { ...sent, 'last-modified': 'Tue, 01 Dec 2026 08:00:00 GMT' };
    expect(await load()).toBe('HEAD,GET');
  });

  it('serves what is kept where nobody answers, and asks for it where only the question is not understood', async () => {
    vi.stubGlobal('caches', cacheStorage());
    await load('down');
    expect(await load('down')).toBe('HEAD');
    await load('get');
    expect(await load('get')).toBe('HEAD,GET');
  });

  it('does without a cache that fails', async () => {
    for (const call of ['open', 'match', 'put'] as const) {
      vi.stubGlobal('caches', cacheStorage(call));
      expect(await load(), call).toBe('GET');
    }
    const storage = cacheStorage('delete');
    vi.stubGlobal('caches', storage);
    await load();
    await damage(storage);
    // What cannot be forgotten is not taken a second time.
    expect(await load()).toBe('HEAD,GET');
  });

  it('gets a damaged file again once, and a sound one that fails otherwise not at all', async () => {
    const storage = cacheStorage();
    vi.stubGlobal('caches', storage);
    await load();
    await damage(storage);
    const whole = container;
    container = container.map((byte, i) => (i === container.length - 9 ? byte ^ 1 : byte));
    await expect(load()).rejects.toMatchObject({ code: 'CHECKSUM' });
    expect(asked.join()).toBe('HEAD,GET');
    container = whole;
    await load();
    asked.length = 0;
    const verify = 'some' as 'all';
    await expect(createSession(ort, `${url}/m`, { ...options, verify })).rejects.toThrow(RangeError);
    expect(asked.join()).toBe('HEAD');
    expect(storage.kept.size).toBe(1);
  });

  it('closes the connection of what is no container', async () => {
    vi.stubGlobal('caches', cacheStorage());
    await expect(load('endless')).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED' });
    // Waits for ever if it stays open.
    await Promise.all(
      waiting.map((response) => response.closed || new Promise((resolve) => response.on('close', resolve))),
    );
  });

  it('takes bytes, too, and names what is none in a few words', async () => {
    vi.stubGlobal('caches', cacheStorage());
    const session = await createSession(ort, container, options);
    expect(session.inputNames).toHaveLength(1);
    expect(asked).toEqual([]);
    for (const [given, got] of [
      [7, 'Number'],
      [null, 'Null'],
      [[...container], 'Array'],
      [new Request(url), 'Request'],
    ])
      await expect(createSession(ort, given as string, options)).rejects.toThrow(
        expect.objectContaining({
          name: 'TypeError',
          message: expect.stringMatching(`^expected .{20,200}, got ${got}$`),
        }),
      );
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
