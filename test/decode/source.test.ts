import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, decodeTensors, FxqError, inspect, type Progress } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode, readBytes } from '../support/container.js';
import { forge } from '../support/forge.js';
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

async function read(response: Response, how: (response: Response) => unknown): Promise<Response> {
  await how(response);
  return response;
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
    'a Blob': () => new Blob([container]),
    'a Response': () => new Response(container),
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

  const empty = new Uint8Array();
  const piecesOf = (...pieces: unknown[]) =>
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
  it.each([
    ['at the end', [container, empty]],
    ['several at the end', [container, empty, empty, empty]],
    ['at the beginning', [empty, container]],
    [
      'between all others',
      [0, 1, 2, 3].flatMap((i) => [container.subarray(i * 999, i === 3 ? undefined : i * 999 + 999), empty]),
    ],
    ['inside of the prefix', [container.subarray(0, 7), empty, container.subarray(7), empty]],
  ])('empty pieces are nothing: %s', async (_, pieces) => {
    expect(Buffer.compare(await decode(piecesOf(...pieces), { verify: 'all' }), model)).toBe(0);
    expect((await inspect(piecesOf(...pieces))).bytes).toBe(container.length);
  });

  it.each<[string, unknown, string]>([
    ['strings', 'FXQ', 'strings'],
    ['numbers', 7, 'numbers'],
    ['objects', { data: container }, 'objects'],
    ['buffers', container.slice().buffer, 'objects'],
    ['floats', new Float32Array(9), 'objects'],
    ['nothing', undefined, 'undefineds'],
  ])('a stream of %s is a mistake of the caller', async (_, piece, what) => {
    const refused = new TypeError(`expected a stream of bytes (Uint8Array), got one of ${what}`);
    await expect(decode(piecesOf(piece))).rejects.toThrow(refused);
    await expect(decode(piecesOf(container.subarray(0, 100), piece))).rejects.toThrow(refused);
    await expect(inspect(piecesOf(piece))).rejects.toThrow(refused);
  });

  it('a stream that somebody else reads is one, too', async () => {
    const stream = piecesOf(container);
    stream.getReader();
    await expect(decode(stream)).rejects.toThrow(new TypeError('the stream is locked by another reader'));
    const [one, other] = piecesOf(container).tee();
    await decode(one);
    await expect(decode(one)).rejects.toThrow();
    expect(Buffer.compare(await decode(other), model)).toBe(0);
  });

  it.each<[string, RegExp, () => Response | Promise<Response>]>([
    ['read as bytes', /its body was read before/, async () => read(new Response(container), (it) => it.arrayBuffer())],
    ['read as text', /its body was read before/, async () => read(new Response('x'), (it) => it.text())],
    ['decoded', /its body was read before/, async () => read(new Response(container), (it) => decode(it))],
    [
      'locked',
      /its body is locked by another reader/,
      () => read(new Response(container), (it) => it.body?.getReader()),
    ],
    ['of status 204', /the server answered 204, without a body/, () => new Response(null, { status: 204 })],
    [
      'of status 204 and words',
      /the server answered 204 No Content, without a body/,
      () => new Response(null, { status: 204, statusText: 'No Content' }),
    ],
    ['without a body', /the server answered 200, without a body/, () => new Response()],
    ['of status 503', /the server answered 503 Busy$/, () => new Response('x', { status: 503, statusText: 'Busy' })],
  ])('a response that was %s: IO, in so many words', async (_, words, make) => {
    const refused = { code: 'IO', message: expect.stringMatching(words) };
    await expect(decode(await make())).rejects.toMatchObject(refused);
    await expect(inspect(await make())).rejects.toMatchObject(refused);
    await expect(decodeTensors(await make()).next()).rejects.toMatchObject(refused);
  });

  it('anything else is a mistake of the caller', async () => {
    await expect(decode(7 as never)).rejects.toThrow(TypeError);
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
    const message = expect.stringMatching(/^model\.fxq could not be fetched: .*; outside of a page give its bytes/);
    await expect(decode('model.fxq')).rejects.toMatchObject({ code: 'IO', message });
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

  /** Varints of a tensor in a section of its own, verbatim. */
  const varints = (bytes: readonly number[], times: number, dtype = 7, count = times) => {
    const payload = new Uint8Array(bytes.length * times).map((_, i) => bytes[i % bytes.length]);
    const { length } = payload;
    const header = { n: 'v', y: dtype, d: [count], g: 0, b: length, w: 1, l: 1, s: length };
    return forge({ f: [['', length, 0]], t: [header] }, undefined, [payload]);
  };
  const tensorsOf = async (container: Uint8Array) => {
    const found = [];
    for await (const { data } of decodeTensors(container)) found.push(data);
    return found;
  };
  const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];

  it.each<[string, number[], number, number, (number | bigint)[]]>([
    ['small ones of 64 bits', [5], 1_000_000, 7, [5n]],
    ['negative ones of 64 bits', minusOne, 1_500_000, 7, [-1n]],
    ['small and large ones in turn', [7, ...minusOne], 700_000, 7, [7n, -1n]],
    ['half floats', [0x80, 0xf8, 1], 9_000_000, 10, [0x7c00]],
    ['bytes', [200, 1, 3], 5_000_000, 2, [200, 3]],
    ['small ones of 32 bits', [1], 2_000_000, 6, [1]],
  ])('takes as much memory as the file has bytes and 8 MiB: %s', async (_, bytes, times, dtype, values) => {
    const container = varints(bytes, times, dtype, values.length * times);
    const [data] = await tensorsOf(container);
    expect(data.length).toBe(values.length * times);
    expect([data[0], data.at(-1)]).toEqual([values[0], values.at(-1)]);
    expect(data.buffer.byteLength).toBeLessThanOrEqual(bytes.length * times + 2 ** 23);
  });

  it.each<[string, number[], number, number, number?]>([
    ['many small ones of 64 bits', [5], 3_000_000, 7],
    ['many of them, then others', [...new Array(9).fill(1), ...minusOne], 400_000, 7, 4_000_000],
    ['many of 32 bits', [1], 5_000_000, 6],
    ['many half floats that are zero', [0], 18_000_000, 10],
    ['many doubles, which are none', [0], 2_000_000, 11],
  ])('refuses more: %s', async (_, bytes, times, dtype, count) => {
    const container = varints(bytes, times, dtype, count);
    await expect(tensorsOf(container)).rejects.toMatchObject({ name: 'FxqError', tensor: 'v' });
    expect((await decode(container)).length).toBe(bytes.length * times);
  });

  it.each<[string, number[], number, number]>([
    ['fewer than there should be', [133], 1, 1],
    ['one of eleven bytes', [...new Array(10).fill(128), 0], 1, 1],
    ['more than there should be', [1, 1, 1], 1, 2],
    ['one that does not end', [1, 2, 128], 1, 3],
    ['none at all', [128], 40, 3],
  ])('refuses varints that are %s', async (_, bytes, times, count) => {
    await expect(tensorsOf(varints(bytes, times, 7, count))).rejects.toMatchObject({
      code: expect.stringMatching(/LIMIT|CONTAINER_MALFORMED/),
      tensor: 'v',
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
