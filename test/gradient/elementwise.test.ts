import { describe, expect, it } from 'vitest';
import { type Attributes, buildModel, distinct, expectGradients, jacobianGraph, node } from './support.js';

describe('operators of two operands', () => {
  const shapes: [number[], number[]][] = [
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4]],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [
      [2, 1, 4],
      [3, 1],
    ],
    [
      [1, 3],
      [2, 4, 3],
    ],
    [[2, 3], []],
  ];
  for (const op of ['Add', 'Sub', 'Mul']) {
    it.each(shapes)(`${op} %j and %j`, (a, b) =>
      expectGradients({
        nodes: [node(op, ['a', 'b'], ['y'])],
        inputs: { a: distinct(1, a) },
        stored: { b: distinct(2, b) },
      }),
    );
  }

  it.each(shapes)('Div %j and %j', (a, b) => {
    const { dims, data } = distinct(2, b);
    const away = { dims, data: data.map((value) => value + 3) };
    return expectGradients({
      nodes: [node('Div', ['a', 'b'], ['y'])],
      inputs: { a: distinct(1, a) },
      stored: { b: away },
    });
  });

  it('Pow of every channel by its own exponent', () =>
    expectGradients(
      {
        nodes: [node('Abs', ['x'], ['base']), node('Pow', ['base', 'exponents'], ['y'])],
        inputs: { x: { dims: [2, 3, 4], data: distinct(1, [2, 3, 4]).data.map((value) => value + 2) } },
        stored: { exponents: { dims: [3, 1], data: Float32Array.of(0.5, 1, 3) } },
      },
      { targets: ['x'] },
    ));

  it('adds up what arrives when an operand stands on both sides', () =>
    expectGradients({ nodes: [node('Mul', ['a', 'a'], ['y'])], inputs: { a: distinct(1, [2, 3]) } }));
});

