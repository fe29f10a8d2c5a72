import { strToU8, zipSync } from 'fflate';
import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/open.js';
import { openOnnx } from '../../src/onnx/open.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { openSession } from '../../src/runtime/session.js';
import { collect, linearModel, memoryReader, npyBytes, statefulModel } from '../evaluate/support.js';

const { onnx } = onnxProto;
const rows = (...values: number[]) => npyBytes('<f4', [values.length / 4, 4], Float32Array.from(values));
const model = openOnnx(linearModel());
const open = (files: Record<string, Uint8Array>, options = {}) =>
  openDataset('d', memoryReader(files), { model, ...options });
const tensor = (fields: object) => onnx.TensorProto.encode(onnx.TensorProto.fromObject(fields)).finish();

describe('a folder of archives', () => {
  it('is read one after the other, in batches, up to the limit', async () => {
    const labels = npyBytes('<i8', [2], BigInt64Array.of(3n, 1n));
    const files = {
      'd/b.npz': zipSync({ 'x.npy': rows(5, 5, 5, 5) }),
      'd/a.npz': zipSync({ 'x.npy': rows(1, 2, 3, 4, 5, 6, 7, 8), 'labels.npy': labels }),
    };
    const dataset = await open(files);
    const batches = await collect(dataset({ batchSize: 1 }));
    expect(batches.map(({ inputs, labels }) => [[...inputs.x.data], labels])).toEqual([
      [[1, 2, 3, 4], [3]],
      [[5, 6, 7, 8], [1]],
      [[5, 5, 5, 5], undefined],
    ]);
    expect(await collect(dataset({ limit: 1 }))).toHaveLength(1);
    expect((await collect(dataset({ limit: 3 }))).map(({ inputs }) => inputs.x.dims[0])).toEqual([2, 1]);
  });

  it('hands on recordings with a state as they are', async () => {
    const state = npyBytes('<f4', [2, 1, 3], new Float32Array(6));
    const x = npyBytes('<f4', [1, 3], Float32Array.of(1, 2, 3));
    const rate = npyBytes('<i8', [], BigInt64Array.of(1n), { shapeText: '()' });
    const one = zipSync({ 'x.npy': x, 'state.npy': state, 'rate.npy': rate });
    const dataset = await open({ 'd/0.npz': one, 'd/1.npz': one }, { model: openOnnx(statefulModel()) });
    const batches = await collect(dataset({ batchSize: 1 }));
    expect(batches).toHaveLength(2);
    const session = await openSession(await loadRuntime(), statefulModel());
    expect([...(await session.run(batches[1])).outputs.out.data]).toEqual([1, 2, 3]);
    await session.release();
    expect(await collect(dataset({ limit: 1 }))).toHaveLength(1);
  });
});

describe('recordings without a single number', () => {
  const none = npyBytes('<f4', [0, 4], new Float32Array(0));
  it('are refused by name', async () => {
    const said = /^d\/b\.npz: expected at least one number in 'x', got none: its shape is \[0, 4\]/;
    const files = { 'd/a.npz': zipSync({ 'x.npy': rows(1, 2, 3, 4) }), 'd/b.npz': zipSync({ 'x.npy': none }) };
    await expect(open(files).then((dataset) => collect(dataset()))).rejects.toThrow(said);
    const recorded = { 'd/test_data_set_0/input_0.pb': tensor({ name: 'x', dataType: 1, dims: [0, 4] }) };
    await expect(open(recorded).then((dataset) => collect(dataset()))).rejects.toThrow(
      /got none: its shape is \[0, 4\]/,
    );
  });

  it('are let through beside others: a past that is yet to come', async () => {
    const dataset = await open(
      { 'd/a.npz': zipSync({ 'x.npy': rows(1, 2, 3, 4), 'past.npy': none }) },
      { model: undefined },
    );
    expect((await collect(dataset())).map(({ inputs }) => inputs.past.dims)).toEqual([[0, 4]]);
  });
});

describe('a folder of arrays', () => {
  it('is the inputs by name, with labels', async () => {
    const files = {
      'd/x.npy': rows(1, 2, 3, 4, 5, 6, 7, 8),
      'd/labels.npy': npyBytes('<i8', [2], BigInt64Array.of(3n, 1n)),
    };
    const [first, second] = await collect((await open(files))({ batchSize: 1 }));
    expect([first.labels, second.labels, [...second.inputs.x.data]]).toEqual([[3], [1], [5, 6, 7, 8]]);
  });

  it('or recordings of the only input', async () => {
    const files = { 'd/2.npy': rows(2, 2, 2, 2), 'd/1.npy': rows(1, 1, 1, 1, 3, 3, 3, 3) };
    const batches = await collect((await open(files))());
    expect(batches.map(({ inputs }) => inputs.input.dims)).toEqual([
      [2, 4],
      [1, 4],
    ]);
  });
});

