/** Tensors inside the bodies of If, Loop and Scan. */
import { attrGraph, attrInt, graphProto, node, valueInfo } from '../onnx-builder.js';
import { bytesOf } from '../protobuf.js';
import { constantOf, expected, floats, int64s, other, raw, type TestTensor, weight } from '../tensors.js';
import { type GeneratedModel, generated } from './model.js';

const CLASH = { clash: true };
const inputX = valueInfo('X', 'float32', ['batch', 4]);
const inputs = [inputX, valueInfo('cond', 'bool', [])];
const outputs = [valueInfo('Y', 'float32')];

const branches = (thenGraph: Uint8Array, elseGraph: Uint8Array) => [
  attrGraph('then_branch', thenGraph),
  attrGraph('else_branch', elseGraph),
];

/** A branch that multiplies X by a weight that is its own initializer, or its own Constant. */
function branch(w: TestTensor, how: 'initializer' | 'Constant', output: string): Uint8Array {
  const matmulNode = node('MatMul', ['X', w.name], [output]);
  return graphProto({
    nodes: how === 'Constant' ? [constantOf(w), matmulNode] : [matmulNode],
    initializers: how === 'Constant' ? [] : [w.proto],
    outputs: [valueInfo(output, 'float32')],
  });
}

export function subgraphModels(): GeneratedModel[] {
  return [...ifModels(), ...loopModels()];
}

function ifModels(): GeneratedModel[] {
  const yes = floats('W', [4, 3]);
  const no = floats('W', [4, 2]);
  const third = floats('W', [4, 5]);
  const captured = floats('captured', [4, 3]);
  const outside = (name: string) =>
    graphProto({ nodes: [node('MatMul', ['X', 'captured'], [name])], outputs: [valueInfo(name, 'float32')] });
  const both = (how: 'initializer' | 'Constant') =>
    generated(
      `If with ${how}s of one name in both branches`,
      {
        graph: {
          inputs,
          outputs,
          nodes: [node('If', ['cond'], ['Y'], branches(branch(yes, how, 'y'), branch(no, how, 'y')))],
        },
      },
      [weight(yes, 'MatMul', CLASH), weight(no, 'MatMul', CLASH)],
    );
  const deep = graphProto({
    nodes: [node('If', ['cond'], ['z'], branches(branch(yes, 'Constant', 'y'), branch(no, 'initializer', 'y')))],
    outputs: [valueInfo('z', 'float32')],
  });
  return [
    both('initializer'),
    both('Constant'),
    generated(
      'If in If',
      {
        graph: {
          inputs,
          outputs,
          nodes: [node('If', ['cond'], ['Y'], branches(deep, branch(third, 'Constant', 'y')))],
        },
      },
      [weight(yes, 'MatMul', CLASH), weight(no, 'MatMul', CLASH), weight(third, 'MatMul', CLASH)],
    ),
    generated(
      'weight of the outer graph, used only in branches',
      {
        graph: {
          inputs,
          outputs,
          nodes: [node('If', ['cond'], ['Y'], branches(outside('y'), outside('y')))],
          initializers: [captured.proto],
        },
      },
      [weight(captured, 'MatMul')],
    ),
  ];
}

function loopModels(): GeneratedModel[] {
  const square = floats('W', [4, 4]);
  const inner = floats('V', [4, 4]);
  const trips = int64s('trips', [3], []);
  const always = raw('always', 'bool', [], bytesOf(Uint8Array.of(1)));
  const start = floats('start', [1, 4]);
  const loopBody = graphProto({
    nodes: [constantOf(square), node('MatMul', ['h', 'W'], ['h_out']), node('Identity', ['go'], ['go_out'])],
    inputs: [valueInfo('i', 'int64', []), valueInfo('go', 'bool', []), valueInfo('h', 'float32')],
    outputs: [valueInfo('go_out', 'bool', []), valueInfo('h_out', 'float32')],
  });
  const nestedBody = graphProto({
    nodes: [
      node('Loop', ['trips', 'always', 'h'], ['g'], [attrGraph('body', loopBody)]),
      node('MatMul', ['g', 'V'], ['s_out']),
      node('Add', ['s_out', 'x'], ['scanned']),
    ],
    initializers: [inner.proto],
    inputs: [valueInfo('h', 'float32', [1, 4]), valueInfo('x', 'float32', [4])],
    outputs: [valueInfo('s_out', 'float32', [1, 4]), valueInfo('scanned', 'float32', [1, 4])],
  });
  const loopInitializers = [trips.proto, always.proto];
  return [
    generated(
      'Loop',
      {
        graph: {
          inputs: [inputX],
          outputs,
          nodes: [node('Loop', ['trips', 'always', 'X'], ['Y'], [attrGraph('body', loopBody)])],
          initializers: loopInitializers,
        },
      },
      [other(trips), other(always), weight(square, 'MatMul')],
    ),
    generated(
      'Loop in Scan',
      {
        graph: {
          inputs: [valueInfo('X', 'float32', [6, 4])],
          outputs: [valueInfo('last', 'float32'), valueInfo('Y', 'float32')],
          nodes: [
            node('Scan', ['start', 'X'], ['last', 'Y'], [attrGraph('body', nestedBody), attrInt('num_scan_inputs', 1)]),
          ],
          initializers: [...loopInitializers, start.proto],
        },
      },
      [
        other(trips),
        other(always),
        // A state's first value: whether it counts as something else is not asked here.
        expected(start),
        weight(square, 'MatMul'),
        weight(inner, 'MatMul'),
      ],
    ),
  ];
}
