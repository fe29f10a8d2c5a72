import { describe, expect, it } from 'vitest';
import { toHalf } from '../../src/binary/half.js';
import { simulate } from '../../src/calibrate/simulate.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { mainFile } from '../../src/graph/decoded-graph.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { io } from '../support/models/model.js';
import { attrGraph, attrInt, functionProto, graphProto, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { constantOf, floats, raw, type TestTensor } from '../support/tensors.js';
import { type Settings, smallData, smallModel, tuned } from './support.js';

const bytesIn = (model: Model) => model.tensors.map(({ payload }) => Buffer.from(payload.read()).toString('hex'));
const weight = (name: string, dims: [number, number], seed: number) =>
  floats(name, dims, new Random(seed).floats(dims[0] * dims[1], 0.5));
const settings = { dataset: smallData(), epochs: 8, learningRate: 0.02 };

/** Trains, and expects that it helps, that these tensors and no others have changed, and that the file is as it was beside them. */
async function expectTrained(bytes: Uint8Array | Model, changed: readonly number[], options: Settings = settings) {
  const before = bytes instanceof Uint8Array ? openOnnx(bytes) : bytes;
  const { model, epochs } = await tuned(before, options);
  expect(epochs.at(-1)!.loss).toBeLessThan(0.8 * epochs[0].loss);
  const [was, is] = [before, model].map(bytesIn);
  expect(is.flatMap((payload, i) => (payload === was[i] ? [] : [i]))).toEqual(changed);
  // The file opens again, with tensors of the same types.
  const again = openOnnx(mainFile(model));
  expect(again.tensors.map(({ dtype, dims }) => [dtype, dims])).toEqual(
    before.tensors.map(({ dtype, dims }) => [dtype, dims]),
  );
  return { model, epochs };
}

/** X → h = X · first → Y = what `If` of the first number of each batch makes of h, by weights of its branches. */
function branching(condition: 'constant' | 'computed'): Uint8Array {
  const branch = (w: TestTensor, how: 'stored' | 'constant') =>
    graphProto({
      nodes: [...(how === 'constant' ? [constantOf(w)] : []), node('MatMul', ['h', w.name], ['y'])],
      initializers: how === 'stored' ? [w.proto] : [],
      outputs: [valueInfo('y', 'float32')],
    });
  const choice = [
    attrGraph('then_branch', branch(weight('W', [16, 4], 2), 'stored')),
    attrGraph('else_branch', branch(weight('W', [16, 4], 3), 'constant')),
  ];
  const first = weight('first', [6, 16], 1);
  const yes = raw('yes', 'bool', [], Uint8Array.of(1));
  const zero = floats('zero', [], Float32Array.of(0));
  const nodes = [
    node('MatMul', ['X', 'first'], ['h']),
    ...(condition === 'computed'
      ? [node('ReduceSum', ['X'], ['sum'], [attrInt('keepdims', 0)]), node('Greater', ['sum', 'zero'], ['yes'])]
      : []),
    node('If', ['yes'], ['Y'], choice),
  ];
  const initializers = [first.proto, ...(condition === 'computed' ? [zero.proto] : [yes.proto])];
  return modelProto({ graph: { nodes, initializers, ...io(['N', 6]) } });
}

/** Y = a function of the model's own, called twice with its weight. */
function calling(): Uint8Array {
  const domain = 'test.local';
  const inner = functionProto({
    ...{ domain, name: 'Layer', inputs: ['x', 'v'], outputs: ['y'] },
    nodes: [
      constantOf(weight('w', [6, 6], 1)),
      node('MatMul', ['x', 'w'], ['m']),
      node('Mul', ['m', 'v'], ['n']),
      node('LeakyRelu', ['n'], ['y']),
    ],
  });
  const call = (x: string, y: string) => node('Layer', [x, 'v'], [y], [], { domain });
  const nodes = [call('X', 'one'), call('one', 'two'), node('MatMul', ['two', 'last'], ['Y'])];
  const v = floats('v', [6], Float32Array.of(1, 1.1, 1.2, 0.9, 0.8, 1.3));
  const initializers = [v.proto, weight('last', [6, 4], 2).proto];
  return modelProto({ graph: { nodes, initializers, ...io(['N', 6]) }, functions: [inner], domains: [domain] });
}

/** A small net in float16 from its input to its output. */
function half(): Uint8Array {
  const stored = (name: string, dims: [number, number], seed: number) =>
    raw(
      name,
      'float16',
      dims,
      new Uint8Array(Uint16Array.from(new Random(seed).floats(dims[0] * dims[1], 0.5), toHalf).buffer),
    );
  const nodes = [
    node('Cast', ['X'], ['x'], [attrInt('to', 10)]),
    node('MatMul', ['x', 'w1'], ['a']),
    node('Relu', ['a'], ['r']),
    node('MatMul', ['r', 'w2'], ['Y']),
  ];
  const initializers = [stored('w1', [6, 16], 1), stored('w2', [16, 4], 2)].map(({ proto }) => proto);
  const outputs = [valueInfo('Y', 'float16', ['N', 4])];
  return modelProto({ graph: { nodes, initializers, ...io(['N', 6]), outputs } });
}

describe('weights are trained', () => {
  it('in the branch that runs, and not in the other', async () => {
    await expectTrained(branching('constant'), [0, 2]);
  });

  it('in both branches, where inputs decide', async () => {
    await expectTrained(branching('computed'), [0, 1, 2]);
  });

  it('in functions, once for all calls', async () => {
    await expectTrained(calling(), [1, 2]);
  });

  it('of float16, and written so', async () => {
    await expectTrained(half(), [0, 1]);
  });

  it('behind DequantizeLinear, as the integers that they are', async () => {
    const dataset = smallData();
    const quantised = await simulate({ as: 'qdq', inputs: 'uint8', weights: 'int8', dataset, threads: 1 }).run(
      openOnnx(smallModel()),
    );
    const integers = quantised.tensors.flatMap(({ dtype, role }, i) =>
      /^int/.test(dtype) && role !== 'other' ? [i] : [],
    );
    const { model, epochs } = await expectTrained(quantised, integers, {
      ...settings,
      learningRate: 0.005,
      epochs: 12,
      heldOut: 120,
    });
    // What ONNX Runtime makes of the file is what training has seen, to a rounding of codes that fall between two.
    const { top1 } = await evaluate({ model: mainFile(model), dataset, threads: 1 });
    const before = await evaluate({ model: mainFile(quantised), dataset, threads: 1 });
    expect(top1).toBeGreaterThan(before.top1! + 0.1);
    const best = Math.max(...epochs.map(({ accuracy }) => accuracy!));
    expect(Math.abs(top1! - best), `${top1} against ${best}`).toBeLessThan(0.15);
  });
});
