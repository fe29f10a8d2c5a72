import { describe, expect, it } from 'vitest';
import { layersOf, modelOf, node, type Parts, stored } from './support.js';

const reasons = (parts: Parts) =>
  Object.fromEntries(layersOf(modelOf(parts)).skipped.map(({ tensor, reason }) => [tensor.name, reason]));

describe('weights that are no layer', () => {
  const cases: Record<string, [Parts, Record<string, string>]> = {
    Einsum: [
      {
        nodes: [node('Einsum', ['x', 'w'], ['y'], { equation: 'ij,jk->ik' })],
        tensors: [stored('w', [3, 4])],
        inputs: { x: [2, 3] },
      },
      { w: 'Einsum reads it, which is not calibrated' },
    ],
    Gather: [
      { nodes: [node('Gather', ['w', 'x'], ['y'])], tensors: [stored('w', [9, 4])], inputs: { x: [2] } },
      { w: 'its rows are looked up, nothing is multiplied by it' },
    ],
    'an operator of com.microsoft': [
      {
        nodes: [node('FusedMatMul', ['x', 'w'], ['y'], {}, 'com.microsoft')],
        tensors: [stored('w', [3, 4])],
        inputs: { x: [2, 3] },
        domains: ['com.microsoft'],
      },
      { w: 'FusedMatMul reads it, which is not calibrated' },
    ],
    DeformConv: [
      {
        nodes: [node('DeformConv', ['x', 'w', 'o'], ['y'])],
        tensors: [stored('w', [4, 3, 1, 1])],
        inputs: { x: [2, 3, 5, 5], o: [2, 2, 5, 5] },
      },
      { w: 'DeformConv reads it, which is not calibrated' },
    ],
    'a second reader that is none': [
      {
        nodes: [node('MatMul', ['x', 'w'], ['z']), node('Einsum', ['z', 'w'], ['y'], { equation: 'ij,jk->ik' })],
        tensors: [stored('w', [3, 3])],
        inputs: { x: [2, 3] },
      },
      { w: 'Einsum reads it as well, in a way that is not calibrated' },
    ],
    'a matrix that is multiplied from either side': [
      {
        nodes: [node('MatMul', ['x', 'w'], ['z']), node('Transpose', ['w'], ['v']), node('MatMul', ['z', 'v'], ['y'])],
        tensors: [stored('w', [3, 4])],
        inputs: { x: [2, 3] },
      },
      { w: 'what reads it multiplies by it from either side, or in other shapes' },
    ],
    'an output of the model': [
      {
        nodes: [node('MatMul', ['x', 'w'], ['z']), node('Identity', ['w'], ['y'])],
        tensors: [stored('w', [3, 4])],
        inputs: { x: [2, 3] },
      },
      { w: 'the model gives it out' },
    ],
    'a piece of a tensor': [
      {
        nodes: [node('Slice', ['w', 's', 'e'], ['v']), node('MatMul', ['x', 'v'], ['y'])],
        tensors: [stored('w', [5, 4]), stored('s', [1], [0]), stored('e', [1], [3])],
        inputs: { x: [2, 3] },
      },
      { w: 'only parts of it are used' },
    ],
    'the states of a GRU in its default form': [
      {
        nodes: [node('GRU', ['x', 'w', 'r'], ['y'], { hidden_size: 3 })],
        tensors: [stored('w', [1, 9, 2]), stored('r', [1, 9, 3])],
        inputs: { x: [2, 2, 2] },
      },
      { r: 'the reset gate of a GRU changes the states before they are multiplied by it' },
    ],
    'the states of a layer with samples first': [
      {
        nodes: [node('LSTM', ['x', 'w', 'r'], ['y'], { hidden_size: 3, layout: 1 })],
        tensors: [stored('w', [1, 12, 2]), stored('r', [1, 12, 3])],
        inputs: { x: [2, 2, 2] },
      },
      { r: 'its operator has the samples on the first axis (layout 1)' },
    ],
    'the body of a loop': [
      {
        nodes: [
          node('Loop', ['m', '', 'x'], ['y'], {
            body: {
              name: 'body',
              node: [node('MatMul', ['carried', 'w'], ['next']), node('Identity', ['go_on'], ['still'])],
              initializer: [stored('w', [3, 3])],
              input: ['i', 'go_on', 'carried'].map((name) => ({ name })),
              output: ['still', 'next'].map((name) => ({ name })),
            },
          }),
        ],
        tensors: [stored('m', [], [2])],
        inputs: { x: [2, 3] },
      },
      { w: 'inside a loop' },
    ],
  };
  for (const [name, [parts, expected]] of Object.entries(cases)) {
    it(name, () => expect(reasons(parts)).toEqual(expected));
  }

  it('names no tensor twice and none that is a layer', () => {
    const { layers, skipped } = layersOf(
      modelOf({
        nodes: [node('Gemm', ['x', 'w'], ['z']), node('Einsum', ['z', 'v'], ['y'], { equation: 'ij,jk->ik' })],
        tensors: [stored('w', [3, 3]), stored('v', [3, 3])],
        inputs: { x: [2, 3] },
      }),
    );
    expect(layers.map(({ tensor }) => tensor.name)).toEqual(['w']);
    expect(skipped.map(({ tensor }) => tensor.name)).toEqual(['v']);
  });
});

describe('the bias of a layer', () => {
  const biasOf = (parts: Parts) => layersOf(modelOf(parts)).layers[0].bias?.name;
  const add = (b: number[], w = [4, 3, 2, 2]): Parts => ({
    nodes: [node('Conv', ['x', 'w'], ['z']), node('Add', ['z', 'b'], ['y'])],
    tensors: [stored('w', w), stored('b', b)],
    inputs: { x: [2, 3, 5, 5] },
  });

  it('is the constant added behind it, if it has one value a row', () => {
    expect(biasOf(add([1, 4, 1, 1]))).toBe('b');
    expect(biasOf(add([4, 1, 1]))).toBe('b');
    expect(biasOf(add([1, 4, 4, 4]))).toBeUndefined();
    expect(biasOf(add([4]))).toBeUndefined();
    expect(biasOf(add([1]))).toBeUndefined();
  });

  it('may come through a Reshape', () => {
    const parts = add([4]);
    parts.nodes = [node('Conv', ['x', 'w'], ['z']), node('Reshape', ['b', 's'], ['c']), node('Add', ['z', 'c'], ['y'])];
    parts.tensors?.push(stored('s', [4], [1, -1, 1, 1]));
    expect(biasOf(parts)).toBe('b');
  });

  it('is left alone where something else reads it', () => {
    const parts = add([1, 4, 1, 1]);
    parts.nodes = [...parts.nodes.slice(0, 1), node('Add', ['z', 'b'], ['a']), node('Mul', ['a', 'b'], ['y'])];
    expect(biasOf(parts)).toBeUndefined();
  });

  it('is left alone where the layer has another reader', () => {
    const parts = add([1, 4, 1, 1]);
    parts.nodes = [...parts.nodes.slice(0, 1), node('Add', ['z', 'b'], ['a']), node('Mul', ['a', 'z'], ['y'])];
    expect(biasOf(parts)).toBeUndefined();
  });

  it('is not that of a Gemm with a factor', () => {
    const gemm = (attributes: Record<string, { float: number }>) =>
      biasOf({
        nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], attributes)],
        tensors: [stored('w', [3, 4]), stored('b', [4])],
        inputs: { x: [2, 3] },
      });
    expect(gemm({})).toBe('b');
    expect(gemm({ beta: { float: 0.5 } })).toBeUndefined();
  });
});
