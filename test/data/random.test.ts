import { describe, expect, it } from 'vitest';
import { describeRandom, randomDataset } from '../../src/data/random.js';
import { readInterface } from '../../src/onnx/interface.js';
import { openOnnx } from '../../src/onnx/open.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { openSession } from '../../src/runtime/session.js';
import { collect, linearModel, statefulModel } from '../evaluate/support.js';
import { attrInt, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { floats } from '../support/tensors.js';

const port = (name: string, type: string, shape: (number | string)[]) => ({ name, type, shape });
const dimsOf = async (...args: Parameters<typeof randomDataset>) => {
  const [{ inputs }] = await collect(randomDataset(...args)({ limit: 3, batchSize: 2 }));
  return Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims]));
};

describe('shapes', () => {
  it('come in batches where the first axis is free, and whatever the size of the batches the same', async () => {
    const dataset = randomDataset([port('x', 'float32', ['N', 4])], { seed: 5 });
    const batches = await collect(dataset({ limit: 5, batchSize: 2 }));
    expect(batches.map(({ inputs }) => inputs.x.dims)).toEqual([
      [2, 4],
      [2, 4],
      [1, 4],
    ]);
    const [whole] = await collect(dataset({ limit: 5, batchSize: 5 }));
    expect(batches.flatMap(({ inputs }) => [...inputs.x.data])).toEqual([...whole.inputs.x.data]);
    const other = randomDataset([port('x', 'float32', ['N', 4])], { seed: 6 });
    expect((await collect(other({ limit: 5 })))[0].inputs.x.data).not.toEqual(whole.inputs.x.data);
    expect((await collect(dataset())).reduce((sum, { inputs }) => sum + inputs.x.dims[0], 0)).toBe(64);
  });

  it('are guessed: images, waveforms, tokens; one name is one size', async () => {
    expect(await dimsOf([port('x', 'float32', ['b', 3, 'h', 'w'])])).toEqual({ x: [2, 3, 224, 224] });
    expect(await dimsOf([port('x', 'float32', ['b', 3, 48, ''])])).toEqual({ x: [2, 3, 48, 224] });
    const tokens = ['ids', 'mask'].map((name) => port(name, 'int64', ['batch', 'length']));
    expect(await dimsOf(tokens)).toEqual({ ids: [2, 128], mask: [2, 128] });
    expect(await dimsOf(tokens, { dims: { length: 7 } })).toEqual({ ids: [2, 7], mask: [2, 7] });
  });

  it('of models with a state are one batch of one', async () => {
    const speech = [
      port('input', 'float32', ['', '']),
      port('state', 'float32', [2, '', 128]),
      port('sr', 'int64', []),
    ];
    expect(await dimsOf(speech)).toEqual({ input: [1, 512], state: [2, 1, 128], sr: [] });
    expect(await dimsOf(speech, { dims: { 'input[1]': 256, 'input[0]': 3, 'state[1]': 3 } })).toEqual({
      ...{ input: [3, 256], state: [2, 3, 128], sr: [] },
    });
    expect(describeRandom(speech)).toBe('input float32 [1, 512], state float32 [2, 1, 128], sr int64 []');
    const old = ['h', 'c'].map((name) => port(name, 'float32', [2, 'batch', 64]));
    expect(await dimsOf([port('input', 'float32', ['batch', 'n']), ...old])).toEqual({
      ...{ input: [1, 512], h: [2, 1, 64], c: [2, 1, 64] },
    });
  });

  it('that the model does not have, or that are none, are refused', () => {
    const inputs = [port('x', 'float32', ['N', '', 3])];
    expect(() => randomDataset(inputs, { dims: { n: 3 } })).toThrow(/dimension 'n': .* which are N, x\[1\]$/);
    expect(() => randomDataset(inputs, { dims: { N: 0 } })).toThrow(RangeError);
  });
});

describe('values', () => {
  const values = async (...args: Parameters<typeof port>) => {
    const [{ inputs }] = await collect(randomDataset([port(...args)])({ limit: 8, batchSize: 8 }));
    return [...inputs[args[0]].data].map(Number);
  };

  it('are normally distributed where they are floats', async () => {
    const all = await values('x', 'float32', ['N', 3, 32, 32]);
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const square = all.reduce((sum, value) => sum + value ** 2, 0) / all.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(square - 1)).toBeLessThan(0.03);
  });

  it('are safe where they are whole numbers', async () => {
    const distinct = async (...args: Parameters<typeof port>) =>
      [...new Set(await values(...args))].sort((a, b) => a - b);
    expect(await distinct('sr', 'int64', [])).toEqual([16000]);
    expect(await distinct('sampling_rate', 'int64', ['N'])).toEqual([16000]);
    expect(await distinct('attention_mask', 'int64', ['N', 9])).toEqual([1]);
    expect(await distinct('token_type_ids', 'int64', ['N', 9])).toEqual([0]);
    expect(await distinct('position_ids', 'int64', ['N', 4])).toEqual([0, 1, 2, 3]);
    expect(await distinct('flag', 'bool', ['N', 9])).toEqual([0, 1]);
    expect(Math.max(...(await values('pixels', 'uint8', ['N', 8, 8, 3])))).toBeGreaterThan(250);
  });

  it('pick rows that a table has', async () => {
    const table = floats('table', [5, 3]);
    const nodes = [
      node('Cast', ['ids'], ['wide'], [attrInt('to', 7)]),
      node('Gather', ['table', 'wide'], ['Y'], [attrInt('axis', 0)]),
    ];
    const inputsOf = [valueInfo('ids', 'int32', ['N', 'L'])];
    const outputs = [valueInfo('Y', 'float32')];
    const bytes = modelProto({ graph: { nodes, initializers: [table.proto], inputs: inputsOf, outputs } });
    const { inputs } = readInterface(openOnnx(bytes));
    expect(inputs).toEqual([{ name: 'ids', type: 'int32', shape: ['N', 'L'], rows: 5 }]);
    const [batch] = await collect(randomDataset(inputs)());
    expect([...new Set(Array.from(batch.inputs.ids.data as Float64Array))].sort()).toEqual([0, 1, 2, 3, 4]);
    const session = await openSession(await loadRuntime(), bytes);
    expect((await session.run(batch)).samples).toBe(8);
    await session.release();
  });
});

describe('readInterface', () => {
  it('leaves out what old files list among the inputs', () => {
    const { inputs, outputs } = readInterface(openOnnx(linearModel({ oldStyle: true, batch: 2 })));
    expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([['x', [2, 4]]]);
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([['scores', [2, 4]]]);
    expect(readInterface(openOnnx(linearModel({ batch: -1 }))).inputs[0].shape).toEqual(['', 4]);
  });

  it('makes inputs that a model with a state takes', async () => {
    const bytes = statefulModel();
    const [batch] = await collect(randomDataset(readInterface(openOnnx(bytes)).inputs)());
    const session = await openSession(await loadRuntime(), bytes);
    const { outputs } = await session.run(batch);
    expect(outputs.out.dims).toEqual([1, 3]);
    await session.release();
  });
});
