import { describe, expect, it } from 'vitest';
import { asFloat, type ColumnPick, canStride, emitColumns } from '../../src/calibrate/columns.js';
import { captureMoments } from '../../src/calibrate/moments.js';
import { surveyLayers } from '../../src/calibrate/survey.js';
import { copyOf } from '../../src/graph/decoded-graph.js';
import type { Layer } from '../../src/graph/layers.js';
import { floatValue, writeModel } from '../../src/graph/open-model.js';
import { readWeights, writeWeights } from '../../src/model/weights.js';
import { runGraph } from '../../src/runtime/batches.js';
import type { OutputArray } from '../../src/runtime/session.js';
import { feederOf, layersOf, modelOf, node, type Parts, stored } from './support.js';

interface Case extends Parts {
  /** Factor between the product and the node's output. */
  scale?: number;
  tolerance?: number;
  hasBias?: boolean;
}

const opsets = (list: readonly number[], parts: Case): [number, Case][] =>
  list.map((opset) => [opset, { ...parts, opset }]);

const conv = (x: number[], w: number[], attributes: Parameters<typeof node>[3] = {}, bias?: number): Case => ({
  nodes: [node('Conv', ['x', 'w', ...(bias ? ['b'] : [])], ['y'], attributes)],
  tensors: [stored('w', w), ...(bias ? [stored('b', [bias])] : [])],
  inputs: { x },
  hasBias: bias !== undefined,
});
const deconv = (x: number[], w: number[], attributes: Parameters<typeof node>[3] = {}): Case => ({
  ...conv(x, w),
  nodes: [node('ConvTranspose', ['x', 'w'], ['y'], attributes)],
});
const gemm = (
  x: number[],
  w: number[],
  attributes: Parameters<typeof node>[3] = {},
  extra: Partial<Case> = {},
): Case => ({
  nodes: [node('Gemm', ['x', 'w'], ['y'], attributes)],
  tensors: [stored('w', w)],
  inputs: { x },
  ...extra,
});
const matmul = (x: number[], w: number[], isLeft = false): Case => ({
  nodes: [node('MatMul', isLeft ? ['w', 'x'] : ['x', 'w'], ['y'])],
  tensors: [stored('w', w)],
  inputs: { x },
});
/** Weights that reach a MatMul through other nodes. */
const through = (dims: number[], nodes: Parts['nodes'], opset = 17, more: Parts['tensors'] = []): Case => ({
  nodes: [...nodes, node('MatMul', ['x', 'v'], ['y'])],
  tensors: [stored('w', dims), ...more],
  inputs: { x: [5, 4] },
  opset,
});

