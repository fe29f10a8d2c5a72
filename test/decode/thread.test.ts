import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as sources from '../../src/decode/index.js';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';

/** As they are built: a worker is a file of its own, which `src/` does not have. */
const file = (name: string) => new URL(`../../dist/decode/${name}`, import.meta.url);

describe('the thread that decodes', async () => {
  const model = modelOf(new Random(3).clustered(100_000, 20, 0.4));
  const container = await encode(model);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  let decoder: typeof sources;
  beforeAll(async () => {
    decoder = await import(/* @vite-ignore */ file('index.js').href);
  });
  afterEach(() => warn.mockClear());

  it('is the one that a URL names, or a file of Node', async () => {
    for (const worker of [file('decode-worker.js'), file('decode-worker.js').pathname]) {
      expect(Buffer.compare(await decoder.decode(container, { worker }), model)).toBe(0);
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('is the caller’s, used for one container after the other and side by side, and left running', async () => {
    const worker = new Worker(file('decode-worker.js'));
    let isRunning = true;
    worker.on('exit', () => {
      isRunning = false;
    });
    try {
      const other = await encode(modelOf(new Random(4).clustered(50_000, 9, 1)));
      const all = [container, other, container].map((source) => decoder.decode(source, { worker }));
      const [first, second, third] = await Promise.all(all);
      expect(Buffer.compare(first, model)).toBe(0);
      expect(Buffer.compare(second, await decoder.decode(other))).toBe(0);
      expect(Buffer.compare(third, model)).toBe(0);
      // Stopped in the middle, it is there for the next.
      const stop = new AbortController();
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(container.slice(0, 1000)),
        pull: () => void setTimeout(() => stop.abort(), 20),
      });
      const stopped = decoder.decode(stream, { worker, signal: stop.signal });
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
      await expect(decoder.decode(container.slice(0, 500), { worker })).rejects.toBeInstanceOf(decoder.FxqError);
      const { externalData } = await decoder.decodeForOrt(container, { worker });
      expect(externalData).toEqual((await decoder.decodeForOrt(container)).externalData);
      expect([isRunning, worker.listenerCount('error')]).toEqual([true, 0]);
      expect(warn).not.toHaveBeenCalled();
    } finally {
      await worker.terminate();
    }
  });

  it('is none where its file is missing: then it is done here, and said once', async () => {
    const missing = file('no-such-worker.js');
    const ended = new Worker(file('decode-worker.js'));
    await ended.terminate();
    const lent = new Worker(missing);
    for (const worker of [lent, lent, ended, missing]) {
      expect(Buffer.compare(await decoder.decode(new Response(container), { worker }), model)).toBe(0);
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.lastCall?.[0]).toMatch(
      /^fxq-compress: no worker could be started \(.*no-such-worker.*\), so it is/,
    );
  });
});
