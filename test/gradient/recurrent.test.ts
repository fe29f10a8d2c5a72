import onnxProto, { type onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { graph, int, ints } from '../../src/graph/attributes.js';
import { floatValue } from '../../src/graph/open-model.js';
import {
  type Attributes,
  buildModel,
  distinct,
  expectGradients,
  jacobianGraph,
  type ModelParts,
  node,
  type Values,
} from './support.js';

const { AttributeProto } = onnxProto.onnx;
const [STEPS, SAMPLES, INPUTS, SIZE] = [3, 2, 2, 3];
const GATES: Record<string, number> = { LSTM: 4, GRU: 3, RNN: 1 };

interface Parts {
  readonly attributes?: Attributes;
  readonly activations?: readonly string[];
  readonly directions?: 1 | 2;
  /** Without: weights alone. */
  readonly isFull?: boolean;
  /** Names of the outputs, `''` for one that is absent. */
  readonly outputs?: readonly string[];
  readonly more?: Record<string, Values>;
}

/** A recurrent layer, all of whose outputs are one vector in the end. */
function layer(opType: string, parts: Parts = {}): ModelParts {
  const { attributes = {}, activations, directions = 1, isFull = true, more = {} } = parts;
  const outputs = parts.outputs ?? (opType === 'LSTM' ? ['all', 'h', 'c'] : ['all', 'h']);
  const gates = GATES[opType];
  const scaled = (seed: number, dims: number[]): Values => distinct(seed, dims);
  const weights = {
    w: scaled(2, [directions, gates * SIZE, INPUTS]),
    r: scaled(3, [directions, gates * SIZE, SIZE]),
  };
  const rest = isFull
    ? {
        b: scaled(4, [directions, 2 * gates * SIZE]),
        h0: scaled(5, [directions, SAMPLES, SIZE]),
        ...(opType === 'LSTM' && {
          c0: scaled(6, [directions, SAMPLES, SIZE]),
          p: scaled(7, [directions, 3 * SIZE]),
        }),
      }
    : {};
  const inputs = isFull ? ['x', 'w', 'r', 'b', '', 'h0', ...(opType === 'LSTM' ? ['c0', 'p'] : [])] : ['x', 'w', 'r'];
  const recurrent = node(opType, inputs, [...outputs], { hidden_size: SIZE, ...attributes });
  const { AttributeType } = AttributeProto;
  if (activations) {
    const strings = activations.map((name) => new TextEncoder().encode(name));
    recurrent.attribute!.push({ name: 'activations', type: AttributeType.STRINGS, strings });
  }
  const used = outputs.filter(Boolean);
  return {
    nodes: [
      recurrent,
      ...used.map((name) => node('Reshape', [name, 'flat'], [`${name}/flat`])),
      node(
        'Concat',
        used.map((name) => `${name}/flat`),
        ['y'],
        { axis: 0 },
      ),
    ],
    inputs: { x: distinct(1, [STEPS, SAMPLES, INPUTS]), ...more },
    stored: { ...weights, ...rest },
    integers: { flat: [-1] },
  };
}

describe('recurrent layers', () => {
  it.each([
    ['LSTM', {}],
    ['LSTM', { directions: 2, attributes: { direction: 'bidirectional' } }],
    ['LSTM', { isFull: false, attributes: { direction: 'reverse' }, outputs: ['', 'h'] }],
    ['GRU', { attributes: { linear_before_reset: 1, direction: 'bidirectional' }, directions: 2 }],
    ['GRU', { attributes: { direction: 'reverse' } }],
    ['RNN', { activations: ['Sigmoid'], attributes: { direction: 'reverse' } }],
    ['RNN', { isFull: false, outputs: ['all'] }],
  ] satisfies [string, Parts & object][])('%s %j', async (opType, parts) => {
    await expectGradients(layer(opType, parts));
  });

  it.each([
    ['LSTM', { attributes: { layout: 1 } }, 'samples on the first axis'],
    ['GRU', { attributes: { clip: { float: 3 } } }, 'the clip attribute'],
    ['LSTM', { attributes: { input_forget: 1 } }, 'coupled gates'],
    ['RNN', { activations: ['Affine'] }, 'the activation Affine'],
  ] satisfies [string, Parts, string][])('refuse what has no Scan: %s %j', (opType, parts, what) => {
    const model = buildModel(layer(opType, parts));
    expect(() => jacobianGraph(model, { targets: ['w'] })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringContaining(`no gradient rule for ${what}`),
      }),
    );
  });
});

const nested = (nodes: onnx.INodeProto[], inputs: onnx.IValueInfoProto[], outputs: string[]): onnx.IGraphProto => ({
  name: 'nested',
  node: nodes,
  input: inputs,
  output: outputs.map((name) => floatValue(name)),
});

describe('nested graphs', () => {
  it('of Scan: states, elements from either end, what is made, and weights around it', async () => {
    const body = nested(
      [
        node('MatMul', ['h', 'm'], ['hm']),
        node('Mul', ['forth', 'back'], ['product']),
        node('Add', ['hm', 'product'], ['sum']),
        node('Tanh', ['sum'], ['next']),
        node('Mul', ['next', 'v'], ['made']),
        node('Identity', ['next'], ['state']),
      ],
      ['h', 'forth', 'back'].map((name) => floatValue(name)),
      ['state', 'made', 'next'],
    );
    const scan = node('Scan', ['h0', 'a', 'a'], ['end', 'made_all', 'next_all']);
    scan.attribute = [
      graph('body', body),
      int('num_scan_inputs', 2),
      ints('scan_input_directions', [0, 1]),
      ints('scan_input_axes', [0, 0]),
      ints('scan_output_directions', [1, 0]),
      ints('scan_output_axes', [1, 0]),
    ];
    const flat = ['end', 'made_all'];
    await expectGradients({
      nodes: [
        scan,
        ...flat.map((name) => node('Reshape', [name, 'flat'], [`${name}/flat`])),
        node(
          'Concat',
          flat.map((name) => `${name}/flat`),
          ['y'],
          { axis: 0 },
        ),
      ],
      inputs: { a: distinct(1, [4, 2, 3]) },
      stored: { h0: distinct(2, [2, 3]), m: distinct(3, [3, 3]), v: distinct(4, [3]) },
      integers: { flat: [-1] },
    });
  });

  it.each([1, -1])('of If: the branch that a condition chooses, %d', async (sign) => {
    const choice = node('If', ['positive'], ['y', 'z']);
    choice.attribute = [
      graph('then_branch', nested([node('Mul', ['x', 'v'], ['p']), node('Mul', ['p', 'x'], ['q'])], [], ['p', 'q'])),
      graph('else_branch', nested([node('Add', ['x', 'u'], ['s']), node('Identity', ['u'], ['t'])], [], ['s', 't'])),
    ];
    await expectGradients(
      {
        nodes: [node('Greater', ['sign', 'zero'], ['positive']), choice],
        inputs: { x: distinct(1, [2, 3]) },
        stored: {
          v: distinct(2, [3]),
          u: distinct(3, [2, 3]),
          sign: { dims: [], data: Float32Array.of(sign) },
          zero: { dims: [], data: Float32Array.of(0) },
        },
      },
      { targets: ['x', 'v', 'u'] },
    );
  });
});
