import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import type * as sources from '../src/index.js';
import { modelOf, readBytes } from './support/container.js';
import { modelProto, node } from './support/onnx-builder.js';
import { Random } from './support/random.js';
import { floats } from './support/tensors.js';

const built = (file: string) => new URL(`../dist/${file}`, import.meta.url);
const lenet = new Uint8Array(readBytes(new URL('../models/lenet-300-100.onnx', import.meta.url).pathname));
const options = { prune: { density: 0.3 }, cluster: { rules: [{ match: 'fc1*', options: { bits: 4 } }] } } as const;

describe('the library in a thread of Node', () => {
  let library: typeof sources;
  let worker: Worker;
  beforeAll(async () => {
    library = await import(/* @vite-ignore */ built('index.js').href);
    worker = new Worker(built('compress-worker.js'));
    worker.unref();
  });

  it('gives what it gives here, of bytes and of a blob, which stay as they were', async () => {
    const before = lenet.slice();
    const { encode, compress, inspectOnnx, inspectContainer } = library;
    const container = await encode(lenet, { worker: true });
    expect(Buffer.compare(container, await encode(lenet))).toBe(0);
    const here = await compress(lenet, options);
    const there = await compress(new Blob([lenet.slice()]), { ...options, worker });
    expect(Buffer.compare(there.container, here.container)).toBe(0);
    expect(there.stages.map(({ name }) => name)).toEqual(here.stages.map(({ name }) => name));
    expect(await inspectOnnx(lenet, { worker })).toEqual(inspectOnnx(lenet));
    expect(await inspectContainer(container, { worker })).toEqual(await inspectContainer(container));
    expect(Buffer.compare(lenet, before)).toBe(0);
  });

  it('decodes, too, so that one worker does for all', async () => {
    const container = await library.encode(lenet, { worker });
    expect(Buffer.compare(await library.decode(container, { worker }), lenet)).toBe(0);
  });

  it('calls back: shares that grow to one, and notes', async () => {
    const shares: number[] = [];
    const notes: string[] = [];
    // Most of its weights come to one value, which is told.
    const random = new Random(2);
    const peaked = Float32Array.from({ length: 4096 }, (_, i) =>
      i % 4 ? 1 + 5e-7 * random.normal() : random.normal(),
    );
    const graph = { initializers: [floats('w', [64, 64], peaked).proto], nodes: [node('MatMul', ['x', 'w'], ['y'])] };
    const lumped = modelProto({ graph });
    const cluster = { bits: 4 };
    await library.compress(lumped, {
      cluster,
      worker,
      onProgress: (share) => shares.push(share),
      context: { onNote: (note) => notes.push(note) },
    });
    const here: string[] = [];
    await library.compress(lumped, { cluster, context: { onNote: (note) => here.push(note) } });
    expect(notes).toEqual(here);
    expect(notes.join()).toMatch(/one value/);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeGreaterThan(0.99);
    const measured: number[] = [];
    await library.inspectOnnx(lenet, { worker, onProgress: (share) => measured.push(share) });
    expect(measured.length).toBeGreaterThan(3);
    expect(measured.at(-1)).toBeGreaterThan(0.9);
    const fault = new Error('no such bar');
    const onProgress = () => {
      throw fault;
    };
    await expect(library.encode(lenet, { worker: true, onProgress })).rejects.toBe(fault);
  });

  it('stops when told to, and the worker of the caller goes on to other work', async () => {
    const large = modelOf(new Random(1).clustered(1_000_000, 60, 0.9));
    const stop = new AbortController();
    const work = library.compress(large, { cluster: { bits: 8 }, worker, signal: stop.signal });
    setTimeout(() => stop.abort('enough'), 30);
    await expect(work).rejects.toMatchObject({ name: 'FxqError', code: 'ABORTED', cause: 'enough' });
    expect(await library.encode(lenet, { worker })).toHaveLength((await library.encode(lenet)).length);
  });

  it('throws what it throws here', async () => {
    const broken = lenet.slice(0, 5000);
    const of = (work: Promise<unknown>) =>
      work.then(
        () => undefined,
        (error) => error,
      );
    const [here, there] = [await of(library.encode(broken)), await of(library.encode(broken, { worker }))];
    expect(there).toBeInstanceOf(library.FxqError);
    expect({ ...there }).toEqual({ ...here });
    expect(there.message).toBe(here.message);
    await expect(library.compress(lenet, { cluster: { bits: 99 }, worker })).rejects.toThrow(RangeError);
  });

  it('refuses what cannot be handed over, and a worker that does something else', async () => {
    const external = () => undefined;
    await expect(library.encode(lenet, { worker, external })).rejects.toThrow(/function \(external\)/);
    await expect(library.encode(library.openOnnx(lenet), { worker })).rejects.toThrow(/what is opened stays here/);
    const synthetic = { runtime: await import('onnxruntime-node') } as never;
    await expect(library.compress(lenet, { worker, synthetic })).rejects.toThrow(TypeError);
    const decoder = new Worker(built('decode/decode-worker.js'));
    await expect(library.encode(lenet, { worker: decoder })).rejects.toThrow(
      /expected one that runs fxq-compress\/worker/,
    );
    await decoder.terminate();
  });

  it('lets the process end', () => {
    const script = `import { encode } from '${built('index.js').href}';
      await encode(new Uint8Array(9), { worker: true }).catch(({ code }) => console.log(code));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(said.trim()).toBe('ONNX_MALFORMED');
  });
});
