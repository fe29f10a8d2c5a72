import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.js';
import { encode, modelOf } from '../support/container.js';
import { Random } from '../support/random.js';

describe('decode with memory to decode into', async () => {
  const model = modelOf(new Random(1).clustered(70_000, 20, 0.4));
  const container = await encode(model);

  it('fills it, returns the part that the file takes and touches nothing else', async () => {
    const memory = new Uint8Array(model.length + 20).fill(0xaa);
    const into = memory.subarray(3, -5);
    const result = await decode(container, { into, verify: 'all' });
    expect(Buffer.compare(result, model)).toBe(0);
    expect([result.buffer, result.byteOffset]).toEqual([memory.buffer, 3]);
    const rest = [...memory.subarray(0, 3), ...memory.subarray(3 + model.length)];
    expect(rest).toEqual(new Array(20).fill(0xaa));
    const exact = new Uint8Array(model.length);
    expect(Buffer.compare(await decode(container, { into: exact }), model)).toBe(0);
  });

  it('refuses too little of it, with both numbers', async () => {
    const into = new Uint8Array(model.length - 1);
    await expect(decode(container, { into })).rejects.toThrow(RangeError);
    await expect(decode(container, { into })).rejects.toThrow(
      `${model.length} bytes for the model, got ${into.length}`,
    );
    expect(into.every((byte) => byte === 0)).toBe(true);
  });

  it('interleaved calls do not disturb each other', async () => {
    const models = [1, 2, 3, 4, 5].map((seed) => modelOf(new Random(seed).clustered(20_000, 10 * seed, 0.2 * seed)));
    const decoded = await Promise.all(models.map(async (one) => decode(await encode(one))));
    for (const [i, bytes] of decoded.entries()) expect(Buffer.compare(bytes, models[i])).toBe(0);
  });
});
