import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Calibration, SYNTHETIC_RECIPE, startCalibration } from '../../src/calibrate/start.js';
import { syntheticDataset } from '../../src/data/synthetic/synthetic.js';
import type { Layer } from '../../src/graph/layers.js';
import { readInterface } from '../../src/onnx/interface.js';
import { openOnnx } from '../../src/onnx/open.js';
import { loadRuntime } from '../../src/runtime/session.js';
import { createAnswerJudge } from '../../src/search/answers.js';
import { layerPrices } from '../../src/search/layer-prices.js';
import { readBytes } from '../support/container.js';

const lenet = readBytes(fileURLToPath(new URL('../../models/lenet-300-100.onnx', import.meta.url)));

it('prices of a bit make each layer add as much noise to the answers for each of its weights', async () => {
  const model = openOnnx(lenet);
  const runtime = await loadRuntime();
  const [dataset, others] = [1, 2].map((seed) => syntheticDataset(readInterface(model).inputs, { samples: 32, seed }));
  const judge = await createAnswerJudge(model, { dataset: others, states: [], runtime, threads: 1 });
  if (!judge) throw new Error('expected answers to judge by');
  const options = { dataset, samples: 32, fast: true, isMadeUp: true, threads: 1 };
  // Without probes, as where an operator has no gradient, layers are all worth the same at first.
  const calibration = await startCalibration(model, options, undefined, { ...SYNTHETIC_RECIPE, isProbed: false });
  expect(calibration.isProbed).toBe(false);
  const unlike = (prices: ReadonlyMap<Layer, number>) => Math.max(...prices.values()) / Math.min(...prices.values());

  const prices = await layerPrices(model, calibration, judge, 1e-9);
  const priced: Calibration = {
    ...calibration,
    run: (lambda, onProgress) => calibration.run(lambda, onProgress, (layer) => prices.get(layer) ?? Number.NaN),
  };
  expect([...prices.keys()]).toEqual(calibration.prepared.layers);
  const logs = [...prices].reduce((sum, [{ tensor }, price]) => sum + tensor.count * Math.log(price), 0);
  expect(logs / 266_200).toBeCloseTo(0, 1);
  expect(unlike(prices)).toBeGreaterThan(2.5);
  expect(unlike(await layerPrices(model, priced, judge, 1e-9))).toBeLessThan(0.75 * unlike(prices));
});
