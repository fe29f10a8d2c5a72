import onnxProto, { type onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { randomDataset } from '../../src/data/random.js';
import { decode } from '../../src/decode/index.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { readInterface } from '../../src/onnx/interface.js';
import { openOnnx } from '../../src/onnx/open.js';
import { compress } from '../../src/search/compress.js';
import { modelOf, node, stored } from '../calibrate/support.js';
import { Random } from '../support/random.js';

const { ModelProto } = onnxProto.onnx;
const [WORDS, WIDTH, INT64] = [400, 48, 7];

/** Ids of words, looked up in a table, go through these nodes to an output `y`. */
function tokenModel(nodes: onnx.INodeProto[], tensors: onnx.ITensorProto[]): Uint8Array {
  const look = node('Gather', ['table', 'input_ids'], ['words']);
  const table = stored('table', [WORDS, WIDTH]);
  const bytes = modelOf({
    nodes: [look, ...nodes],
    tensors: [table, ...tensors],
    inputs: { input_ids: [1, 0] },
    type: INT64,
  });
  const model = ModelProto.decode(bytes);
  const output = { name: 'y', type: { tensorType: { elemType: 1 } } };
  return ModelProto.encode({ ...model, graph: { ...model.graph, output: [output] } }).finish();
}

/** A layer of a transformer's encoder with one head, and a matrix to four classes on the mean word. */
function encoder(): Uint8Array {
  const matrices = ['query', 'key', 'value', 'out', 'up', 'down'] as const;
  const dims = { up: [WIDTH, 4 * WIDTH], down: [4 * WIDTH, WIDTH] } as Record<string, number[]>;
  const product = (x: string, name: string, y: string) => node('MatMul', [x, name], [y]);
  const norm = (x: string, y: string) => node('LayerNormalization', [x, 'ones'], [y], { axis: -1 });
  const nodes = [
    norm('words', 'x'),
    ...['query', 'key', 'value'].map((name) => product('x', name, `${name}s`)),
    node('Transpose', ['keys'], ['turned'], { perm: [0, 2, 1] }),
    node('MatMul', ['querys', 'turned'], ['likeness']),
    node('Softmax', ['likeness'], ['shares'], { axis: -1 }),
    node('MatMul', ['shares', 'values'], ['mixed']),
    product('mixed', 'out', 'seen'),
    node('Add', ['x', 'seen'], ['sum']),
    norm('sum', 'between'),
    product('between', 'up', 'wide'),
    node('Relu', ['wide'], ['active']),
    product('active', 'down', 'narrow'),
    node('Add', ['between', 'narrow'], ['all']),
    node('ReduceMean', ['all'], ['mean'], { axes: [1], keepdims: 0 }),
    node('MatMul', ['mean', 'classes'], ['y']),
  ];
  const ones = {
    name: 'ones',
    dims: [WIDTH],
    dataType: 1,
    rawData: new Uint8Array(new Float32Array(WIDTH).fill(1).buffer),
  };
  const tensors = matrices.map((name) => stored(name, dims[name] ?? [WIDTH, WIDTH]));
  return tokenModel(nodes, [...tensors, ones, stored('classes', [WIDTH, 4])]);
}

/** A recurrent layer over the words, and a matrix on its last state. */
function recurrent(): Uint8Array {
  const nodes = [
    node('Transpose', ['words'], ['steps'], { perm: [1, 0, 2] }),
    node('LSTM', ['steps', 'W', 'R'], ['', 'state'], { hidden_size: 32 }),
    node('Squeeze', ['state', 'first'], ['last']),
    node('MatMul', ['last', 'classes'], ['y']),
  ];
  return tokenModel(nodes, [
    ...[stored('W', [1, 128, WIDTH]), stored('R', [1, 128, 32])],
    ...[stored('first', [1], [0]), stored('classes', [32, 4])],
  ]);
}

describe('compress by answers', () => {
  it('serves a transformer that takes words: smaller than by weights, with the same decisions on other words', async () => {
    const bytes = encoder();
    const { container, synthetic } = await compress(bytes, { synthetic: { threads: 1 } });
    expect(synthetic).toMatchObject({ kind: 'tokens', isReached: true });
    expect(container.length).toBeLessThan((await compress(bytes, { synthetic: false })).container.length);
    const dataset = randomDataset(readInterface(openOnnx(bytes)).inputs, { seed: 5 });
    const { agreement } = await evaluate({ model: await decode(container), reference: bytes, dataset, limit: 64 });
    expect(agreement).toBeGreaterThanOrEqual(0.95);
  }, 60_000);

  it('takes the noise of weights for a recurrent net that takes words, where answers would need more bytes, and says so', async () => {
    const bytes = recurrent();
    const { container, synthetic } = await compress(bytes, { synthetic: { threads: 1 } });
    expect(synthetic).toMatch(/^they would take \d+ bytes, and by their own noise \d+$/);
    expect(container).toEqual((await compress(bytes, { synthetic: false })).container);
  });

  it('is not led astray by a weight far larger than the others, at an input that is always zero', async () => {
    const random = new Random(3);
    const values = random.floats(256 * 64, 0.1);
    values[0] = 1000;
    const first = { name: 'first', dims: [256, 64], dataType: 1, rawData: new Uint8Array(values.buffer) };
    const nodes = [
      node('MatMul', ['x', 'first'], ['h']),
      node('Relu', ['h'], ['active']),
      node('MatMul', ['active', 'second'], ['y']),
    ];
    const bytes = modelOf({ nodes, tensors: [first, stored('second', [64, 10])], inputs: { x: [1, 256] } });
    const plain = await compress(bytes, { synthetic: false });
    const { container, synthetic } = await compress(bytes, { synthetic: { threads: 1 } });
    expect(synthetic).toContain('first that are far larger than the others');
    expect(container).toEqual(plain.container);
  });
});
