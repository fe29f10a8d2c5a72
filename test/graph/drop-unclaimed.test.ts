import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { dropUnclaimed } from '../../src/graph/edit/drop-unclaimed.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { unclaimedRanges } from '../../src/onnx/unclaimed.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { type ExternalMatrix, externalChain, MATRIX_BYTES, WIDTH } from '../support/external.js';
import { bytesOf, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';

const random = new Random(17);
const junk = (bytes: number) => random.bytes(bytes);
const matrix = () => bytesOf(random.floats(MATRIX_BYTES / 4));
const at = (offset?: number, location = 'm.data'): ExternalMatrix => ({
  location,
  ...(offset !== undefined && { offset }),
  length: MATRIX_BYTES,
});

const cases: Record<
  string,
  { files: Record<string, Uint8Array>; tensors: ExternalMatrix[]; bytes: number; left: number }
> = {
  'saved twice': (() => {
    const data = concat(matrix(), matrix());
    return {
      files: { 'm.data': concat(data, data) },
      tensors: [at(0), at(MATRIX_BYTES)],
      bytes: 2 * MATRIX_BYTES,
      left: 2 * MATRIX_BYTES,
    };
  })(),
  'before, between and behind': {
    files: { 'm.data': concat(junk(8192), matrix(), junk(16_384), matrix(), junk(5000)) },
    tensors: [at(8192), at(24_576 + MATRIX_BYTES)],
    bytes: 8192 + 16_384 + 5000,
    left: 2 * MATRIX_BYTES,
  },
  'against the order of the file, in two spellings': {
    files: { 'm.data': concat(junk(5000), matrix(), junk(5000), matrix()) },
    tensors: [at(10_000 + MATRIX_BYTES, './m.data'), at(5000)],
    bytes: 10_000,
    left: 2 * MATRIX_BYTES,
  },
  'tensors that overlap': {
    files: { 'm.data': concat(junk(4096), matrix(), matrix(), junk(4096)) },
    tensors: [at(4096), at(4096 + 1024)],
    bytes: 8192 + MATRIX_BYTES - 1024,
    left: MATRIX_BYTES + 1024,
  },
  'two files, one of them in order, an offset that is not said': {
    files: { 'm.data': concat(matrix(), junk(70_000)), 'sub/n': matrix() },
    tensors: [at(), at(0, 'sub//n')],
    bytes: 70_000,
    left: 2 * MATRIX_BYTES,
  },
};

const sizes = ({ files }: Model) => files.slice(1).reduce((sum, { size }) => sum + size, 0);

async function answer(model: Model, X: ort.Tensor): Promise<unknown> {
  const parts: Uint8Array[][] = model.files.map(() => []);
  for (const { file, bytes } of writeOnnx(model)) parts[file].push(bytes.slice());
  const [main, ...others] = parts.map((pieces) => concat(...pieces));
  const externalData = others.map((data, i) => ({ path: model.files[i + 1].name, data }));
  const session = await ort.InferenceSession.create(main, { externalData });
  return (await session.run({ X })).Y.data;
}

describe('what belongs to no tensor', () => {
  it.each(Object.entries(cases))('%s: is found, and left out', async (_, { files, tensors, bytes, left }) => {
    const model = openOnnx(externalChain(tensors), { external: memoryFiles(files) });
    const found = unclaimedRanges(model).flat();
    expect(found.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(bytes);
    const lighter = dropUnclaimed(model);
    expect(sizes(lighter)).toBe(left);
    expect(unclaimedRanges(lighter).flat()).toEqual([]);
    expect(lighter.files.map(({ name }) => name)).toEqual(model.files.map(({ name }) => name));
    expect(lighter.tensors.map(({ name }) => name)).toEqual(model.tensors.map(({ name }) => name));
    for (const [i, { payload }] of lighter.tensors.entries())
      expect(Buffer.compare(payload.read(), model.tensors[i].payload.read())).toBe(0);
    const X = new ort.Tensor('float32', random.floats(WIDTH), [1, WIDTH]);
    const before = openOnnx(
      externalChain(
        tensors.map((tensor) => ({ ...tensor, location: tensor.location.replace('./', '').replace('//', '/') })),
      ),
      { external: memoryFiles(files) },
    );
    expect(await answer(dropUnclaimed(before), X)).toEqual(await answer(before, X));
  });

  it('where there is nothing of it, the model stays the same', () => {
    const files = { 'm.data': concat(matrix(), junk(4095), matrix()) };
    const model = openOnnx(externalChain([at(0), at(MATRIX_BYTES + 4095)]), { external: memoryFiles(files) });
    expect(dropUnclaimed(model)).toBe(model);
  });

  it('tensors keep their alignment', () => {
    const data = concat(junk(12_288), matrix(), junk(4096 + 64), matrix(), junk(9999));
    const model = openOnnx(externalChain([at(12_288), at(12_288 + MATRIX_BYTES + 4096 + 64)]), {
      external: memoryFiles({ 'm.data': data }),
    });
    expect(dropUnclaimed(model).tensors.map(({ offset }) => offset)).toEqual([0, 4096]);
  });
});