describe('operators of one operand', () => {
  it.each([
    'Relu',
    'LeakyRelu',
    'Sigmoid',
    'Tanh',
    'HardSwish',
    'Softmax',
    'LogSoftmax',
    'Identity',
    'Dropout',
    'Flatten',
  ])('%s', (op) => expectGradients({ nodes: [node(op, ['x'], ['y'])], inputs: { x: distinct(1, [2, 3, 4]) } }));

  it.each(['Exp', 'Erf', 'Neg', 'Abs'])('%s', (op) =>
    expectGradients({ nodes: [node(op, ['x'], ['y'])], inputs: { x: distinct(1, [2, 3, 4]) } }),
  );

  const positive = { dims: [2, 3], data: distinct(1, [2, 3]).data.map((value) => value + 2) };
  it.each(['Sqrt', 'Log', 'Reciprocal'])('%s of positive numbers', (op) =>
    expectGradients({ nodes: [node(op, ['x'], ['y'])], inputs: { x: positive } }),
  );

  it.each([2, 0.5, -1])('Pow by %d', (exponent) =>
    expectGradients(
      {
        nodes: [node('Pow', ['x', 'exponent'], ['y'])],
        inputs: { x: positive },
        stored: { exponent: { dims: [], data: Float32Array.of(exponent) } },
      },
      { targets: ['x'] },
    ),
  );

  it('HardSigmoid, cut at both ends', () =>
    expectGradients({
      nodes: [node('HardSigmoid', ['x'], ['y'], { alpha: { float: 0.7 }, beta: { float: 0.4 } })],
      inputs: { x: distinct(1, [2, 3, 4]) },
    }));

  it('HardSwish, cut at both ends', () => {
    const { dims, data } = distinct(1, [2, 3, 4]);
    const wide = { dims, data: data.map((value) => 4 * value) };
    return expectGradients({ nodes: [node('HardSwish', ['x'], ['y'])], inputs: { x: wide } });
  });

  it('Softmax over an axis in the middle', () =>
    expectGradients({ nodes: [node('Softmax', ['x'], ['y'], { axis: 1 })], inputs: { x: distinct(1, [2, 3, 4]) } }));

  it.each<[Attributes]>([[{ axes: [1] }], [{ axes: [-1, 0], keepdims: 0 }], [{ keepdims: 0 }], [{}]])(
    'ReduceMean %j',
    (attributes) =>
      expectGradients({ nodes: [node('ReduceMean', ['x'], ['y'], attributes)], inputs: { x: distinct(1, [2, 3, 4]) } }),
  );

  it('ReduceMean with its axes as an input', () =>
    expectGradients({
      nodes: [node('ReduceMean', ['x', 'axes'], ['y'], { keepdims: 0 })],
      inputs: { x: distinct(1, [2, 3, 4]) },
      integers: { axes: [1] },
      opset: 18,
    }));

  it('Clip', () =>
    expectGradients(
      {
        nodes: [node('Clip', ['x', 'low', 'high'], ['y'])],
        inputs: { x: distinct(1, [2, 3, 4]) },
        stored: { low: { dims: [], data: Float32Array.of(-0.5) }, high: { dims: [], data: Float32Array.of(0.25) } },
      },
      { targets: ['x'] },
    ));

  it('Reshape', () =>
    expectGradients({
      nodes: [node('Reshape', ['x', 'to'], ['y'])],
      inputs: { x: distinct(1, [2, 3, 4]) },
      integers: { to: [0, -1, 2] },
    }));

  it('Unsqueeze and Squeeze', () =>
    expectGradients({
      nodes: [node('Unsqueeze', ['x', 'axes'], ['u']), node('Squeeze', ['u', 'axes'], ['y'])],
      inputs: { x: distinct(1, [2, 3]) },
      integers: { axes: [1] },
    }));

  it.each([[{ perm: [2, 0, 1] }], [{ perm: [0, 2, 1] }], [{}]])('Transpose %j', (attributes) =>
    expectGradients({ nodes: [node('Transpose', ['x'], ['y'], attributes)], inputs: { x: distinct(1, [2, 3, 4]) } }),
  );

  it.each([[[0, 1, 2, 0, 0, 3]], [[0, -1, 0, 0, 2, 0]]])('Pad %j', (pads) =>
    expectGradients({
      nodes: [node('Pad', ['x', 'pads'], ['y'])],
      inputs: { x: distinct(1, [2, 3, 4]) },
      integers: { pads },
    }),
  );

  it('Sum of three, broadcast', () =>
    expectGradients({
      nodes: [node('Sum', ['a', 'b', 'c'], ['y'])],
      inputs: { a: distinct(1, [2, 3]), b: distinct(2, [3]), c: distinct(3, [2, 1]) },
    }));

  it('Concat of three, one of them not wanted', () =>
    expectGradients(
      {
        nodes: [node('Concat', ['a', 'b', 'c'], ['y'], { axis: 1 })],
        inputs: { a: distinct(1, [2, 1]), b: distinct(2, [2, 3]), c: distinct(3, [2, 2]) },
      },
      { targets: ['a', 'c'] },
    ));

  it('BatchNormalization with stored statistics', () => {
    const { dims, data } = distinct(5, [3]);
    return expectGradients(
      {
        nodes: [
          node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'variance'], ['y'], { epsilon: { float: 0.01 } }),
        ],
        inputs: { x: distinct(1, [2, 3, 2, 2]) },
        stored: {
          scale: distinct(2, [3]),
          bias: distinct(3, [3]),
          mean: distinct(4, [3]),
          variance: { dims, data: data.map((value) => value + 1.5) },
        },
      },
      { targets: ['x', 'scale', 'bias'] },
    );
  });
});

describe('operators that pick elements', () => {
  const x = distinct(1, [3, 4, 2]);

  it('Slice with a negative step and an end beyond the axis', () =>
    expectGradients({
      nodes: [node('Slice', ['x', 'from', 'to', 'axes', 'steps'], ['y'])],
      inputs: { x },
      integers: { from: [-1, 1], to: [-100, 100], axes: [0, 1], steps: [-2, 1] },
    }));

  it('Gather of rows, one of them twice', () =>
    expectGradients({
      nodes: [node('Gather', ['x', 'rows'], ['y'], { axis: 1 })],
      inputs: { x },
      integers: { rows: [2, 0, 2, -1] },
    }));

  const image = distinct(1, [2, 2, 2, 3]);
  const stored = { scales: { dims: [4], data: Float32Array.of(1, 1, 2, 2) } };

  it('Resize to the nearest, twice the size', () =>
    expectGradients(
      {
        nodes: [
          node('Resize', ['x', '', 'scales'], ['y'], {
            mode: 'nearest',
            nearest_mode: 'floor',
            coordinate_transformation_mode: 'asymmetric',
          }),
        ],
        inputs: { x: image },
        stored,
      },
      { targets: ['x'] },
    ));

  it('Resize by interpolation is refused', () => {
    const nodes = [node('Resize', ['x', '', 'scales'], ['y'], { mode: 'linear' })];
    const bytes = buildModel({ nodes, inputs: { x: image }, stored });
    expect(() => jacobianGraph(bytes, { targets: ['x'] })).toThrow(/Resize node 'y_Resize'.*mode linear/);
  });
});
