import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { buildModel, distinct, expectGradients, jacobianGraph, node } from './support.js';

const { DataType } = onnxProto.onnx.TensorProto;
const x = distinct(1, [2, 3, 4]);

describe('PRelu with slopes', () => {
  it.each([[[3, 1]], [[1]], [[]], [[4]], [[3, 4]], [[1, 1, 1]]])('of the shape %j', (dims) =>
    expectGradients({
      nodes: [node('PRelu', ['x', 'slope'], ['y'])],
      inputs: { x },
      stored: { slope: distinct(2, dims) },
    }),
  );

  it('one a channel of an image', () =>
    expectGradients({
      nodes: [node('PRelu', ['x', 'slope'], ['y'])],
      inputs: { x: distinct(1, [2, 3, 2, 3]) },
      stored: { slope: distinct(2, [3, 1, 1]) },
    }));
});

describe('smooth activations', () => {
  const wide = { dims: x.dims, data: x.data.map((value) => 3 * value) };

  it.each(['none', 'tanh'])('Gelu, approximate %s', (approximate) =>
    expectGradients({ nodes: [node('Gelu', ['x'], ['y'], { approximate })], inputs: { x: wide }, opset: 20 }),
  );

  it('Elu and Softplus', async () => {
    await expectGradients({ nodes: [node('Elu', ['x'], ['y'], { alpha: { float: 1.7 } })], inputs: { x: wide } });
    await expectGradients({ nodes: [node('Elu', ['x'], ['y'])], inputs: { x: wide } });
    await expectGradients({ nodes: [node('Softplus', ['x'], ['y'])], inputs: { x: wide } });
  });

  it('LeakyRelu of a slope of its own', () =>
    expectGradients({ nodes: [node('LeakyRelu', ['x'], ['y'], { alpha: { float: 0.3 } })], inputs: { x } }));
});

describe('Cast', () => {
  it.each([
    ['float64', DataType.DOUBLE],
    ['float32', DataType.FLOAT],
  ])('to %s and back lets gradients pass', (_, to) =>
    expectGradients({
      nodes: [
        node('Cast', ['x'], ['c'], { to }),
        node('Cast', ['c'], ['d'], { to: DataType.FLOAT }),
        node('Mul', ['d', 'x'], ['y']),
      ],
      inputs: { x },
    }),
  );

  it('to integers ends them', async () => {
    const nodes = [
      node('Mul', ['x', 'w'], ['m']),
      node('Cast', ['m'], ['c'], { to: DataType.INT64 }),
      node('Cast', ['c'], ['d'], { to: DataType.FLOAT }),
    ];
    const parts = { nodes: [...nodes, node('Add', ['d', 'x'], ['y'])], inputs: { x }, stored: { w: distinct(2, [4]) } };
    expect(() => jacobianGraph(buildModel(parts), { targets: ['w'] })).toThrow(/^w: no gradient reaches it/);
  });
});

describe('choices', () => {
  const [a, b] = [distinct(1, [2, 3, 4]), distinct(2, [3, 1])];
  const apart = { dims: b.dims, data: b.data.map((value) => value + 0.013) };

  it.each(['Max', 'Min'])('%s of three, broadcast', (op) =>
    expectGradients(
      {
        nodes: [node(op, ['a', 'b', 'c'], ['y'])],
        inputs: { a },
        stored: { b: apart, c: { dims: [], data: Float32Array.of(0.23) } },
      },
      { epsilon: 2e-3, tolerance: 5e-3 },
    ),
  );

  it('Max of a value and itself', () =>
    expectGradients({ nodes: [node('Max', ['a', 'a'], ['y'])], inputs: { a } }, { epsilon: 5e-3 }));

  it('Where, a mask between two values', () =>
    expectGradients(
      {
        nodes: [node('Greater', ['a', 'zero'], ['mask']), node('Where', ['mask', 'b', 'c'], ['y'])],
        inputs: { a },
        stored: { b, c: distinct(3, [4]), zero: { dims: [], data: Float32Array.of(0) } },
      },
      { targets: ['b', 'c'] },
    ));
});
