import { describe, expect, it } from 'vitest';
import { type Attributes, buildModel, distinct, expectGradients, jacobianGraph, node } from './support.js';

function convolution(x: number[], weight: number[], attributes: Attributes, bias = false) {
  return {
    nodes: [node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], ['y'], attributes)],
    inputs: { x: distinct(1, x) },
    stored: { w: distinct(2, weight), ...(bias && { b: distinct(3, [weight[0]]) }) },
  };
}

describe('Conv', () => {
  it.each<[string, number[], number[], Attributes]>([
    ['3×3', [2, 2, 5, 6], [3, 2, 3, 3], {}],
    ['3×3, pad 1', [2, 2, 5, 4], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
    ['stride 2, every element covered', [2, 2, 7, 7], [3, 2, 3, 3], { strides: [2, 2] }],
    ['stride 2, last row and column not covered', [2, 2, 6, 8], [3, 2, 3, 3], { strides: [2, 2] }],
    ['stride 2, pad 1', [2, 2, 6, 7], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['stride 3 by 2, kernel 2×4', [2, 2, 8, 9], [2, 2, 2, 4], { strides: [3, 2], pads: [0, 1, 0, 1] }],
    ['dilation 2', [2, 2, 7, 8], [2, 2, 3, 3], { dilations: [2, 2] }],
    [
      'dilation 2, stride 2, pad 2',
      [2, 2, 8, 7],
      [2, 2, 3, 3],
      { dilations: [2, 2], strides: [2, 2], pads: [2, 2, 2, 2] },
    ],
    ['1×1, stride 2', [2, 3, 5, 6], [2, 3, 1, 1], { strides: [2, 2] }],
    ['stride larger than the kernel', [1, 2, 9, 10], [2, 2, 2, 2], { strides: [4, 4] }],
    ['asymmetric pads', [2, 2, 5, 5], [2, 2, 3, 3], { pads: [0, 1, 2, 0] }],
    ['asymmetric pads, stride 2', [2, 2, 6, 5], [2, 2, 3, 3], { pads: [0, 1, 1, 2], strides: [2, 2] }],
    ['depthwise', [2, 3, 5, 5], [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] }],
    ['depthwise, stride 2', [2, 3, 6, 5], [3, 1, 3, 3], { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }],
    ['depthwise, dilation 2', [2, 3, 6, 6], [3, 1, 3, 3], { group: 3, dilations: [2, 2], pads: [2, 2, 2, 2] }],
    ['depthwise with multiplier 2', [2, 2, 5, 5], [4, 1, 3, 3], { group: 2 }],
    ['two groups', [2, 4, 5, 6], [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }],
    ['two groups, stride 2', [3, 4, 6, 6], [2, 2, 3, 3], { group: 2, strides: [2, 2] }],
    ['auto_pad SAME_UPPER, even kernel', [2, 2, 5, 5], [2, 2, 4, 2], { auto_pad: 'SAME_UPPER' }],
    ['auto_pad SAME_LOWER, even kernel', [2, 2, 5, 5], [2, 2, 4, 2], { auto_pad: 'SAME_LOWER' }],
    ['auto_pad SAME_UPPER, stride 2', [2, 2, 6, 5], [3, 2, 3, 2], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['auto_pad SAME_LOWER, stride 2 by 3', [2, 2, 7, 8], [3, 2, 3, 4], { auto_pad: 'SAME_LOWER', strides: [2, 3] }],
    [
      'auto_pad SAME_UPPER, stride above the kernel',
      [2, 2, 8, 7],
      [2, 2, 1, 2],
      { auto_pad: 'SAME_UPPER', strides: [3, 3] },
    ],
    [
      'two groups, stride 2 by 3, dilation 2 by 1, asymmetric pads',
      [2, 4, 9, 8],
      [6, 2, 3, 2],
      { group: 2, strides: [2, 3], dilations: [2, 1], pads: [1, 0, 2, 3] },
    ],
    [
      'three groups, auto_pad SAME_UPPER, stride 2',
      [2, 3, 7, 6],
      [6, 1, 3, 3],
      { group: 3, auto_pad: 'SAME_UPPER', strides: [2, 2] },
    ],
    ['auto_pad VALID', [2, 2, 5, 5], [2, 2, 3, 3], { auto_pad: 'VALID', strides: [2, 2] }],
    ['one spatial axis', [2, 3, 9], [2, 3, 4], { strides: [2], pads: [1, 1] }],
    ['three spatial axes', [1, 2, 4, 5, 4], [2, 2, 2, 3, 2], { strides: [1, 2, 2] }],
  ])('%s', (_, x, weight, attributes) => expectGradients(convolution(x, weight, attributes)));

  it('with a bias', () => expectGradients(convolution([2, 2, 4, 5], [3, 2, 3, 3], {}, true)));

  it('by a kernel that is computed', () =>
    expectGradients({
      nodes: [
        node('Mul', ['w', 'mask'], ['masked']),
        node('Conv', ['x', 'masked'], ['y'], { kernel_shape: [3, 2], strides: [2, 1] }),
      ],
      inputs: { x: distinct(1, [2, 2, 6, 5]) },
      stored: { w: distinct(2, [3, 2, 3, 2]), mask: distinct(3, [3, 2, 3, 2]) },
    }));
});

describe('ConvTranspose', () => {
  it.each<[string, number[], number[], Attributes]>([
    ['3×3', [2, 2, 4, 3], [2, 3, 3, 3], {}],
    ['stride 2, pad 1', [2, 2, 3, 4], [2, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
    [
      'stride 2, output_padding 1',
      [2, 2, 3, 3],
      [2, 2, 3, 3],
      { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    ],
    [
      'stride 3 by 2, dilation 2, asymmetric pads',
      [1, 2, 4, 3],
      [2, 2, 2, 3],
      { strides: [3, 2], dilations: [2, 2], pads: [0, 1, 2, 0] },
    ],
    ['two groups', [2, 4, 3, 3], [4, 3, 2, 2], { group: 2, strides: [2, 2] }],
    ['depthwise, asymmetric pads', [2, 3, 4, 3], [3, 1, 3, 2], { group: 3, strides: [2, 1], pads: [0, 0, 1, 1] }],
    ['auto_pad SAME_UPPER', [1, 2, 3, 4], [2, 2, 3, 4], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
    ['auto_pad SAME_LOWER', [1, 2, 3, 4], [2, 2, 3, 4], { auto_pad: 'SAME_LOWER', strides: [2, 1] }],
    ['one spatial axis', [2, 2, 5], [2, 3, 4], { strides: [3], pads: [1, 0], output_padding: [2] }],
  ])('%s', (_, x, weight, attributes) =>
    expectGradients({
      nodes: [node('ConvTranspose', ['x', 'w', 'b'], ['y'], attributes)],
      inputs: { x: distinct(1, x) },
      stored: { w: distinct(2, weight), b: distinct(3, [weight[1] * Number(attributes.group ?? 1)]) },
    }),
  );

  it('refuses an output_shape, whose padding depends on the input', () => {
    const nodes = [node('ConvTranspose', ['x', 'w'], ['y'], { output_shape: [5, 5] })];
    const bytes = buildModel({
      nodes,
      inputs: { x: distinct(1, [1, 1, 3, 3]) },
      stored: { w: distinct(2, [1, 1, 3, 3]) },
    });
    expect(() => jacobianGraph(bytes, { targets: ['w'] })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(/ConvTranspose node.*output_shape/),
      }),
    );
  });
});
