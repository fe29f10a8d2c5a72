import { describe, expect, it } from 'vitest';
import { inspect } from '../../src/decode/index.js';
import { encode, modelOf, roundTrip } from '../support/container.js';
import { Random } from '../support/random.js';

/** Clustered weights in which the scale of each index of dimension `axis` is one of three. */
function scaled(dims: number[], axis: number, density: number): Float32Array {
  const random = new Random(7);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => {
    const line = Math.floor(i / inner) % dims[axis];
    const scale = [1, 3, 12][(line * 7) % 3];
    if (random.float() >= density) return 0;
    const bell = random.float() + random.float() + random.float() - 1.5;
    return Math.round(bell * scale * 2) / 8 || 0.125;
  });
}

describe('lines of classes', () => {
  for (const dims of [[96, 300], [24, 40, 3, 3], [50, 70, 5], [3, 9000], [9000, 3]]) {
    for (const axis of dims.keys()) {
      for (const density of [1, 0.3, 0.05]) {
        it(`along ${axis} of ${dims.join(' × ')}, ${density * 100} % kept: exact`, async () => {
          const model = modelOf(scaled(dims, axis, density), dims);
          const { container, files } = await roundTrip(model);
          expect(Buffer.compare(files[''], model)).toBe(0);
          const { lines } = (await inspect(container)).tensors[0];
          expect(lines.classes).toBeLessThanOrEqual(8);
          if (lines.classes > 1) expect(lines.count).toBe(dims[axis]);
        });
      }
    }
  }

  it('are there where channels differ in scale, along the dimension of these, and save what they should', async () => {
    for (const axis of [0, 1]) {
      const weights = scaled([400, 300], axis, 1);
      const { tensors } = await inspect(await encode(modelOf(weights, [400, 300])));
      expect(tensors[0].lines).toMatchObject({ count: [400, 300][axis], inner: [300, 1][axis] });
      expect(tensors[0].lines.classes).toBeGreaterThan(1);
      const flat = await inspect(await encode(modelOf(weights)));
      expect(tensors[0].section.length).toBeLessThan(0.9 * flat.tensors[0].section.length);
    }
  });

  it('are not there where all channels are alike', async () => {
    const weights = new Random(3).clustered(120_000, 30, 1);
    const { tensors } = await inspect(await encode(modelOf(weights, [400, 300])));
    expect(tensors[0].lines.classes).toBe(1);
  });
});
