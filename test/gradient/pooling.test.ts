import { describe, expect, it } from 'vitest';
import { type Attributes, buildModel, distinct, expectGradients, jacobianGraph, node } from './support.js';

const pool = (op: string, x: number[], attributes: Attributes) => ({
  nodes: [node(op, ['x'], ['y'], attributes)],
  inputs: { x: distinct(1, x) },
});
// The distance between two elements is 2 / count; a step must stay below half of it for the maximum to stay the maximum.
const small = { epsilon: 2e-3, tolerance: 5e-3 };

describe('MaxPool', () => {
  it.each<[string, number[], Attributes]>([
    ['2×2, stride 2', [2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }],
    ['2×2, stride 2, last row and column not covered', [2, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2] }],
    ['2×2, stride 2, pad 1', [2, 2, 4, 4], { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['ceil_mode', [2, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }],
    ['3×3, stride 2: windows overlap', [2, 2, 7, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['3×3, stride 1', [2, 2, 5, 5], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
    ['dilation 2', [1, 2, 7, 7], { kernel_shape: [2, 2], dilations: [2, 2], strides: [2, 2] }],
    ['asymmetric pads', [1, 2, 5, 5], { kernel_shape: [3, 2], strides: [2, 2], pads: [0, 0, 1, 1] }],
    ['auto_pad SAME_UPPER, stride 2', [2, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
    [
      '3×3, stride 2, pads and ceil_mode',
      [2, 2, 6, 7],
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 1, 1], ceil_mode: 1 },
    ],
    ['auto_pad SAME_LOWER, stride 1', [2, 2, 4, 5], { kernel_shape: [2, 3], auto_pad: 'SAME_LOWER' }],
    ['three spatial axes', [1, 2, 3, 4, 3], { kernel_shape: [2, 3, 2], pads: [0, 1, 0, 1, 0, 1] }],
    ['one spatial axis', [2, 2, 9], { kernel_shape: [3], strides: [2] }],
  ])('%s', (_, x, attributes) => expectGradients(pool('MaxPool', x, attributes), small));

  it('keeps an Indices output that is there already', () =>
    expectGradients({
      nodes: [
        node('MaxPool', ['x'], ['y', 'where'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Shape', ['where'], ['unused']),
      ],
      inputs: { x: distinct(1, [2, 2, 4, 4]) },
    }));

  it('refuses column-major indices', () => {
    const bytes = buildModel(pool('MaxPool', [1, 1, 4, 4], { kernel_shape: [2, 2], storage_order: 1 }));
    expect(() => jacobianGraph(bytes, { targets: ['x'] })).toThrow(/MaxPool node 'y_MaxPool'.*storage_order/);
  });
});

describe('AveragePool', () => {
  it.each<[string, number[], Attributes]>([
    ['2×2, stride 2', [2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }],
    ['last row and column not covered', [2, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2] }],
    ['3×3, stride 1, padding not counted', [2, 2, 5, 4], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
    [
      '3×3, stride 1, padding counted',
      [2, 2, 5, 4],
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 },
    ],
    ['3×3, stride 2, asymmetric pads', [2, 2, 6, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0] }],
    ['auto_pad SAME_UPPER', [2, 2, 4, 5], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER' }],
    ['ceil_mode', [2, 2, 6, 5], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
    [
      'ceil_mode, pad 1, padding not counted',
      [2, 2, 6, 5],
      { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1], ceil_mode: 1 },
    ],
    ['auto_pad SAME_LOWER, stride 2', [2, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
    [
      'auto_pad SAME_UPPER, stride 2, padding counted',
      [2, 2, 5, 6],
      { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER', count_include_pad: 1 },
    ],
    ['three spatial axes', [1, 2, 3, 4, 3], { kernel_shape: [2, 3, 2], pads: [0, 1, 0, 1, 0, 1] }],
    ['one spatial axis', [2, 2, 9], { kernel_shape: [3], strides: [2] }],
  ])('%s', (_, x, attributes) => expectGradients(pool('AveragePool', x, attributes)));

  it.each([17, 19])('ceil_mode, padding counted (set %i)', (opset) => {
    const attributes = {
      kernel_shape: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 0, 1],
      ceil_mode: 1,
      count_include_pad: 1,
    };
    return expectGradients({ ...pool('AveragePool', [2, 2, 6, 5], attributes), opset });
  });

  it('dilation 2 (set 19)', () =>
    expectGradients({ ...pool('AveragePool', [1, 2, 7, 6], { kernel_shape: [3, 2], dilations: [2, 2] }), opset: 19 }));

  it('over everything (GlobalAveragePool)', () => expectGradients(pool('GlobalAveragePool', [2, 3, 4, 5], {})));
});
