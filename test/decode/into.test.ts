import { describe, expect, it } from 'vitest';
import { decode, decodeFiles, decodeForOrt, decodeTensors, type Source } from '../../src/decode/index.js';
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

  const memory = new Uint8Array(container.length + model.length).fill(1);
  memory.set(container);
  const shared = new SharedArrayBuffer(2 * model.length);
  const source = memory.subarray(0, container.length);

  it.each<[string, Source, unknown]>([
    ['the source itself', source, source],
    ['all around it', source, memory],
    ['its last byte and what follows', source, memory.subarray(container.length - 1)],
    ['the same memory, as another kind of array', memory.buffer, memory.subarray(5)],
    ['shared memory', new Uint8Array(shared, 0, container.length), new Uint8Array(shared)],
    ['a shared buffer', shared, new Uint8Array(shared, 1)],
    ['an ArrayBuffer', container, new ArrayBuffer(model.length)],
    ['a DataView', container, new DataView(new ArrayBuffer(model.length))],
    ['floats', container, new Float32Array(model.length)],
    ['a list', container, new Array(model.length).fill(0)],
    ['a number', container, model.length],
    ['null', container, null],
  ])('refuses %s, and touches nothing', async (_, source, into) => {
    const before = memory.slice();
    for (const worker of [false, true])
      await expect(decode(source, { into: into as Uint8Array<ArrayBuffer>, worker })).rejects.toThrow(
        new TypeError('into: expected a Uint8Array that shares no bytes with the source'),
      );
    expect(Buffer.compare(memory, before)).toBe(0);
  });

  it('takes memory beside the source in the same buffer', async () => {
    const result = await decode(source, { into: memory.subarray(container.length) });
    expect(Buffer.compare(result, model)).toBe(0);
    expect(Buffer.compare(source, container)).toBe(0);
  });

  it.each(['nonsense', 'ALL', '', true, null, 1])('refuses to verify %j', async (verify) => {
    const options = { verify: verify as 'all' };
    const refused = new RangeError(`verify: expected sections, all, none, got ${verify}`);
    await expect(decode(container, options)).rejects.toThrow(refused);
    await expect(decode(container, { ...options, worker: true })).rejects.toThrow(refused);
    await expect(decodeFiles(container, options)).rejects.toThrow(refused);
    await expect(decodeForOrt(container, options)).rejects.toThrow(refused);
    await expect(decodeTensors(container, options).next()).rejects.toThrow(refused);
  });

  it('interleaved calls do not disturb each other', async () => {
    const models = [1, 2, 3, 4, 5].map((seed) => modelOf(new Random(seed).clustered(20_000, 10 * seed, 0.2 * seed)));
    const decoded = await Promise.all(models.map(async (one) => decode(await encode(one))));
    for (const [i, bytes] of decoded.entries()) expect(Buffer.compare(bytes, models[i])).toBe(0);
  });
});
