import { expect, it } from 'vitest';
import { readCalibrationGraph } from '../../src/graph/decoded-graph.js';
import { openOnnx } from '../../src/onnx/open.js';
import { modelOf, node, stored } from '../calibrate/support.js';

const bytes = modelOf({
  nodes: [
    node('Constant', [], ['w'], { value: stored('w', [4, 3]) }),
    node('Conv', ['x', 'k'], ['c'], { auto_pad: 'SAME_UPPER' }),
    node('Flatten', ['c'], ['f']),
    node('MatMul', ['f', 'w'], ['y']),
  ],
  tensors: [stored('k', [1, 1, 3, 3])],
  inputs: { x: [2, 1, 2, 2] },
});

it('keeps no copy of what is in memory already', () => {
  const model = openOnnx(bytes);
  const { records } = readCalibrationGraph(model);
  expect(new Set(records.values())).toEqual(new Set(model.tensors));
  for (const { rawData } of records.keys()) expect(rawData?.buffer).toBe(bytes.buffer);
});

it('takes payloads as the stages before have left them', () => {
  const model = openOnnx(bytes);
  const tensors = model.tensors.map((tensor) => ({
    ...tensor,
    payload: { read: () => new Uint8Array(tensor.length).fill(1) },
  }));
  const { records } = readCalibrationGraph({ ...model, tensors });
  for (const [{ rawData }, { length }] of records) expect(rawData).toEqual(new Uint8Array(length).fill(1));
});