const CASES: Record<string, Case> = {
  'Conv 1-D': conv([2, 3, 9], [4, 3, 3], { pads: [1, 0], dilations: [2] }, 4),
  'Conv 2-D, strides and pads': conv([2, 3, 9, 8], [4, 3, 3, 2], { pads: [1, 0, 2, 1], strides: [2, 1] }, 4),
  'Conv 2-D, auto_pad': conv([2, 3, 9, 8], [4, 3, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  'Conv 2-D, groups and dilations': conv(
    [2, 4, 9, 8],
    [6, 2, 3, 3],
    { group: 2, dilations: [2, 1], kernel_shape: [3, 3] },
    6,
  ),
  'Conv 2-D, depthwise': conv([2, 4, 7, 7], [4, 1, 3, 3], { group: 4 }),
  'Conv 2-D, two kernels a channel': conv([2, 3, 7, 7], [6, 1, 3, 3], { group: 3 }),
  'Conv 1×1': conv([2, 3, 5, 4], [4, 3, 1, 1], {}, 4),
  'Conv 1×1 with strides': conv([2, 3, 5, 4], [4, 3, 1, 1], { strides: [2, 2], pads: [1, 1, 0, 0] }),
  'Conv 1×1 with groups': conv([2, 4, 5, 4], [6, 2, 1, 1], { group: 2 }),
  'Conv 3-D': conv([2, 2, 5, 4, 6], [3, 2, 2, 3, 2], { pads: [0, 1, 0, 1, 0, 1] }, 3),
  'Conv and an Add': {
    ...conv([2, 3, 9, 8], [4, 3, 3, 2]),
    nodes: [node('Conv', ['x', 'w'], ['z']), node('Add', ['z', 'b'], ['y'])],
    tensors: [stored('w', [4, 3, 3, 2]), stored('b', [1, 4, 1, 1])],
    hasBias: true,
  },
  'Conv and an Add of something that is no bias': {
    ...conv([2, 3, 9, 8], [4, 3, 2, 5]),
    nodes: [node('Conv', ['x', 'w'], ['z']), node('Add', ['z', 'b'], ['y'])],
    tensors: [stored('w', [4, 3, 2, 5]), stored('b', [4])],
  },
  'ConvTranspose 1-D': deconv([2, 3, 6], [3, 4, 3], { strides: [2], output_padding: [1] }),
  'ConvTranspose 2-D': deconv([2, 3, 5, 4], [3, 4, 3, 2], {
    strides: [2, 3],
    pads: [1, 0, 0, 1],
    output_padding: [1, 2],
  }),
  'ConvTranspose 2-D, groups and dilations': deconv([2, 4, 5, 4], [4, 3, 3, 2], { group: 2, dilations: [2, 1] }),
  'ConvTranspose 2-D, depthwise': deconv([2, 4, 5, 4], [4, 1, 3, 3], {
    group: 4,
    auto_pad: 'SAME_LOWER',
    strides: [2, 2],
  }),
  'ConvTranspose 3-D': deconv([1, 2, 3, 3, 3], [2, 2, 2, 2, 2], { strides: [2, 1, 2] }),
  Gemm: gemm(
    [5, 3],
    [3, 4],
    {},
    { nodes: [node('Gemm', ['x', 'w', 'b'], ['y'])], tensors: [stored('w', [3, 4]), stored('b', [4])], hasBias: true },
  ),
  'Gemm, transB': gemm([5, 3], [4, 3], { transB: 1 }),
  'Gemm, transA': gemm([3, 5], [3, 4], { transA: 1 }),
  'Gemm, transA, transB, alpha': gemm([3, 5], [4, 3], { transA: 1, transB: 1, alpha: { float: 0.5 } }, { scale: 0.5 }),
  'Gemm, on the left': gemm([3, 5], [4, 3], {}, { nodes: [node('Gemm', ['w', 'x'], ['y'])] }),
  'Gemm, on the left, transA': gemm([3, 5], [3, 4], {}, { nodes: [node('Gemm', ['w', 'x'], ['y'], { transA: 1 })] }),
  'Gemm, on the left, transB': gemm([5, 3], [4, 3], {}, { nodes: [node('Gemm', ['w', 'x'], ['y'], { transB: 1 })] }),
  'MatMul, 2-D': matmul([5, 3], [3, 4]),
  'MatMul, 3-D': matmul([2, 5, 3], [3, 4]),
  'MatMul, 4-D': matmul([2, 2, 5, 3], [3, 4]),
  'MatMul, left of 2-D': matmul([3, 5], [4, 3], true),
  'MatMul, left of 3-D': matmul([2, 3, 5], [4, 3], true),
  'MatMul, left of 4-D': matmul([2, 2, 3, 5], [4, 3], true),
  'MatMul, one matrix a group': matmul([6, 5, 3], [6, 3, 4]),
  'MatMul, groups over all samples': matmul([2, 1, 5, 3], [6, 3, 4]),
  'MatMul, groups for less axes': matmul([5, 3], [2, 3, 3, 4]),
  'MatMul, groups with axes of one': matmul([2, 3, 5, 3], [2, 1, 3, 4]),
  'MatMul, groups on the left': matmul([2, 3, 3, 5], [3, 4, 3], true),
  'MatMul, groups with axes of one on the left': matmul([1, 3, 3, 5], [2, 1, 4, 3], true),
  'MatMul, a vector': matmul([2, 5, 3], [3]),
  'MatMul, a vector on the left': matmul([2, 3, 5], [3], true),
  'MatMul of a vector': matmul([3], [3, 4]),
  'MatMul and an Add': {
    nodes: [node('MatMul', ['x', 'w'], ['z']), node('Add', ['b', 'z'], ['y'])],
    tensors: [stored('w', [3, 4]), stored('b', [4])],
    inputs: { x: [2, 5, 3] },
    hasBias: true,
  },
  'MatMul on the left and an Add along the other axis': {
    nodes: [node('MatMul', ['w', 'x'], ['z']), node('Add', ['b', 'z'], ['y'])],
    tensors: [stored('w', [4, 3]), stored('b', [4])],
    inputs: { x: [2, 3, 4] },
  },
  'weights through Transpose': through([6, 4], [node('Transpose', ['w'], ['v'])]),
  'weights through Reshape': through([3, 8], [node('Reshape', ['w', 's'], ['v'])], 17, [stored('s', [2], [4, -1])]),
  'weights through Identity and Cast': through(
    [4, 6],
    [node('Identity', ['w'], ['u']), node('Cast', ['u'], ['v'], { to: 1 })],
  ),
  'weights through Squeeze': through([1, 4, 6], [node('Squeeze', ['w', 's'], ['v'])], 17, [stored('s', [1], [0])]),
  'weights through Squeeze of all': through([1, 4, 1, 6], [node('Squeeze', ['w'], ['v'])]),
  'weights through Squeeze before opset 13': through([4, 6, 1], [node('Squeeze', ['w'], ['v'], { axes: [-1] })], 11),
  'weights through Unsqueeze': through([4, 6], [node('Unsqueeze', ['w', 's'], ['v'])], 17, [stored('s', [1], [0])]),
  'weights through Unsqueeze before opset 13': through([4, 6], [node('Unsqueeze', ['w'], ['v'], { axes: [0] })], 9),
  'weights through Flatten': through([2, 2, 6], [node('Flatten', ['w'], ['v'], { axis: 2 })]),
  'weights through Transpose and Reshape': through(
    [2, 3, 4],
    [node('Transpose', ['w'], ['u'], { perm: [2, 0, 1] }), node('Reshape', ['u', 's'], ['v'])],
    17,
    [stored('s', [2], [0, 6])],
  ),
  'weights that are put together from pieces': through(
    [6, 4],
    [
      node('Slice', ['w', 'zero', 'two', 'zero'], ['a']),
      node('Slice', ['w', 'two', 'end', 'zero'], ['b']),
      node('Concat', ['b', 'a'], ['c'], { axis: -2 }),
      node('Transpose', ['c'], ['v']),
    ],
    13,
    [stored('zero', [1], [0]), stored('two', [1], [2]), stored('end', [1], [2 ** 40])],
  ),
  'weights that are put together from pieces before opset 10': through(
    [4, 6],
    [
      node('Slice', ['w'], ['a'], { starts: [0, -4], ends: [9, -2], axes: [0, -1] }),
      node('Slice', ['w'], ['b'], { starts: [-2], ends: [99], axes: [1] }),
      node('Slice', ['w'], ['c'], { starts: [0, 0], ends: [4, 2] }),
      node('Concat', ['b', 'a', 'c'], ['v'], { axis: 1 }),
    ],
    9,
  ),
  'weights in a Constant node': {
    nodes: [node('Constant', [], ['v'], { value: stored('', [4, 6]) }), node('MatMul', ['x', 'v'], ['y'])],
    inputs: { x: [5, 4] },
  },
  'float16 MatMul': {
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    tensors: [stored('w', [3, 4], 'half')],
    inputs: { x: [2, 5, 3] },
    type: 10,
    tolerance: 0.01,
  },
  'float16 Conv': {
    nodes: [node('Conv', ['x', 'w'], ['y'])],
    tensors: [stored('w', [4, 3, 2, 2], 'half')],
    inputs: { x: [2, 3, 5, 5] },
    type: 10,
    tolerance: 0.02,
  },
  'float16 weights through Cast': through([4, 6], [node('Cast', ['w'], ['v'], { to: 1 })]),
};
CASES['float16 weights through Cast'].tensors = [stored('w', [4, 6], 'half')];

/** The columns of a model's only layer, and what its node makes of them. */
async function columnsOf(parts: Parts, pick?: ColumnPick) {
  const { graph, layers, skipped } = layersOf(modelOf(parts));
  expect(skipped).toEqual([]);
  const feeder = await feederOf(parts.inputs);
  const survey = await surveyLayers(graph, layers, feeder);
  const rank = (value: string) => survey.dims(value).length;
  const open = copyOf(graph.open);
  const columns = layers.map((each) => {
    const { node: of } = each;
    return emitColumns(open.builder, each, { inputs: of.input!, outputs: of.output!, rank }, pick);
  });
  const result = asFloat(open.builder, layers[0].node.output![0]);
  const bytes = writeModel(
    open,
    [...columns, result].map((name) => floatValue(name)),
  );
  let outputs: Readonly<Record<string, OutputArray>> = {};
  await runGraph(bytes, feeder, (results) => {
    outputs = results;
  });
  return {
    graph,
    layers,
    feeder,
    survey,
    rank,
    columns: columns.map((name) => outputs[name]),
    result: outputs[result],
  };
}

const weightsOf = ({ tensor, order }: Layer) => {
  const values = readWeights(tensor);
  return order ? Float32Array.from(order, (at) => values[at]) : values;
};

/** Weights · columns: [groups, rows, n]. */
function multiply({ groups, rows, inputs, ...layer }: Layer, columns: OutputArray): { n: number; data: Float64Array } {
  const weights = weightsOf({ groups, rows, inputs, ...layer });
  const [own, n] = columns.dims;
  const data = new Float64Array(groups * rows * n);
  for (let at = 0; at < groups * rows; at++) {
    const from = own === 1 ? 0 : Math.floor(at / rows) * n * inputs;
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < inputs; j++)
        data[at * n + k] += weights[at * inputs + j] * columns.data[from + k * inputs + j];
    }
  }
  return { n, data };
}

