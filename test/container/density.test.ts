import { describe, expect, it } from 'vitest';
import { planGap } from '../../src/container/write/gap.js';
import { planMask } from '../../src/container/write/layouts.js';
import { asUnits, indexUnits } from '../../src/container/write/symbols.js';
import { inspect } from '../../src/decode/index.js';
import { createRandom } from '../../src/random.js';
import { encode, modelOf } from '../support/container.js';
import { bytesOf } from '../support/protobuf.js';
import { throughBoth } from '../support/through-both.js';

/** Weights of thirty values, of which each line keeps a share of its own. */
function pruned(dims: readonly number[], shareOf: (line: number) => number): Float32Array {
  const { float, below } = createRandom(4);
  const count = dims.reduce((a, b) => a * b, 1);
  const inner = count / dims[0];
  return Float32Array.from({ length: count }, (_, i) =>
    float() < shareOf(Math.floor(i / inner)) ? (below(30) + 1) ** 1.5 / 64 : 0,
  );
}

describe('lines of pruned tensors', () => {
  it.each([
    ['few weights', (line: number) => (line % 3 ? 0.03 : 0.2)],
    ['a third of them', (line: number) => (line % 3 ? 0.15 : 0.7)],
  ])('have codes by how many weights are left, where these differ: %s', async (_, shareOf) => {
    const dims = [96, 300];
    const weights = pruned(dims, shareOf);
    const { layout, lines, section } = (await throughBoth(weights, dims)).tensor;
    expect(['gap', 'mask']).toContain(layout);
    expect(lines).toMatchObject({ classes: expect.any(Number), count: 96 });
    expect(lines.classes).toBeGreaterThan(1);
    const indexed = indexUnits(asUnits(bytesOf(weights), 4))!;
    const whole = Math.min(planGap(indexed, true)!.bytes, planMask(indexed, true)!.bytes);
    expect(section.length).toBeLessThan(0.98 * whole);
  });

  it.each([
    ['as many are left of each', [96, 300], () => 0.2],
    ['they are short', [600, 40], (line: number) => (line % 3 ? 0.05 : 0.5)],
    ['there are few weights', [20, 300], (line: number) => (line % 3 ? 0.05 : 0.5)],
  ])('have none where %s', async (_, dims, shareOf) => {
    const { tensors } = await inspect(await encode(modelOf(pruned(dims, shareOf), dims)));
    expect(tensors[0].lines.classes).toBe(1);
  });
});
