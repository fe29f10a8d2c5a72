import { describe, expect, it } from 'vitest';
import { channelsOf } from '../../src/graph/channels.js';
import { openOnnx } from '../../src/onnx/open.js';
import { placesOf } from '../../src/quantize/lines.js';
import { modelOf, node, type Parts, stored } from '../calibrate/support.js';

/** The places of the elements of each channel of `w`, and of each group. */
function linesOf(parts: Parts) {
  const model = openOnnx(modelOf(parts));
  const tensor = model.tensors.find(({ name }) => name === 'w');
  if (!tensor) throw new Error('no tensor is named w');
  const { channel, group } = channelsOf(model, new Set([tensor])).get(tensor) ?? {};
  const list = (lines: typeof channel) => lines && placesOf(lines, tensor.count).map((places) => [...places]);
  return { channel: list(channel), group: list(group) };
}

const all = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('the channels of', () => {
  const cases: Record<string, [Parts, channel: number[][], groups: number]> = {
    'a convolution are its filters': [
      { nodes: [node('Conv', ['x', 'w'], ['y'])], tensors: [stored('w', [2, 3, 1, 1])], inputs: { x: [1, 3, 2, 2] } },
      [all(3), [3, 4, 5]],
      1,
    ],
    'a depthwise one, and its groups': [
      {
        nodes: [node('Conv', ['x', 'w'], ['y'], { group: 3 })],
        tensors: [stored('w', [3, 1, 2, 1])],
        inputs: { x: [1, 3, 2, 2] },
      },
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      3,
    ],
    'a transposed convolution on its second axis': [
      {
        nodes: [node('ConvTranspose', ['x', 'w'], ['y'])],
        tensors: [stored('w', [2, 2, 1, 2])],
        inputs: { x: [1, 2, 2, 2] },
      },
      [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
      ],
      1,
    ],
    'one of two groups': [
      {
        nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { group: 2 })],
        tensors: [stored('w', [4, 2, 1, 1])],
        inputs: { x: [1, 4, 2, 2] },
      },
      [
        [0, 2],
        [1, 3],
        [4, 6],
        [5, 7],
      ],
      2,
    ],
    'a matrix on the right are its columns': [
      { nodes: [node('MatMul', ['x', 'w'], ['y'])], tensors: [stored('w', [2, 3])], inputs: { x: [1, 2] } },
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
      1,
    ],
    'the same transposed by Gemm are its rows': [
      {
        nodes: [node('Gemm', ['x', 'w'], ['y'], { transB: 1 })],
        tensors: [stored('w', [2, 3])],
        inputs: { x: [1, 3] },
      },
      [all(3), [3, 4, 5]],
      1,
    ],
    'a matrix that several operators read': [
      {
        nodes: [node('MatMul', ['x', 'w'], ['z']), node('MatMul', ['z', 'w'], ['y'])],
        tensors: [stored('w', [2, 2])],
        inputs: { x: [1, 2] },
      },
      [
        [0, 2],
        [1, 3],
      ],
      1,
    ],
    'an embedding are its entries': [
      { nodes: [node('Gather', ['w', 'x'], ['y'])], tensors: [stored('w', [3, 2])], inputs: { x: [2] } },
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      1,
    ],
    'states of a GRU are the rows of its gates': [
      {
        nodes: [node('GRU', ['x', 'v', 'w'], ['y'], { hidden_size: 1 })],
        tensors: [stored('v', [1, 3, 2]), stored('w', [1, 3, 1])],
        inputs: { x: [2, 2, 2] },
      },
      [[0], [1], [2]],
      1,
    ],
  };
  it.each(Object.entries(cases))('%s', (_, [parts, channel, groups]) => {
    const found = linesOf(parts);
    expect(found.channel).toEqual(channel);
    expect(found.group).toHaveLength(groups);
    expect(found.group?.flat().sort((a, b) => a - b)).toEqual(all(channel.flat().length));
  });
});
