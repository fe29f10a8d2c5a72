import { describe, it } from 'vitest';
import { type Attributes, distinct, expectGradients, node } from './support.js';

const x = distinct(1, [2, 3, 4]);

describe('Split', () => {
  const parts = [
    node('Tanh', ['a'], ['ta']),
    node('Exp', ['b'], ['eb']),
    node('ReduceSum', ['eb'], ['sb'], { keepdims: 0 }),
  ];
  const both = [...parts, node('Mul', ['ta', 'sb'], ['y'])];

  it('in sizes of its own, gradients at both outputs', () =>
    expectGradients({
      nodes: [node('Split', ['x', 'sizes'], ['a', 'b'], { axis: 2 }), ...both],
      inputs: { x },
      integers: { sizes: [3, 1] },
    }));

  it('in equal parts, the last one used alone', () =>
    expectGradients({
      nodes: [node('Split', ['x'], ['a', 'b'], { axis: -1 }), node('Tanh', ['b'], ['y'])],
      inputs: { x },
    }));

  it('in equal parts, the first one used twice', () =>
    expectGradients({
      nodes: [node('Split', ['x'], ['a', 'b'], { axis: 2 }), node('Mul', ['a', 'a'], ['y'])],
      inputs: { x },
    }));

  it('with a count of outputs (set 18)', () =>
    expectGradients({
      nodes: [
        node('Split', ['x'], ['a', 'b'], { axis: 1, num_outputs: 2 }),
        node('Tanh', ['a'], ['ta']),
        node('ReduceSum', ['b'], ['sb'], { keepdims: 0 }),
        node('Mul', ['ta', 'sb'], ['y']),
      ],
      inputs: { x },
      opset: 18,
    }));

  it('in the form before set 13, along the first axis', () =>
    expectGradients({
      nodes: [node('Split', ['x'], ['a', 'b'], { split: [1, 2] }), ...both],
      inputs: { x: distinct(1, [3, 2, 2]) },
      opset: 11,
    }));
});

describe('operators that repeat elements', () => {
  it.each([
    ['Expand', 'shape', [2, 5, 3, 4]],
    ['Tile', 'repeats', [2, 1, 3]],
  ])('%s', (op, name, values) =>
    expectGradients({
      nodes: [node(op, ['x', name], ['y'])],
      inputs: { x: op === 'Expand' ? distinct(1, [2, 1, 3, 1]) : x },
      integers: { [name]: values },
    }),
  );

  it.each<[string, number[]]>([
    ['reflect', [0, 2, 1, 0, 1, 3]],
    ['edge', [1, 0, 2, 0, 3, 1]],
    ['wrap', [0, 1, 2, 0, 2, 1]],
  ])('Pad, mode %s', (mode, pads) =>
    expectGradients({
      nodes: [node('Pad', ['x', 'pads'], ['y'], { mode })],
      inputs: { x },
      integers: { pads },
      opset: 19,
    }),
  );

  it('Pad of some axes only, by a value', () =>
    expectGradients(
      {
        nodes: [node('Pad', ['x', 'pads', 'value', 'axes'], ['y'])],
        inputs: { x },
        integers: { pads: [2, -1, 0, 1], axes: [1, -1] },
        stored: { value: { dims: [], data: Float32Array.of(3) } },
        opset: 18,
      },
      { targets: ['x'] },
    ));
});

describe('operators that keep all elements', () => {
  it.each<[Attributes]>([[{ axis: 0 }], [{ axis: 2 }], [{ axis: -1 }]])('Flatten %j', (attributes) =>
    expectGradients({ nodes: [node('Flatten', ['x'], ['y'], attributes)], inputs: { x } }),
  );

  it('Concat along the last axis, one value twice', () =>
    expectGradients({
      nodes: [node('Concat', ['a', 'b', 'a'], ['y'], { axis: -1 })],
      inputs: { a: x, b: distinct(2, [2, 3, 1]) },
    }));

  it('Transpose of four axes', () =>
    expectGradients({
      nodes: [node('Transpose', ['x'], ['y'], { perm: [3, 1, 0, 2] })],
      inputs: { x: distinct(1, [2, 3, 1, 4]) },
    }));

  it.each(['DCR', 'CRD'])('DepthToSpace, %s', (mode) =>
    expectGradients({
      nodes: [node('DepthToSpace', ['x'], ['y'], { blocksize: 2, mode })],
      inputs: { x: distinct(1, [2, 8, 1, 3]) },
    }),
  );

  it('SpaceToDepth', () =>
    expectGradients({
      nodes: [node('SpaceToDepth', ['x'], ['y'], { blocksize: 2 })],
      inputs: { x: distinct(1, [2, 2, 2, 6]) },
    }));

  it('Squeeze of every axis of size 1', () =>
    expectGradients({ nodes: [node('Squeeze', ['x'], ['y'])], inputs: { x: distinct(1, [3, 1, 2, 1]) } }));
});

describe('operators that pick elements', () => {
  it.each<[string, Attributes, number[][]]>([
    ['from the end backwards', {}, [[-1], [-5], [2], [-2]]],
    ['every second', {}, [[1], [1000], [1], [2]]],
  ])('Slice %s', (_, attributes, [from, to, axes, steps]) =>
    expectGradients({
      nodes: [node('Slice', ['x', 'from', 'to', 'axes', 'steps'], ['y'], attributes)],
      inputs: { x },
      integers: { from, to, axes, steps },
    }),
  );

  it.each([0, 1, -1])('Gather along axis %d, from the end too', (axis) =>
    expectGradients({
      nodes: [node('Gather', ['x', 'which'], ['y'], { axis })],
      inputs: { x },
      integers: { which: [-1, 0, -2, -1] },
    }),
  );

  it('Gather from a stored table', () =>
    expectGradients({
      nodes: [node('Gather', ['table', 'which'], ['rows']), node('Mul', ['rows', 'x'], ['y'])],
      inputs: { x: distinct(1, [4, 3]) },
      stored: { table: distinct(2, [5, 3]) },
      integers: { which: [4, 1, 1, -5] },
    }));

  it('GatherElements and GatherND', async () => {
    const shapes = { integers: { which: [1, 0, -1], to: [1, 1, 3] }, inputs: { x } };
    const reshaped = node('Reshape', ['which', 'to'], ['indices']);
    await expectGradients({
      nodes: [reshaped, node('GatherElements', ['x', 'indices'], ['y'], { axis: 1 })],
      ...shapes,
    });
    await expectGradients({ nodes: [reshaped, node('GatherND', ['x', 'indices'], ['y'])], ...shapes });
  });
});
