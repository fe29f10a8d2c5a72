import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { toBfloat16Model, toFloat16, toInt8 } from '../../scripts/bench/support/retype.js';
import { decode } from '../../src/decode/index.js';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../../src/pipeline/compress.js';
import { compress } from '../../src/search/compress.js';
import { Random } from '../support/random.js';

const lenet = new Uint8Array(readFileSync('models/lenet-300-100.onnx'));
const images = new Random(5).floats(8 * 784).map(Math.abs);

/** What ONNX Runtime makes of the images. */
async function logits(model: Uint8Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model);
  const [input] = session.inputNames;
  const { dims } = openInput(session, input);
  const feeds = { [input]: new ort.Tensor('float32', images, [8, ...dims.slice(1)]) };
  const { data } = Object.values(await session.run(feeds))[0];
  await session.release();
  return data as Float32Array;
}

function openInput(session: ort.InferenceSession, name: string): { dims: number[] } {
  const metadata = session.inputMetadata.find((input) => input.name === name);
  if (!metadata?.isTensor) throw new Error(`${name} is no tensor`);
  return { dims: metadata.shape.map(Number) };
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.reduce((sum, value) => sum + value ** 2, 0));

describe.each([
  ['float16', toFloat16, 0.005],
  ['bfloat16', toBfloat16Model, 0.03],
] as const)('a model with %s weights', (dtype, retype, rounding) => {
  const model = retype(lenet);

  it('is encoded, and decoded to a model that ONNX Runtime runs to the same outputs', async () => {
    const decoded = await decode(await encode(model), { verify: 'all' });
    expect(Buffer.compare(decoded, model)).toBe(0);
    const outputs = await logits(decoded);
    expect(outputs).toEqual(await logits(model));
    expect(distance(await logits(lenet), outputs)).toBeLessThan(rounding);
  });

  it('is pruned and clustered in its type, and stays near what it was', async () => {
    const { container } = await compress(model, { prune: { density: 0.6 }, cluster: { bits: 6 } });
    const decoded = await decode(container, { verify: 'all' });
    expect(decoded.length - model.length).toBeLessThan(1000);
    const weights = inspectOnnx(openOnnx(decoded)).tensors.filter(({ role }) => role === 'weight');
    expect(weights.map((tensor) => tensor.dtype)).toEqual([dtype, dtype, dtype]);
    for (const { density, clusters } of weights) {
      expect(density).toBeCloseTo(0.6, 1);
      expect(clusters).toBeLessThanOrEqual(64);
    }
    expect(container.length).toBeLessThan(0.45 * model.length);
    expect(distance(await logits(model), await logits(decoded))).toBeLessThan(0.2);
  });
});

describe('a model with int8 weights', () => {
  const model = toInt8(lenet);

  it('is not changed by stages, and comes back as it was', async () => {
    const { container } = await compress(model, { prune: { density: 0.1 }, cluster: { bits: 2 } });
    const outputs = await logits(await decode(container, { verify: 'all' }));
    expect(outputs).toEqual(await logits(model));
    expect(distance(await logits(lenet), outputs)).toBeLessThan(0.05);
  });
});
