import { closeSync, ftruncateSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pieces } from '../../src/decode/container.js';
import { openRanges, reusedRoom } from '../../src/decode/ranges.js';
import { openFile, openOnnxFile } from '../../src/onnx/files.js';
import { DATA_TYPE, externalData, modelProto, node, tensorProto, valueInfo } from '../support/onnx-builder.js';
import { fxq, makeFolder } from './support.js';

/** Beyond what 32 bits count. */
const START = 2 ** 32 - 4096;
const BLOCK = 2 ** 26;

/**
 * A model whose external data is larger than 4 GiB, nearly all of it zeros that take no room on the disk: tensors of 64 MiB,
 * and a last one across the border.
 */
function bigModel(folder: string): { path: string; bytes: number; last: Float32Array } {
  const last = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i));
  const sizes: [number, number][] = [];
  for (let at = 0; at < START; at += BLOCK) sizes.push([at, Math.min(BLOCK, START - at)]);
  sizes.push([START, last.byteLength]);
  const initializers = sizes.map(([offset, length], i) => {
    const content = externalData({ location: 'w.bin', offset: String(offset), length: String(length) });
    return tensorProto({ name: `w${i}`, dataType: DATA_TYPE.float32, dims: [length / 4], content });
  });
  const nodes = sizes.map((_, i) => node('Add', ['X', `w${i}`], [`y${i}`]));
  const graph = {
    nodes,
    initializers,
    inputs: [valueInfo('X', 'float32', [1])],
    outputs: [valueInfo('y0', 'float32')],
  };
  const path = join(folder, 'model.onnx');
  const model = modelProto({ graph });
  writeFileSync(path, model);
  const data = openSync(join(folder, 'w.bin'), 'w');
  ftruncateSync(data, START + last.byteLength);
  writeSync(data, last, 0, last.byteLength, START);
  closeSync(data);
  return { path, bytes: model.length + START + last.byteLength, last };
}

describe('external data of more than 4 GiB', () => {
  it('is coded, and decodes to every byte of it', { timeout: 600_000 }, async () => {
    const folder = makeFolder();
    const { path, bytes, last } = bigModel(folder);
    const { model, close } = openOnnxFile(path);
    expect(model.tensors.at(-1)).toMatchObject({ offset: START, length: last.byteLength });
    expect(new Float32Array(model.tensors.at(-1)?.payload.read().buffer as ArrayBuffer)).toEqual(last);
    close();

    const out = join(makeFolder(), 'out.fxq');
    expect(fxq('encode', path, '-o', out, '-q')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(statSync(out).size).toBeLessThan(bytes / 200);

    const container = openFile(out);
    const opened = await openRanges(container);
    expect(opened.head.files.map(({ size }) => size)).toEqual([statSync(path).size, START + last.byteLength]);
    let end = 0;
    let tail: Float32Array | undefined;
    for await (const piece of pieces(opened, { verify: 'all' }, reusedRoom())) {
      if (piece.file === 0) continue;
      expect(piece.offset).toBe(end);
      end += piece.bytes.length;
      if (piece.offset === START) tail = new Float32Array(piece.bytes.slice().buffer);
    }
    expect([end, tail]).toEqual([START + last.byteLength, last]);
    container.close();
  });
});