/** A node's output in the order [groups, rows, n]: the row axis apart, with the axes that tell groups apart before it. */
function arranged({ node: of, operand, dims, groups, rows }: Layer, { dims: made, data }: OutputArray): Float64Array {
  const isConvolution = of.opType!.startsWith('Conv');
  const height = made.length;
  const isVector = dims.length === 1;
  const rowAxis = isVector ? -1 : isConvolution ? 1 : operand === 1 ? height - 1 : height - 2;
  const offset = height - dims.length;
  const isGroup = (axis: number) =>
    !isConvolution && axis < height - 2 && (dims.slice(0, -2)[axis - offset] ?? 1) > 1 && axis >= offset;
  const n = data.length / (groups * rows);
  const result = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    const at = [...made].reverse().map((dim) => {
      const index = rest % dim;
      rest = (rest - index) / dim;
      return index;
    });
    at.reverse();
    let group = 0;
    let k = 0;
    for (const [axis, index] of at.entries()) {
      if (axis === rowAxis) continue;
      if (isGroup(axis)) group = group * made[axis] + index;
      else k = k * made[axis] + index;
    }
    const row = rowAxis < 0 ? 0 : at[rowAxis];
    result[(group * rows + row) * n + k] = data[i];
  }
  return result;
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-4): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance)) expect([i, actual[i]]).toEqual([i, expected[i]]);
  }
}

