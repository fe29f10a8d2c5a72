import { describe, expect, it } from 'vitest';
import { toHalf } from '../../src/binary/half.js';
import type { Model } from '../../src/model/model.js';
import { readWeights, writeWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { createAnswerJudge } from '../../src/search/answers.js';
import { feederOf, modelOf, node, stored } from '../calibrate/support.js';

/** A matrix and a shift that takes every score far to one side, then perhaps an activation and another shape. */
function netOf(activation: string | undefined, isHalf = false): Model {
  const nodes = [
    node('MatMul', ['x', 'w'], ['product']),
    node('Add', ['product', 'shift'], ['scores']),
    ...(activation ? [node(activation, ['scores'], ['share'], activation === 'Softmax' ? { axis: -1 } : {})] : []),
    node('Reshape', [activation ? 'share' : 'scores', 'shape'], ['y']),
  ];
  const tensors = [
    stored('w', [16, 5], isHalf ? 'half' : undefined),
    isHalf
      ? { name: 'shift', dims: [], dataType: 10, rawData: new Uint8Array(Uint16Array.of(toHalf(-30)).buffer) }
      : { name: 'shift', dims: [], dataType: 1, rawData: new Uint8Array(Float32Array.of(-30).buffer) },
    stored('shape', [3], [-1, 1, 5]),
  ];
  return openOnnx(modelOf({ nodes, tensors, inputs: { x: [64, 16] }, type: isHalf ? 10 : 1 }));
}

/** The model with weights a share of their size off. */
function off(model: Model, share: number): Model {
  const tensors = model.tensors.map((tensor) => {
    if (tensor.name !== 'w') return tensor;
    const weights = readWeights(tensor).map((weight, i) => weight * (1 + (i % 2 === 0 ? share : -share)));
    const bytes = writeWeights(tensor, weights);
    return { ...tensor, payload: { read: () => bytes } };
  });
  return { ...model, tensors };
}

describe('how near answers are', () => {
  for (const activation of [undefined, 'Sigmoid', 'Softmax']) {
    it(`is told by the scores${activation ? ` in front of a ${activation}` : ''}, however far to one side they are`, async () => {
      const model = netOf(activation);
      const { batches } = await feederOf({ x: [64, 16] });
      const options = { dataset: batches, states: [], runtime: await loadRuntime(), threads: 1 };
      const judge = await createAnswerJudge(model, options);
      const [near, far] = [await judge?.(off(model, 0.01)), await judge?.(off(model, 0.1))];
      // Weights that are 1 % off leave about 40 dB, those that are 10 % off 20.
      expect(near?.snr).toBeGreaterThan(37);
      expect(near?.snr).toBeLessThan(43);
      expect((near?.snr ?? 0) - (far?.snr ?? 0)).toBeCloseTo(20, 0);
    });
  }

  it('is told by scores that are half floats, too', async () => {
    const { batches } = await feederOf({ x: [64, 16] });
    const options = { dataset: batches, states: [], runtime: await loadRuntime(), threads: 1 };
    const [model, half] = [netOf('Softmax'), netOf('Softmax', true)];
    const near = await (await createAnswerJudge(half, options))?.(off(half, 0.1));
    const same = await (await createAnswerJudge(model, options))?.(off(model, 0.1));
    // Scores around 30 have steps of 1/64 in half floats.
    expect(near?.snr).toBeCloseTo(same?.snr ?? 0, 0);
  });
});
