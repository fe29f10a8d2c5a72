import { describe, expect, it } from 'vitest';
import { textLines } from '../../scripts/bench/support/text-lines.js';
import { concat } from '../../src/binary/bytes.js';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibratedQuantize } from '../../src/calibrate/quantize.js';
import { writeContainer } from '../../src/container/write/container.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { cluster } from '../../src/stages/cluster.js';
import { quantize } from '../../src/stages/quantize.js';
import { readBytes } from '../support/container.js';
import { packageModels } from '../support/packages.js';

const bytesOf = (name: string) => readBytes(packageModels().find((path) => path.includes(name)) ?? '');

/** Lines of text: to calibrate on, and others to judge by. */
function lines(count: number, width: number, seed: number, isTurned = false): Dataset {
  return arrayDataset({
    inputs: { x: { data: textLines(count, width, seed, isTurned), dims: [count, 3, 48, width] } },
  });
}

/** How small a model is on disk, and how often it decides as the original does. */
async function judge(bytes: Uint8Array, model: Model, dataset: Dataset) {
  const rebuilt = concat([...writeOnnx(model)].map((piece) => piece.bytes.slice()));
  const { agreement, meanAbsDiff } = await evaluate({ model: rebuilt, reference: bytes, dataset, threads: 2 });
  return {
    size: concat(await writeContainer(model, {})).length,
    agreement: agreement ?? 0,
    difference: meanAbsDiff ?? 0,
  };
}

/** The largest weights, which are most of a model: the others keep their values, and the test its time. */
function largest({ tensors }: Model, count: number): string[] {
  const weights = tensors.filter(({ role }) => role === 'weight').sort((a, b) => b.count - a.count);
  return weights.slice(0, count).map(({ name }) => name);
}

describe('PaddleOCR, calibrated on lines of text', () => {
  it('rec, the ten largest layers: smaller than by clustering, and closer to the original', async () => {
    const bytes = bytesOf('rec');
    const model = openOnnx(bytes);
    const [inputs, others] = [lines(8, 96, 1), lines(12, 96, 2)];
    const include = largest(model, 10);
    const options = { include, dataset: inputs, samples: 8, lambda: 6e-8, fast: true, threads: 2 };
    const calibrated = await judge(bytes, await calibrate(options).run(model, {}), others);
    const clustered = await judge(bytes, await cluster({ include, snr: 20 }).run(model, {}), others);
    expect(calibrated.size).toBeLessThanOrEqual(clustered.size);
    expect(calibrated.agreement).toBeGreaterThanOrEqual(clustered.agreement);
    expect(calibrated.difference).toBeLessThan(clustered.difference);
  }, 180_000);

  it('cls, the ten largest layers in 3 bits by channel: compensated, it answers more nearly as before than rounded to the nearest', async () => {
    const bytes = bytesOf('cls');
    const model = openOnnx(bytes);
    const [inputs, others] = [lines(16, 96, 1, true), lines(24, 96, 2, true)];
    const format = { weights: 'int3', by: 'channel', include: largest(model, 10) } as const;
    const nearest = await judge(bytes, await quantize(format).run(model, {}), others);
    const options = { ...format, dataset: inputs, samples: 16, fast: true, threads: 1 };
    const compensated = await judge(bytes, await calibratedQuantize(options).run(model, {}), others);
    expect(compensated.agreement).toBeGreaterThanOrEqual(nearest.agreement);
    expect(compensated.difference).toBeLessThan(0.9 * nearest.difference);
  }, 60_000);
});
