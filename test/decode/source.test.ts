import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, decodeTensors, FxqError, inspect, type Progress } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode, readBytes } from '../support/container.js';
import { generatedModel, generatedModels } from '../support/models.js';
import {
  DATA_TYPE,
  floatData,
  int32Data,
  int64Data,
  modelProto,
  rawData,
  tensorProto,
} from '../support/onnx-builder.js';
import { packageModels } from '../support/packages.js';
import { bytesOf } from '../support/protobuf.js';

/** A stream that gives its bytes in pieces of this size. */
function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

describe('sources', async () => {
  const model = readBytes(packageModels()[0]);
  const container = await encode(model);
  const shared = new SharedArrayBuffer(container.length);
  new Uint8Array(shared).set(container);
  const sources = {
    'a Uint8Array': () => container,
    'an ArrayBuffer': () => container.slice().buffer as ArrayBuffer,
    'a SharedArrayBuffer': () => shared,
    'a Uint8Array over shared memory': () => new Uint8Array(shared),
    'a Blob': () => new Blob([container as Uint8Array<ArrayBuffer>]),
    'a Response': () => new Response(container as Uint8Array<ArrayBuffer>),
    'a stream of large pieces': () => streamOf(container, 60_000),
    'a stream of small pieces': () => streamOf(container, 77),
  };
  for (const [name, source] of Object.entries(sources)) {
    it(`${name}: decoded, whole and by tensor, and inspected`, async () => {
      expect(Buffer.compare(await decode(source(), { verify: 'all' }), model)).toBe(0);
      expect((await inspect(source())).tensors.length).toBe(openOnnx(model).tensors.length);
    });
  }

  it('bytes one at a time', async () => {
    const small = generatedModel('metadata_props').bytes;
    expect(Buffer.compare(await decode(streamOf(await encode(small), 1), { verify: 'all' }), small)).toBe(0);
  });

  it('anything else is a mistake of the caller', async () => {
    await expect(decode('model.fxq' as never)).rejects.toThrow(TypeError);
    await expect(decode({} as never)).rejects.toThrow(TypeError);
  });

  it('a stream cut short at many places, or with more behind its end: a typed error', async () => {
    const small = await encode(generatedModel('metadata_props').bytes);
    for (let length = 0; length < small.length; length += 3) {
      await expect(decode(streamOf(small.subarray(0, length), 50))).rejects.toMatchObject({
        code: 'CONTAINER_MALFORMED',
      });
    }
    const longer = new Uint8Array(small.length + 1);
    longer.set(small);
    await expect(decode(streamOf(longer, 50))).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED' });
  });

  it('a stream that fails: IO, with what arrived', async () => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(container.slice(0, 1000));
      },
      pull(controller) {
        controller.error(new Error('cable cut'));
      },
    });
    const error = await decode(stream).catch((reason) => reason);
    expect(error).toBeInstanceOf(FxqError);
    expect(error).toMatchObject({ code: 'IO', offset: 1000, cause: { message: 'cable cut' } });
  });

  it('abort while a stream waits: ABORTED at once, and the stream is cancelled', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(container.slice(0, 1000));
      },
      cancel() {
        cancelled = true;
      },
    });
    const controller = new AbortController();
    const work = decode(stream, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
    expect(cancelled).toBe(true);
  });

  it('progress: never backwards, true totals from the first call, both phases to the end', async () => {
    const seen: Progress[] = [];
    await decode(streamOf(container, 5000), { onProgress: (progress) => seen.push(progress) });
    for (const [phase, total] of [
      ['download', container.length],
      ['decode', model.length],
    ] as const) {
      const calls = seen.filter((progress) => progress.phase === phase);
      expect(calls.length).toBeGreaterThan(1);
      expect(new Set(calls.map((call) => call.total))).toEqual(new Set([total]));
      expect(calls.map(({ loaded }) => loaded)).toEqual(calls.map(({ loaded }) => loaded).sort((a, b) => a - b));
      expect(calls.at(-1)?.loaded).toBe(total);
    }
  });
});

describe('responses of a real server', () => {
  let server: Server;
  let url: string;
  let container: Uint8Array;
  beforeAll(async () => {
    container = await encode(readBytes(packageModels()[0]));
    server = createServer((request, response) => {
      if (request.url === '/missing') return response.writeHead(404).end('no');
      response.writeHead(200, { 'content-length': container.length });
      if (request.url === '/whole') return response.end(container);
      response.write(container.subarray(0, container.length >> 1), () => setTimeout(() => response.destroy(), 20));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('whole: decoded', async () => {
    expect(Buffer.compare(await decode(await fetch(`${url}/whole`)), readBytes(packageModels()[0]))).toBe(0);
  });

  it('an error page: IO with its status', async () => {
    await expect(decode(await fetch(`${url}/missing`))).rejects.toMatchObject({ code: 'IO', actual: 404 });
  });

  it('a connection that breaks in the middle: IO', async () => {
    await expect(decode(await fetch(`${url}/broken`))).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('decodeTensors', () => {
  for (const { name, bytes, external } of generatedModels()) {
    it(`gives every tensor of ${name}`, async () => {
      const container = await encode(bytes, external);
      const { tensors } = await inspect(container);
      const found = [];
      for await (const tensor of decodeTensors(streamOf(container, 3000))) found.push(tensor);
      expect(found.map((tensor) => tensor.name)).toEqual(tensors.map((tensor) => tensor.name));
    });
  }

  it('gives values in the array of their type, also those that the file has as varints', async () => {
    const tensor = (name: string, dataType: number, content: Uint8Array) =>
      tensorProto({ name, dataType, dims: [3], content });
    const model = modelProto({
      graph: {
        initializers: [
          tensor('longs', DATA_TYPE.int64, int64Data([1, -1n, 2n ** 40n])),
          tensor('ints', DATA_TYPE.int32, int32Data([7, -7, 2 ** 31 - 1])),
          tensor('halves', DATA_TYPE.float16, int32Data([0x3c00, 0xbc00, 1])),
          tensor('bytes', DATA_TYPE.uint8, int32Data([0, 127, 255])),
          tensor('small', DATA_TYPE.int8, int32Data([0, 127, -128])),
          tensor('doubles', DATA_TYPE.float64, rawData(bytesOf(Float64Array.of(1, -2.5, 1e300)))),
          tensor('floats', DATA_TYPE.float32, floatData([1, -2.5, 0])),
        ],
      },
    });
    const found: Record<string, unknown> = {};
    for await (const { name, data } of decodeTensors(await encode(model))) found[name] = data;
    expect(found).toEqual({
      longs: BigInt64Array.of(1n, -1n, 2n ** 40n),
      ints: Int32Array.of(7, -7, 2 ** 31 - 1),
      halves: Uint16Array.of(0x3c00, 0xbc00, 1),
      bytes: Uint8Array.of(0, 127, 255),
      small: Int8Array.of(0, 127, -128),
      doubles: Float64Array.of(1, -2.5, 1e300),
      floats: Float32Array.of(1, -2.5, 0),
    });
  });

  it('gives memory that is nobody else’s, and ends the download when the loop is left', async () => {
    const model = readBytes(packageModels()[0]);
    const container = await encode(model);
    let isCancelled = false;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(container.slice(0, container.length - 10)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const original = openOnnx(model).tensors;
    for await (const { data, name } of decodeTensors(source)) {
      const payload = original.find((each) => each.name === name)?.payload.read() ?? new Uint8Array();
      expect(Buffer.compare(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), payload)).toBe(0);
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0);
      if (data.length > 10_000) break;
    }
    expect(isCancelled).toBe(true);
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
  });
});
