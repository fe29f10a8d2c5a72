import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { io } from '../support/models/model.js';
import { modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats } from '../support/tensors.js';

const PLACES = { kind: 'scores of classes at every place', loss: { metric: 'agreement', unit: 'points' } };
const SAMPLES = 32;
const random = new Random(4);

describe('models that decide at every place', () => {
  it('tag tokens: what fills lines up takes no part', async () => {
    const [words, classes, length] = [6, 5, 8];
    const table = random.floats(words * classes, 4);
    // Of what fills up, another class; of the others, none.
    const other = table.map((value, i) => (i < classes ? -value : value));
    const tagger = (values: Float32Array) =>
      modelProto({
        graph: {
          nodes: [node('Gather', ['words', 'ids'], ['Y'])],
          initializers: [floats('words', [words, classes], values).proto],
          inputs: [valueInfo('ids', 'int64', ['N', 'T']), valueInfo('attention_mask', 'int64', ['N', 'T'])],
          outputs: [valueInfo('Y', 'float32')],
        },
        opset: 17,
      });
    // Each line is as long as its number, by the length.
    const real = Array.from({ length: SAMPLES * length }, (_, i) => i % length <= Math.floor(i / length) % length);
    const ids = { data: Int32Array.from(real, (is, i) => (is ? 1 + (i % (words - 1)) : 0)), dims: [SAMPLES, length] };
    const mask = { data: Int32Array.from(real, Number), dims: [SAMPLES, length] };
    const filled = arrayDataset({ inputs: { ids, attention_mask: mask } });
    const files = { model: tagger(other), reference: tagger(table), threads: 1 };
    const padded = await evaluate({ ...files, dataset: filled });
    expect(padded).toMatchObject({ ...PLACES, agreement: 1, loss: { ...PLACES.loss, value: 0, high: 0 } });
    // Where nothing says what is real, all of it is.
    const whole = { data: mask.data.map(() => 1), dims: mask.dims };
    const { agreement, loss } = await evaluate({
      ...files,
      dataset: arrayDataset({ inputs: { ids, attention_mask: whole } }),
    });
    expect(agreement).toBeCloseTo(real.filter(Boolean).length / real.length, 10);
    expect(loss?.value).toBeGreaterThan(10);
  });

  it.each([
    ['read lines of text', [SAMPLES, 20, 6], 2],
    ['label pixels', [SAMPLES, 6, 5, 5], 1],
  ])('%s: each place counts', async (_, dims, axis) => {
    const classes = 7;
    const places = dims.reduce((all, dim) => all * dim, 1) / 6;
    const weights = random.floats(6 * classes, 3);
    const data = random.floats(places * 6, 2);
    const changed = weights.map((weight, i) => (i % 5 === 0 ? weight + 0.4 : weight));
    const isMap = axis === 1;
    const net = (values: Float32Array) =>
      modelProto({
        graph: {
          nodes: [isMap ? node('Conv', ['X', 'w'], ['Y']) : node('MatMul', ['X', 'w'], ['Y'])],
          initializers: [floats('w', isMap ? [classes, 6, 1, 1] : [6, classes], values).proto],
          ...io(['N', ...dims.slice(1)]),
        },
        opset: 17,
      });
    const size = isMap ? dims[2] * dims[3] : 1;
    const decisions = (values: Float32Array) =>
      Array.from({ length: places }, (__, place) => {
        const start = isMap ? Math.floor(place / size) * 6 * size + (place % size) : place * 6;
        const scores = Array.from({ length: classes }, (___, c) => {
          let sum = 0;
          for (let i = 0; i < 6; i++) sum += data[start + i * size] * values[isMap ? c * 6 + i : i * classes + c];
          return sum;
        });
        return scores.indexOf(Math.max(...scores));
      });
    const [before, after] = [decisions(weights), decisions(changed)];
    const alike = before.filter((decision, i) => decision === after[i]).length / places;
    const dataset = arrayDataset({ inputs: { X: { data, dims } } });
    const found = await evaluate({ model: net(changed), reference: net(weights), dataset, threads: 1 });
    expect(found).toMatchObject({ ...PLACES, samples: SAMPLES, agreement: expect.closeTo(alike, 10) });
    expect(alike).toBeLessThan(0.99);
    const { value = 0, low = 0, high = 0, samples } = found.loss ?? {};
    expect([low < value, value < high, samples]).toEqual([true, true, SAMPLES]);
    expect(high).toBeGreaterThan(100 * (1 - alike));
  });
});
