import { describe, expect, it } from 'vitest';
import { fidelityMeter } from '../../src/sensitivity/meters.js';

const CLASSES = 5;
const floats = (dims: number[], value: (i: number) => number) => ({
  ...{ type: 'float32', dims },
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
});

async function divergenceOf(wanted: ReturnType<typeof floats>, got: typeof wanted) {
  const meter = fidelityMeter({ output: 'y' });
  const batch = { inputs: { x: floats([1, 3, 8, 8], () => 0) } };
  await meter.add({ y: got }, { batch, samples: 1, labels: undefined, outputs: { y: wanted } });
  return meter.result();
}

describe('how far decisions diverge', () => {
  it('is seen at every place of a map of classes', async () => {
    // Each place decides on one class, and then on the next.
    const map = (by: number) =>
      floats([1, CLASSES, 4, 4], (i) => 6 * Number(((i % 16) + by) % CLASSES === Math.floor(i / 16)));
    const { kl, agreement } = await divergenceOf(map(0), map(1));
    expect(agreement).toBe(0);
    const sum = Math.exp(6) + CLASSES - 1;
    expect(kl).toBeCloseTo((6 * (Math.exp(6) - 1)) / sum, 5);
  });

  it('is seen at every share of a map', async () => {
    const shares = (by: number) => floats([1, 1, 4, 4], (i) => ((i + by) % 2 ? 0.9 : 0.1));
    const { kl, agreement } = await divergenceOf(shares(0), shares(1));
    expect(agreement).toBe(0);
    expect(kl).toBeCloseTo(0.8 * Math.log(9), 5);
  });
});
