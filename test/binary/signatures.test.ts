import { gzipSync, strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { decode, decodeFiles, decodeForOrt, decodeTensors, inspect } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode, modelOf } from '../support/container.js';
import { DATA_TYPE, externalData, modelProto, tensorProto } from '../support/onnx-builder.js';

const safetensors = (header: string) => {
  const bytes = new Uint8Array(8 + header.length + 16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(strToU8(header), 8);
  return bytes;
};
const flat = (offset: number) => Uint8Array.of(offset, 0, 0, 0, ...strToU8('TFL3'), ...new Uint8Array(40));
const pointer = (version: string) =>
  strToU8(`version https://git-lfs.github.com/spec/${version}\noid sha256:0a\nsize 9\n`);

/** Files that are found in a model's place: what they are called, what is to be done, and five of each. */
const KINDS: [string, RegExp, Uint8Array[]][] = [
  [
    'Git LFS pointers',
    /Git LFS pointer.*git lfs pull/,
    [
      pointer('v1'),
      pointer('v2'),
      strToU8('version https://git-lfs.github.com/spec/v1\next-0-foo sha256:1\noid sha256:2\nsize 1\n'),
      strToU8('version https://git-media.io/v/2\r\noid sha256:0\r\nsize 12345\r\n'),
      strToU8('version https://git-lfs.github.com/spec/v1'),
    ],
  ],
  [
    'HTML pages',
    /an HTML page; is the URL right\?/,
    [
      '<!DOCTYPE html>\n<html lang="en"><head><title>Not found</title></head></html>',
      '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>',
      '\n\n  <!doctype html><meta charset="utf-8">',
      '\ufeff<!-- saved --><html></html>',
      '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>',
      '<HEAD><TITLE>Moved</TITLE></HEAD>',
    ].map((text) => strToU8(text)),
  ],
  [
    'JSON',
    /JSON; is the URL right\?/,
    [
      '{"error":"Repository not found"}',
      '{\n  "message": "Not Found",\n  "status": "404"\n}',
      '[{"name": "a"}]',
      '  {}',
      '\ufeff{ "detail": [] }',
      '[1, 2, 3]',
    ].map((text) => strToU8(text)),
  ],
  [
    'zip archives',
    /zip archive, as PyTorch.*export the model to ONNX/,
    [
      zipSync({ 'archive/data.pkl': Uint8Array.of(128, 2), 'archive/version': strToU8('3\n') }),
      zipSync({ 'x.npy': new Uint8Array(90) }, { level: 0 }),
      zipSync({}),
      zipSync({ 'config.json': strToU8('{}'), 'model.weights.h5': new Uint8Array(9) }),
      zipSync({ 'model.onnx': modelOf(Float32Array.of(1, 2)) }),
    ],
  ],
  [
    'gzip files',
    /a gzip file; unpack it first/,
    [0, 1, 100, 5000, 70_000].map((size) =>
      gzipSync(
        new Uint8Array(size).map((_, i) => i % 7),
        { mtime: size },
      ),
    ),
  ],
  [
    'safetensors',
    /safetensors.*export the model to ONNX/,
    [
      '{}',
      '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      // Lengths whose first byte is that of other files: of JSON, of a page, of protobuf.
      `{"a":${' '.repeat(0x7b - 7)}0}`,
      `{"a":${' '.repeat(0x3c - 7)}0}`,
      `{"__metadata__":{"format":"pt"}${' '.repeat(5000)}}`,
    ].map(safetensors),
  ],
  [
    'text files',
    /a text file; is it the right one\?/,
    ['# Models\n\nThese are', 'a,b\r\n1,2\r\n', 'schön\n', `${'x'.repeat(63)}é`, '日本語'].map((text) => strToU8(text)),
  ],
  ['TFLite models', /TFLite.*export the model to ONNX/, [20, 24, 28, 32, 36].map(flat)],
  [
    'GGUF models',
    /GGUF.*export the model to ONNX/,
    [1, 2, 3, 4, 5].map((version) => Uint8Array.of(...strToU8('GGUF'), version, 0, 0, 0, ...new Uint8Array(20))),
  ],
  ['empty files', /an empty file; get it again/, [new Uint8Array()]],
];

describe.each(KINDS)('%s', (_, advice, files) => {
  it('are named where an ONNX file is wanted', () => {
    for (const bytes of files) {
      const open = () => openOnnx(bytes);
      expect(open).toThrow(expect.objectContaining({ code: 'ONNX_MALFORMED', offset: 0 }));
      expect(open).toThrow(advice);
    }
  });

  it('are named where a container is wanted, with what a response says of itself', async () => {
    for (const [i, bytes] of files.entries()) {
      const refused = { code: 'CONTAINER_MALFORMED', offset: 0, message: expect.stringMatching(advice) };
      await expect(decode(bytes)).rejects.toMatchObject(refused);
      await expect(inspect(new Blob([bytes as Uint8Array<ArrayBuffer>]))).rejects.toMatchObject(refused);
      // Those that may have a body.
      const status = [200, 201, 202, 203, 206, 299][i];
      const response = new Response(bytes as Uint8Array<ArrayBuffer>, {
        status,
        headers: { 'content-type': 'text/x-odd' },
      });
      Object.defineProperty(response, 'url', { value: 'https://models.test/a.fxq' });
      const ways = [decodeFiles, decodeForOrt, inspect, (source: Response) => decodeTensors(source).next()];
      const error = await ways[i % 4](response).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ ...refused, file: 'https://models.test/a.fxq', actual: status });
      expect((error as Error).message).toContain(
        `https://models.test/a.fxq (status ${status}, text/x-odd): not a .fxq`,
      );
    }
  });

  it('are named where external data is wanted', () => {
    for (const bytes of files) {
      const content = externalData({ location: 'w.bin' });
      const tensor = tensorProto({ name: 'w', dataType: DATA_TYPE.float32, dims: [1 << 20], content });
      const model = modelProto({ graph: { initializers: [tensor] } });
      const external = () => ({
        name: 'w.bin',
        size: bytes.length,
        read: (a: number, b: number) => bytes.subarray(a, b),
      });
      expect(() => openOnnx(model, { external })).toThrow(expect.objectContaining({ code: 'EXTERNAL_DATA' }));
      expect(() => openOnnx(model, { external })).toThrow(advice);
    }
  });
});

describe('the other one of our two', () => {
  const models = [1, 2, 3, 300, 5000].map((count) => modelOf(Float32Array.from({ length: count }, (_, i) => i)));

  it('is named', async () => {
    for (const model of models) {
      const container = await encode(model);
      expect(() => openOnnx(container)).toThrow(/expected an ONNX file, got a \.fxq container; decode it first/);
      await expect(decode(model)).rejects.toThrow(/not a \.fxq container: an ONNX file; encode it first/);
    }
  });

  it('is not taken for something else', async () => {
    // A producer whose name stands where TFLite has its own.
    const odd = Uint8Array.of(8, 7, 18, 4, ...strToU8('TFL3'), ...models[0].subarray(2));
    expect(openOnnx(odd).tensors).toHaveLength(1);
    for (const model of models) expect(openOnnx(model).tensors).toHaveLength(1);
  });
});
