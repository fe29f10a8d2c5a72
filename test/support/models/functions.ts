/** Weights in model-local functions, and weights handed to them. */
import { attrTensor, functionProto, node } from '../onnx-builder.js';
import { constantOf, expected, floats, type TestTensor, weight } from '../tensors.js';
import { type GeneratedModel, generated, io } from './model.js';

export function functionModels(): GeneratedModel[] {
  const inside = floats('W', [4, 3]);
  const second = floats('W', [3, 3]);
  const passed = floats('given', [4, 3]);
  const domain = 'test.local';
  const call = (name: string, inputs: string[], outputs: string[]) => node(name, inputs, outputs, [], { domain });
  const local = (name: string, inputs: string[], nodes: Uint8Array[]) =>
    functionProto({ domain, name, inputs, outputs: ['y'], nodes, domains: [domain] });
  const frame = { ...io(['batch', 4]) };
  const byDefault = floats('default', [4, 3]);
  const withDefault = functionProto({
    domain,
    name: 'Defaulted',
    inputs: ['x'],
    outputs: ['y'],
    nodes: [node('Identity', ['x'], ['y'])],
    attributes: [attrTensor('table', byDefault.proto)],
  });
  const fixed = (name: string, w: TestTensor) =>
    local(name, ['x'], [constantOf(w), node('MatMul', ['x', w.name], ['y'])]);
  const linear = local('Linear', ['x', 'w'], [node('MatMul', ['x', 'w'], ['y'])]);
  const outer = local('Outer', ['a', 'b'], [call('Linear', ['a', 'b'], ['y'])]);
  return [
    generated(
      'function with a Constant weight, called twice',
      {
        domains: [domain],
        functions: [fixed('Fixed', inside)],
        graph: {
          ...frame,
          nodes: [call('Fixed', ['X'], ['Y1']), call('Fixed', ['X'], ['Y2']), node('Add', ['Y1', 'Y2'], ['Y'])],
        },
      },
      [weight(inside, 'MatMul')],
    ),
    generated(
      'function with a tensor as the default of an attribute',
      {
        domains: [domain],
        functions: [withDefault],
        graph: { ...frame, nodes: [call('Defaulted', ['X'], ['Y'])] },
      },
      [expected(byDefault, undefined, undefined, { anyName: true })],
    ),
    generated(
      'two functions with Constants of one name',
      {
        domains: [domain],
        functions: [fixed('First', inside), fixed('Second', second)],
        graph: { ...frame, nodes: [call('First', ['X'], ['H']), call('Second', ['H'], ['Y'])] },
      },
      [weight(inside, 'MatMul', { clash: true }), weight(second, 'MatMul', { clash: true })],
    ),
    generated(
      'function that is given its weight',
      {
        domains: [domain],
        functions: [linear],
        graph: { ...frame, nodes: [call('Linear', ['X', 'given'], ['Y'])], initializers: [passed.proto] },
      },
      [weight(passed, 'MatMul')],
    ),
    generated(
      'weight handed through two functions',
      {
        domains: [domain],
        functions: [linear, outer],
        graph: { ...frame, nodes: [call('Outer', ['X', 'given'], ['Y'])], initializers: [passed.proto] },
      },
      [weight(passed, 'MatMul')],
    ),
  ];
}