describe('ONNX test data', () => {
  const input = (value: number, fields: object = {}) =>
    tensor({ dims: [1, 4], dataType: 1, floatData: [value, 0, 0, 0], name: 'x', ...fields });

  it('is read set by set, by the number in their names, or one set by itself', async () => {
    const files = {
      'd/model.onnx': strToU8('x'),
      'd/test_data_set_10/input_0.pb': input(10),
      'd/test_data_set_2/input_0.pb': input(2),
      'd/test_data_set_2/output_0.pb': input(99),
    };
    const batches = await collect((await open(files))());
    expect(batches.map(({ inputs }) => inputs.x.data[0])).toEqual([2, 10]);
    const one = await openDataset('d/test_data_set_10', memoryReader(files), { model });
    expect((await collect(one())).map(({ inputs }) => inputs.x.data[0])).toEqual([10]);
  });

  it('goes by the place of an input where it has no name of one, in every type', async () => {
    const bits = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const cases: [object, number[]][] = [
      [{ dataType: 1, rawData: bits }, [1, 2, 3, 4]],
      [{ dataType: 7, int64Data: [1, -2, 3, 4] }, [1, -2, 3, 4]],
      [{ dataType: 2, int32Data: [1, 2, 3, 255] }, [1, 2, 3, 255]],
      [{ dataType: 10, int32Data: [0x3c00, 0x4000, 0, 0] }, [1, 2, 0, 0]],
      [{ dataType: 11, doubleData: [1.5, 2, 3, 4] }, [1.5, 2, 3, 4]],
    ];
    const session = await openSession(await loadRuntime(), linearModel());
    for (const [fields, values] of cases) {
      const pb = tensor({ dims: [1, 4], name: 'data_0', ...fields });
      const [batch] = await collect((await open({ 'd/input_0.pb': pb }))());
      expect([...(await session.run(batch)).outputs.scores.data]).toEqual(values);
    }
    await session.release();
  });

  it('takes lists of numbers as other writers have them: one by one, in pieces, negative', async () => {
    const dims = [0x08, 1, 0x08, 2];
    const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    const cases: [number[], unknown][] = [
      [[...dims, 0x10, 7, 0x38, 5, 0x38, ...minusOne], BigInt64Array.of(5n, -1n)],
      [[...dims, 0x10, 7, 0x3a, 1, 5, 0x3a, 2, 0xac, 2], BigInt64Array.of(5n, 300n)],
      [[0x0a, 2, 1, 2, 0x10, 6, 0x2a, 11, ...minusOne, 3], Int32Array.of(-1, 3)],
      [[...dims, 0x10, 3, 0x2a, 11, 3, ...minusOne], Int8Array.of(3, -1)],
      [[...dims, 0x10, 1, 0x25, 0, 0, 0x80, 0x3f, 0x22, 4, 0, 0, 0, 0x40], Float32Array.of(1, 2)],
      [[...dims, 0x10, 13, 0x5a, 6, 255, 255, 255, 255, 15, 1], BigUint64Array.of(0xffffffffn, 1n)],
    ];
    for (const [bytes, data] of cases) {
      const [batch] = await collect((await open({ 'd/input_0.pb': Uint8Array.from(bytes) }))());
      expect(batch.inputs.x.data).toEqual(data);
    }
  });

  it.each([
    ['more elements than bytes', [0x08, 0x80, 0x80, 0x80, 0x80, 8, 0x10, 7, 0x3a, 1, 5]],
    ['fewer elements than varints', [0x08, 1, 0x10, 7, 0x3a, 2, 5, 5]],
    ['a varint that does not end', [0x08, 2, 0x10, 7, 0x3a, 2, 5, 133]],
    ['a varint of eleven bytes', [0x08, 1, 0x10, 7, 0x3a, 11, ...Array(10).fill(128), 1]],
    ['a negative dimension', [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0x10, 7, 0x3a, 1, 5]],
    ['a thousand dimensions', [0x0a, 0xe8, 7, ...Array(1000).fill(1), 0x10, 7, 0x3a, 1, 5]],
  ])('refuses %s', async (_, bytes) => {
    const dataset = await open({ 'd/input_0.pb': Uint8Array.from(bytes) });
    await expect(collect(dataset())).rejects.toMatchObject({ code: 'DATASET' });
  });

  it.each([
    ['damaged', strToU8('no tensor'), /input_0\.pb: expected/],
    ['of strings', tensor({ dataType: 8, dims: [1] }), /expected a tensor of plain numbers, got string/],
    ['too short', input(1, { dims: [2, 4] }), /expected 32 bytes for float32 \[2, 4\], got 16/],
  ])('that is %s is refused', async (_, pb, message) => {
    const dataset = await open({ 'd/test_data_set_0/input_0.pb': pb });
    await expect(collect(dataset())).rejects.toMatchObject({
      code: 'DATASET',
      message: expect.stringMatching(message),
    });
  });

  it('with more inputs than the model has is refused', async () => {
    const files = { 'd/input_0.pb': input(1), 'd/input_1.pb': input(2, { name: 'y' }) };
    await expect(collect((await open(files))())).rejects.toThrow(
      /expected as many recorded inputs as the model has, 1, got number 1/,
    );
  });
});
