import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { openOnnx } from '../../src/onnx/open.js';
import { recordedFormats } from '../../src/quantize/record.js';
import { type OutputRangeOptions, quantizeByOutput } from '../../src/search/output-range.js';
import { quantize } from '../../src/stages/quantize.js';
import { LENET, weightsOf, written } from '../stages/support.js';
import { Random } from '../support/random.js';

const dataset = arrayDataset({ inputs: { input: { data: new Random(5).floats(64 * 784, 1), dims: [64, 784] } } });
const model = openOnnx(LENET);

describe('parameters by what the model answers', () => {
  const options: OutputRangeOptions = {
    ...{ weights: 'fixed3', exclude: ['fc1*'], dataset, samples: 64, threads: 1 },
    rules: [{ match: 'fc2*', options: { range: 'output' } }],
  };

  it('are positions of a point, which do no worse than those of least error', async () => {
    const chosen = await quantizeByOutput(options).run(model);
    const formats = recordedFormats(openOnnx(written(chosen)[0]));
    for (const name of ['fc2.weight', 'fc3.weight']) expect(formats.get(name)?.weights).toMatch(/^fixed3(\.\d)?$/);
    const plain = await quantize({ weights: 'fixed3', exclude: ['fc1*'] }).run(model);
    const off = async (made: typeof model) =>
      (await evaluate({ model: written(made)[0], reference: LENET, dataset, threads: 1 })).agreement ?? 0;
    expect(await off(chosen)).toBeGreaterThanOrEqual((await off(plain)) - 0.05);
  });

  it('leave layers alone that have a range by name', async () => {
    const chosen = await quantizeByOutput({ ...options, weights: 'int4', range: 'mse' }).run(model);
    const plain = await quantize({ weights: 'int4', range: 'mse', exclude: ['fc1*'] }).run(model);
    expect(weightsOf(chosen, 'fc3.weight')).toEqual(weightsOf(plain, 'fc3.weight'));
    const other = await quantize({ weights: 'int4', range: 'max', exclude: ['fc1*'] }).run(model);
    expect(weightsOf(other, 'fc3.weight')).not.toEqual(weightsOf(plain, 'fc3.weight'));
  });

  it('tell what making up for them has to say', async () => {
    const notes: string[] = [];
    const few = arrayDataset({ inputs: { input: { data: new Random(5).floats(4 * 784, 1), dims: [4, 784] } } });
    const stage = quantizeByOutput({ ...options, dataset: few, isCompensated: true });
    await stage.run(model, { onNote: (text) => notes.push(text) });
    expect(notes.join()).toContain('calibrated on 4 inputs only');
  });

  it('are not looked for where rounding cannot be made up for afterwards', () => {
    const compensated = (given: Partial<OutputRangeOptions>) =>
      quantizeByOutput({ ...options, ...given, isCompensated: true });
    expect(() => compensated({ weights: 'fixed16' })).toThrow('at most 15 bits, and fixed16 needs none');
    expect(() => compensated({ first: 'int16' })).toThrow('at most 15 bits, and int16 needs none');
    expect(() => compensated({ by: 64 })).toThrow('not by runs of 64 weights');
  });

  it('need data', () => {
    expect(() => quantize({ weights: 'fixed4', range: 'output' })).toThrow(
      "quantize: range output needs data to look at the model's answers",
    );
  });
});
