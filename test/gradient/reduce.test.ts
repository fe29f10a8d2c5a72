import { describe, it } from 'vitest';
import { type Attributes, distinct, expectGradients, node } from './support.js';

const x = distinct(1, [2, 3, 4]);
// A step must stay below half the distance of two elements for the maximum to stay the maximum.
const small = { epsilon: 5e-3 };
const MEANS = ['ReduceMean', 'ReduceSum', 'ReduceL2'];
const EXTREMES = ['ReduceMax', 'ReduceMin'];

describe.each([...MEANS, ...EXTREMES])('%s', (op) => {
  it.each<[Attributes]>([[{ axes: [1] }], [{ axes: [-1, 0], keepdims: 0 }], [{ axes: [2], keepdims: 0 }], [{}]])(
    'with attributes %j',
    (attributes) => expectGradients({ nodes: [node(op, ['x'], ['y'], attributes)], inputs: { x }, opset: 12 }, small),
  );

  it.each<[number[], Attributes]>([
    [[1], { keepdims: 0 }],
    [[0, -1], {}],
    [[-1], { keepdims: 0 }],
    [[2, 0], { keepdims: 0 }],
    [[], {}],
    [[], { keepdims: 0 }],
  ])('with the axes %j as an input, and %j', (axes, attributes) =>
    expectGradients(
      { nodes: [node(op, ['x', 'axes'], ['y'], attributes)], inputs: { x }, integers: { axes }, opset: 18 },
      small,
    ),
  );

  it('of everything', () =>
    expectGradients({ nodes: [node(op, ['x'], ['y'], { keepdims: 0 })], inputs: { x }, opset: 18 }, small));
});

describe('reducing nothing where no axes mean none', () => {
  it.each(['ReduceMean', 'ReduceSum'])('%s', (op) =>
    expectGradients({ nodes: [node(op, ['x'], ['y'], { noop_with_empty_axes: 1 })], inputs: { x }, opset: 18 }),
  );
});

it('GlobalMaxPool', () =>
  expectGradients(
    { nodes: [node('GlobalMaxPool', ['x'], ['y'])], inputs: { x: distinct(1, [2, 3, 5, 4]) } },
    { epsilon: 2e-3, tolerance: 5e-3 },
  ));

it('the largest elements share the gradient where several are', () =>
  expectGradients(
    {
      nodes: [node('Concat', ['x', 'x'], ['twice'], { axis: 2 }), node('ReduceMax', ['twice'], ['y'], { axes: [2] })],
      inputs: { x },
    },
    small,
  ));
