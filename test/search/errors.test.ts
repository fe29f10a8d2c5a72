import { describe, expect, it } from 'vitest';
import { ANSWERS, pictures } from '../../scripts/bench/support/nets/answers.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { openOnnx } from '../../src/onnx/open.js';
import { searchCalibration } from '../../src/search/calibration.js';
import { written } from '../stages/support.js';

const drawn = (count: number, isImage: boolean, seed: number) =>
  arrayDataset({ inputs: { x: pictures(count, isImage, seed) } });

describe('an error that may be made', () => {
  it.each([
    ['autoencoder', 'snr', 'values of the input’s shape'],
    ['upscaler', 'snr', 'an image'],
    ['embedder', 'cosine', 'embeddings of unit length'],
  ] as const)('holds on other data: %s', async (name, metric, kind) => {
    const bytes = ANSWERS[name]({ seed: 2 });
    const isImage = name === 'upscaler';
    const options = { dataset: drawn(128, isImage, 1), maxError: 0.01, fast: true, threads: 1 };
    const { model, chosen, isReached, points } = await searchCalibration(openOnnx(bytes), options);
    expect(isReached).toBe(true);
    expect(chosen.judgement).toMatchObject({ metric, unit: 'share' });
    // It goes about as far as it may.
    expect(chosen.judgement?.high).toBeGreaterThan(0.003);
    expect(points.length).toBeGreaterThan(2);
    const others = drawn(256, isImage, 2);
    const judged = await evaluate({ model: written(model)[0], reference: bytes, dataset: others, threads: 1 });
    expect(judged.kind).toBe(kind);
    expect(judged.loss?.metric).toBe(metric);
    expect(judged.loss?.value).toBeLessThanOrEqual(0.01);
  });
});
