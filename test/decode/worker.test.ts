import { execFileSync } from 'node:child_process';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import * as sources from '../../src/decode/index.js';
import { encode, modelOf } from '../support/container.js';
import { generatedModel } from '../support/models.js';
import { Random } from '../support/random.js';

/** As it is built: a worker is a file of its own, which `src/` does not have. */
const built = new URL('../../dist/decode/index.js', import.meta.url);

describe('decoding in a thread of Node', async () => {
  const model = modelOf(new Random(1).clustered(300_000, 20, 0.4));
  const container = await encode(model);
  const several = generatedModel('external: several files');
  let decoder: typeof sources;
  beforeAll(async () => {
    decoder = await import(/* @vite-ignore */ built.href);
  });

  it('gives the bytes that decoding here gives, from every kind of source, which stays as it was', async () => {
    const before = container.slice();
    const shared = new SharedArrayBuffer(container.length);
    new Uint8Array(shared).set(container);
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < container.length; at += 5000) controller.enqueue(container.subarray(at, at + 5000));
          controller.close();
        },
      });
    const forms: sources.Source[] = [container, Buffer.from(container), container.slice().buffer, shared];
    for (const source of [...forms, new Blob([container]), new Response(container), stream()]) {
      expect(Buffer.compare(await decoder.decode(source, { worker: true, verify: 'all' }), model)).toBe(0);
    }
    expect(Buffer.compare(container, before)).toBe(0);
  });

  it('leaves the thread it is called from to others', async () => {
    const large = await encode(modelOf(new Random(2).clustered(4_000_000, 60, 0.9)));
    // The first time the kernels are compiled, and an engine looks at code that it has not seen.
    for (const worker of [false, true]) await decoder.decode(large, { worker });
    const times = async (worker: boolean) => {
      for (let i = 0; i < 6; i++) await decoder.decode(large, { worker });
    };
    const here = await samplesOf(() => times(false));
    const there = await samplesOf(() => times(true));
    // Checking the source and handing it over stays here; that is a few samples of a hundred and more.
    expect(here).toBeGreaterThan(30);
    expect(there).toBeLessThan(here / 5);
  });

  it('gives all files, or the model and its payloads', async () => {
    const source = await encode(several.bytes, several.external);
    expect(await decoder.decodeFiles(source, { worker: true })).toEqual(await decoder.decodeFiles(source));
    expect(await decoder.decodeForOrt(container, { worker: true })).toEqual(await decoder.decodeForOrt(container));
    await expect(decoder.decode(source, { worker: true })).rejects.toThrow(TypeError);
  });

  it('counts, to the totals', async () => {
    const steps: sources.Progress[] = [];
    await decoder.decode(container, { worker: true, onProgress: (step) => steps.push(step) });
    const last = (phase: string) => steps.filter((step) => step.phase === phase).at(-1);
    expect(last('download')).toMatchObject({ loaded: container.length, total: container.length });
    expect(last('decode')).toMatchObject({ loaded: model.length, total: model.length });
    const fault = new Error('no such bar');
    const onProgress = () => {
      throw fault;
    };
    await expect(decoder.decode(container, { worker: true, onProgress })).rejects.toBe(fault);
  });

  it('fills the memory that it is given', async () => {
    const into = new Uint8Array(model.length + 3);
    const result = await decoder.decode(container, { worker: true, into });
    expect([result.buffer, result.length]).toEqual([into.buffer, model.length]);
    expect(Buffer.compare(result, model)).toBe(0);
    const small = into.subarray(1, model.length);
    await expect(decoder.decode(container, { worker: true, into: small })).rejects.toThrow(RangeError);
  });

  it('fails with the errors that decoding here fails with', async () => {
    const damaged = container.slice();
    damaged[container.length - 7] ^= 1;
    for (const source of [damaged, container.subarray(0, 300), Uint8Array.of(1, 2, 3), container.subarray(0, -1)]) {
      const here = await decoder.decode(source.slice()).catch((error) => error);
      const there = await decoder.decode(source, { worker: true }).catch((error) => error);
      expect(there).toBeInstanceOf(decoder.FxqError);
      // Where something is cut short, a stream and memory know different numbers.
      for (const field of ['code', 'tensor'] as const) expect(there[field]).toBe(here[field]);
      if (here.code === 'CHECKSUM') expect({ ...there }).toEqual({ ...here });
    }
    await expect(decoder.decode(7 as never, { worker: true })).rejects.toThrow(TypeError);
    await expect(decoder.decode('model.fxq', { worker: true })).rejects.toMatchObject({
      code: 'IO',
      file: 'model.fxq',
    });
    const missing = new Response('', { status: 404 });
    await expect(decoder.decode(missing, { worker: true })).rejects.toMatchObject({ code: 'IO', actual: 404 });
  });

  it('has no fault of its own when pieces arrive that are not wanted any more', async () => {
    const worker = new Worker(new URL('../../dist/decode/decode-worker.js', import.meta.url));
    const faults: unknown[] = [];
    worker.on('error', (fault) => faults.push(fault));
    /** Sends all pieces, whatever comes of the first; gives the error that is reported. */
    const failure = () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        worker.once('exit', () => resolve('stopped'));
        port1.on('message', ({ error }) => {
          if (!error) for (const piece of [damagedStart, damagedStart, true]) port1.postMessage(piece);
          else {
            port1.close();
            resolve(error);
          }
        });
        worker.postMessage({ forOrt: false, port: port2 }, [port2]);
      });
    const damagedStart = new Uint8Array(40);
    for (let i = 0; i < 2; i++) expect(await failure()).toMatchObject({ code: 'CONTAINER_MALFORMED' });
    await worker.terminate();
    expect(faults).toEqual([]);
  });

  it('tells a connection that broke, with its cause', async () => {
    const cause = new Error('cable cut');
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(container.slice(0, 1000)),
      pull: (controller) => controller.error(cause),
    });
    const error = await decoder.decode(stream, { worker: true }).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'FxqError', code: 'IO', offset: 1000 });
    expect(error.cause).toBe(cause);
  });

  it('stops when told to, and ends the download', async () => {
    const reason = new Error('enough');
    const rejection = { name: 'FxqError', code: 'ABORTED', cause: reason };
    await expect(decoder.decode(container, { worker: true, signal: AbortSignal.abort(reason) })).rejects.toMatchObject(
      rejection,
    );
    let isCancelled = false;
    const aborter = new AbortController();
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(container.slice(0, 1000)),
      // Once the first bytes are taken, however long a thread takes to start.
      pull: () => void setTimeout(() => aborter.abort(reason), 50),
      cancel: () => {
        isCancelled = true;
      },
    });
    const work = decoder.decode(stream, { worker: true, signal: aborter.signal });
    await expect(work).rejects.toMatchObject(rejection);
    expect(isCancelled).toBe(true);
  });

  it('lets the process end', () => {
    const script = `import { decode } from '${built.href}';
      const container = Buffer.from('${Buffer.from(container.subarray(0, 400)).toString('base64')}', 'base64');
      await decode(container, { worker: true }).catch(({ code }) => console.log(code));`;
    const options = { encoding: 'utf8', timeout: 20_000 } as const;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], options);
    expect(said.trim()).toBe('CONTAINER_MALFORMED');
  });

  it('happens here where there is no worker to be had', async () => {
    // Beside the sources there is no file for it.
    expect(fileURLToPath(built)).toContain('dist');
    expect(Buffer.compare(await sources.decode(container, { worker: true }), model)).toBe(0);
    const { externalData } = await sources.decodeForOrt(new Response(container), {
      worker: true,
    });
    expect(externalData).toHaveLength(1);
  });
});

/**
 * How often a profiler that looks every tenth of a millisecond finds this thread in the decoder. How long the thread is
 * away from other work would tell as much of whatever else the machine does.
 */
async function samplesOf(work: () => Promise<unknown>): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 100 });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    const isDecoder = (url: string) => url.includes('/dist/decode/') || url.startsWith('wasm:');
    const nodes = profile.nodes.filter(({ callFrame }) => isDecoder(callFrame.url));
    return nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
  } finally {
    session.disconnect();
  }
}
