import { describe, expect, it } from 'vitest';
import { albert } from '../../scripts/bench/support/nets/albert.js';
import { arrayDataset, type Batch, type Dataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { openOnnx } from '../../src/onnx/open.js';
import { searchCalibration } from '../../src/search/calibration.js';
import { weightsOf } from '../stages/support.js';
import { Random } from '../support/random.js';

const [WORDS, LENGTH, SAMPLES] = [40, 6, 64];
const BYTES = albert({ words: WORDS, embedding: 8, width: 16, heads: 2, inner: 16, layers: 1, positions: 8 });

/** Lines of several lengths, filled up with this word. */
function linesOf(filler: number, length = LENGTH): Batch {
  const random = new Random(4);
  const dims = [SAMPLES, length];
  const ends = Array.from({ length: SAMPLES }, () => 3 + random.below(length - 2));
  const isReal = (at: number) => at % length < ends[Math.floor(at / length)];
  const of = (value: (at: number) => number) => ({
    data: Int32Array.from({ length: SAMPLES * length }, (_, at) => value(at)),
    dims,
  });
  const ids = of(() => random.below(WORDS));
  return {
    inputs: {
      input_ids: of((at) => (isReal(at) ? ids.data[at] : filler)),
      attention_mask: of((at) => Number(isReal(at))),
      token_type_ids: of(() => 0),
    },
  };
}

const calibrated = async (dataset: Dataset) => {
  const options = { dataset, lambda: 1e-4, fast: true, threads: 1 };
  return (await searchCalibration(openOnnx(BYTES), options)).model;
};

describe('padding', () => {
  it('has no part in calibration, whatever it consists of', async () => {
    const [one, other] = [linesOf(1), linesOf(2)];
    const [first, second] = [await calibrated(arrayDataset(one)), await calibrated(arrayDataset(other))];
    for (const { name, role } of first.tensors) {
      if (role === 'weight') expect(weightsOf(second, name), name).toEqual(weightsOf(first, name));
    }
  });

  it('may be of another length in every batch', async () => {
    const parts = [linesOf(1, 6), linesOf(1, 8)].map((batch) => arrayDataset(batch));
    const dataset: Dataset = async function* (options) {
      for (const part of parts) yield* part(options);
    };
    const model = await calibrated(dataset);
    const [name] = model.tensors.filter(({ role }) => role === 'weight').map((tensor) => tensor.name);
    expect(weightsOf(model, name)).not.toEqual(weightsOf(openOnnx(BYTES), name));
    expect((await evaluate({ model: BYTES, reference: BYTES, dataset })).samples).toBe(2 * SAMPLES);
  });
});