async function check({ scale = 1, tolerance = 1e-4, hasBias = false, ...parts }: Case): Promise<void> {
  const { graph, layers, survey, rank, feeder, columns, result } = await columnsOf(parts);
  expect(layers).toHaveLength(1);
  const [layer] = layers;
  const { groups, inputs } = layer;
  const { n, data } = multiply(layer, columns[0]);
  expect(layer.bias !== undefined).toBe(hasBias);
  const bias = layer.node.input?.[2] && layer.bias ? readWeights(layer.bias) : undefined;
  expectClose(
    data.map((value, i) => scale * value + (bias?.[Math.floor(i / n)] ?? 0)),
    arranged(layer, result),
    tolerance,
  );
  expect(survey.columns(layer)).toBe(n);
  const moments = (await captureMoments({ graph, layers, rank, feeder })).get(layer)!;
  expect(moments.groups === 1 || moments.groups === groups).toBe(true);
  const x = columns[0].data;
  const size = inputs + 1;
  const expected = new Float64Array(moments.groups * size * size);
  for (let k = 0; k < moments.groups * n; k++) {
    const value = (j: number) => (j === inputs ? 1 : x[k * inputs + j]);
    const group = Math.floor(k / n) * size * size;
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) expected[group + i * size + j] += value(i) * value(j);
  }
  expectClose(moments.own, expected, tolerance * 10);
}

