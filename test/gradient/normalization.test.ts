import { describe, it } from 'vitest';
import { type Attributes, distinct, expectGradients, node, type Values } from './support.js';

const x = distinct(1, [2, 3, 4]);
const values = (dims: number[], data: number[]): Values => ({ dims, data: Float32Array.from(data) });

describe('LayerNormalization', () => {
  it.each<[string, number[], Attributes]>([
    ['over the last axis', [4], {}],
    ['over the last two, counted from the front', [3, 4], { axis: 1 }],
    ['over the last two, counted from the back', [3, 4], { axis: -2, epsilon: { float: 0.1 } }],
    ['over everything', [2, 3, 4], { axis: 0 }],
    ['with one scale for all', [1], { axis: -1 }],
  ])('%s', (_, dims, attributes) =>
    expectGradients({
      nodes: [node('LayerNormalization', ['x', 'scale', 'bias'], ['y'], attributes)],
      inputs: { x },
      stored: { scale: distinct(2, dims), bias: distinct(3, dims) },
    }),
  );

  it('without a bias', () =>
    expectGradients({
      nodes: [node('LayerNormalization', ['x', 'scale'], ['y'])],
      inputs: { x },
      stored: { scale: distinct(2, [4]) },
    }));

  it('as older exporters write it', () =>
    expectGradients(
      {
        nodes: [
          node('ReduceMean', ['x'], ['mean'], { axes: [-1] }),
          node('Sub', ['x', 'mean'], ['away']),
          node('Pow', ['away', 'two'], ['squares']),
          node('ReduceMean', ['squares'], ['variance'], { axes: [-1] }),
          node('Add', ['variance', 'epsilon'], ['sum']),
          node('Sqrt', ['sum'], ['deviation']),
          node('Div', ['away', 'deviation'], ['normal']),
          node('Mul', ['normal', 'scale'], ['y']),
        ],
        inputs: { x },
        stored: { two: values([], [2]), epsilon: values([], [1e-5]), scale: distinct(2, [4]) },
      },
      { targets: ['x', 'scale'] },
    ));
});

describe('InstanceNormalization', () => {
  it.each([[[2, 3, 5]], [[2, 3, 2, 4]], [[1, 3, 2, 2, 3]]])('of %j', (dims) =>
    expectGradients({
      nodes: [node('InstanceNormalization', ['x', 'scale', 'bias'], ['y'], { epsilon: { float: 0.01 } })],
      inputs: { x: distinct(1, dims) },
      stored: { scale: distinct(2, [3]), bias: distinct(3, [3]) },
    }),
  );
});

describe('GroupNormalization', () => {
  it.each([
    [21, 4, [2, 4, 3]],
    [18, 2, [2, 4, 2, 3]],
  ])('of set %d, with %d scales, of %j', (opset, scales, dims) =>
    expectGradients({
      nodes: [node('GroupNormalization', ['x', 'scale', 'bias'], ['y'], { num_groups: 2, epsilon: { float: 0.01 } })],
      inputs: { x: distinct(1, dims) },
      stored: { scale: distinct(2, [scales]), bias: distinct(3, [scales]) },
      opset,
    }),
  );
});

describe('BatchNormalization', () => {
  it.each([[[3, 4]], [[2, 4, 5]], [[1, 4, 2, 3]], [[2, 4, 1, 2, 3]]])('of %j', (dims) =>
    expectGradients(
      {
        nodes: [node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'variance'], ['y'])],
        inputs: { x: distinct(1, dims) },
        stored: {
          scale: distinct(2, [4]),
          bias: distinct(3, [4]),
          mean: distinct(4, [4]),
          variance: values([4], [0.3, 0.5, 1, 2]),
        },
      },
      { targets: ['x', 'scale', 'bias'] },
    ),
  );
});