describe('the columns of a layer', () => {
  for (const [name, parts] of Object.entries(CASES)) it(name, () => check(parts));

  for (const name of [
    'Conv 2-D, groups and dilations',
    'ConvTranspose 2-D',
    'Gemm',
    'MatMul, groups with axes of one',
    'MatMul, left of 3-D',
  ]) {
    for (const [opset, parts] of opsets([7, 8, 9, 11, 12, 13, 21], CASES[name])) {
      it(`${name} in opset ${opset}`, () => check({ ...parts, opset }));
    }
  }

  it('of a convolution, where places are passed over, are those of the other places', async () => {
    const sizes = { tensors: [stored('w', [4, 1, 3, 3])], inputs: { x: [2, 4, 7, 10] } };
    const parts = (strides?: number[]) => ({
      ...sizes,
      nodes: [node('Conv', ['x', 'w'], ['y'], { group: 4, pads: [1, 1, 1, 1], ...(strides && { strides }) })],
    });
    const seen = async (pick?: ColumnPick, strides?: number[]) => (await columnsOf(parts(strides), pick)).columns[0];
    const sparse = { stride: 2, take: (value: string) => value };
    expect(await seen(sparse)).toEqual(await seen(undefined, [2, 2]));
    expect(await seen(sparse, [1, 2])).toEqual(await seen(undefined, [2, 4]));
  });

  it('cannot be passed over where the runtime chooses the padding', () => {
    const of = (auto_pad: string) =>
      layersOf(
        modelOf({
          nodes: [node('Conv', ['x', 'w'], ['y'], { auto_pad })],
          tensors: [stored('w', [4, 1, 3, 3])],
          inputs: { x: [2, 1, 7, 10] },
        }),
      ).layers.map(canStride);
    expect([of('SAME_UPPER'), of('VALID')]).toEqual([[false], [true]]);
  });

  it('of a product behind compressed layers', async () => {
    const parts = {
      nodes: [node('MatMul', ['v', 'x'], ['z']), node('MatMul', ['w', 'z'], ['y'])],
      tensors: [stored('v', [3, 3]), stored('w', [4, 3])],
      inputs: { x: [2, 3, 5] },
    };
    const { graph, layers, rank, feeder, columns } = await columnsOf(parts);
    const [first, second] = layers;
    const doubled = writeWeights(
      first.tensor,
      readWeights(first.tensor).map((value) => 2 * value),
    );
    const replaced = new Map([[first.tensor, doubled]]);
    const moments = (await captureMoments({ graph, layers: [second], replaced, rank, feeder })).get(second)!;
    const sum = (i: number, j: number) => {
      let total = 0;
      for (let k = 0; k < 10; k++) total += columns[1].data[3 * k + i] * columns[1].data[3 * k + j];
      return total;
    };
    const entry = (of: Float64Array, i: number, j: number) => of[4 * i + j];
    for (const [i, j] of [
      [0, 0],
      [0, 2],
      [2, 1],
    ]) {
      expect(entry(moments.own, i, j)).toBeCloseTo(4 * sum(i, j), 3);
      expect(entry(moments.cross!, i, j)).toBeCloseTo(2 * sum(i, j), 3);
    }
  });

  for (const op of ['RNN', 'GRU', 'LSTM'] as const) {
    for (const direction of ['forward', 'reverse', 'bidirectional']) {
      for (const hasState of [false, true]) {
        for (const output of ['Y', 'Y_h']) {
          const state = hasState ? 'with' : 'without';
          it(`${op} ${direction}, ${state} initial state, read by ${output}`, () =>
            checkRecurrent(op, direction, hasState, output));
        }
      }
    }
  }
});

const STEPS = 4;
const SAMPLES = 2;
const STATES = 3;
const GATES = { RNN: 1, GRU: 3, LSTM: 4 };
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** One unit's next state from what W and R give for its gates. */
const CELLS: Record<string, (w: number[], r: number[], h: number, c: { value: number }) => number> = {
  RNN: ([w], [r]) => Math.tanh(w + r),
  GRU([zw, rw, hw], [zr, rr, hr], h) {
    const z = sigmoid(zw + zr);
    return (1 - z) * Math.tanh(hw + sigmoid(rw + rr) * hr) + z * h;
  },
  LSTM(w, r, _, c) {
    const [i, o, f] = [0, 1, 2].map((gate) => sigmoid(w[gate] + r[gate]));
    c.value = f * c.value + i * Math.tanh(w[3] + r[3]);
    return o * Math.tanh(c.value);
  },
};

/** Computes the states from the columns, each step from the column of the step before it. */
async function checkRecurrent(op: keyof typeof GATES, direction: string, hasState: boolean, output: string) {
  const gates = GATES[op];
  const directions = direction === 'bidirectional' ? 2 : 1;
  const names = ['x', 'w', 'r', ...(hasState ? ['', '', 'h'] : [])];
  const outputs = output === 'Y' ? ['y'] : ['', 'y'];
  const more = op === 'GRU' ? { linear_before_reset: 1 } : {};
  const { columns, layers, survey } = await columnsOf({
    nodes: [node(op, names, outputs, { direction, hidden_size: STATES, ...more })],
    tensors: [stored('w', [directions, gates * STATES, 5]), stored('r', [directions, gates * STATES, STATES])],
    inputs: { x: [STEPS, SAMPLES, 5], ...(hasState ? { h: [directions, SAMPLES, STATES] } : {}) },
  });
  expect(layers.map(({ operand }) => operand)).toEqual([1, 2]);
  const [byInputs, byStates] = layers.map((layer, i) => multiply(layer, columns[i]));
  expect(layers.map((layer) => survey.columns(layer))).toEqual([byInputs.n, byStates.n]);
  expect(byStates.n).toBe((STEPS + (hasState ? 1 : 0)) * SAMPLES);
  const stateAt = (group: number, k: number, unit: number) => columns[1].data[(group * byStates.n + k) * STATES + unit];
  for (let group = 0; group < directions; group++) {
    const isBack = direction === 'reverse' || group === 1;
    for (let sample = 0; sample < SAMPLES; sample++) {
      const memory = Array.from({ length: STATES }, () => ({ value: 0 }));
      for (let i = 0; i < STEPS; i++) {
        const step = isBack ? STEPS - 1 - i : i;
        const before = i === 0 ? (hasState ? STEPS : -1) : isBack ? step + 1 : step - 1;
        for (let unit = 0; unit < STATES; unit++) {
          const gate = (of: typeof byStates, k: number) =>
            Array.from({ length: gates }, (_, g) =>
              k < 0 ? 0 : of.data[((group * gates + g) * STATES + unit) * of.n + k * SAMPLES + sample],
            );
          const h = before < 0 ? 0 : stateAt(group, before * SAMPLES + sample, unit);
          const next = CELLS[op](gate(byInputs, step), gate(byStates, before), h, memory[unit]);
          expect(stateAt(group, step * SAMPLES + sample, unit)).toBeCloseTo(next, 4);
        }
      }
    }
  }
}
