import { describe, expect, it } from 'vitest';
import type { WireTensor } from '../../src/container/header.js';
import { decode, inspect } from '../../src/decode/index.js';
import { forge } from '../support/forge.js';

/** A container of so many tensors, all of which but each `share`th have the section of the one before; no section is sound. */
function manyOf(fields: Partial<WireTensor> & { y: number; d: number[] }, count: number, share: number): Uint8Array {
  const { y, d, s = 0 } = fields;
  const own = { n: '', g: 0, ...fields };
  const tensors = Array.from({ length: count }, (_, i): WireTensor => {
    const twin = { n: '', y, d, g: 0, r: i - (i % share) };
    return { ...(i % share === 0 ? own : twin), n: `t${i}` };
  });
  const units = d.reduce((a, b) => a * b, 1);
  const size = count * units * (y === 11 ? 8 : y === 1 ? 4 : 1);
  const sections = Array.from({ length: Math.ceil(count / share) }, () => new Uint8Array(s));
  return forge({ f: [['', size, 0]], t: tensors }, new Uint8Array(), sections);
}

describe('codes that are more than a container of its size may have', () => {
  it.each([
    ['dense, in classes', { y: 1, d: [8, 8], l: 3, k: 1024, m: 8, s: 60 }, 4000, 8],
    ['dense, in one', { y: 1, d: [64], l: 3, k: 1024, s: 60 }, 4000, 64],
    ['masks', { y: 2, d: [8, 4], l: 5, k: 200, m: 4, s: 9 }, 4000, 16],
    ['gaps', { y: 1, d: [64], l: 4, k: 1000, q: 8, s: 9 }, 4000, 64],
    ['planes', { y: 11, d: [2], l: 6, s: 20 }, 4000, 64],
    ['packed', { y: 1, d: [2], l: 2, k: 1024, s: 20 }, 4000, 64],
    ['steps of lines', { y: 1, d: [1, 2 ** 20], a: 1, l: 3, c: 3, k: 2, s: 2 ** 17 }, 30, 30],
    ['steps of lines, of a few', { y: 1, d: [2 ** 20], l: 3, c: 3, k: 2, s: 2 ** 17 }, 2, 64],
    ['classes of lines', { y: 2, d: [2 ** 20], l: 3, k: 2, m: 2, s: 2 ** 17 }, 32, 32],
  ])('are refused before any is read: %s', async (_, fields, count, share) => {
    const container = manyOf(fields, count, share);
    const refused = { code: 'CONTAINER_MALFORMED', message: expect.stringMatching(/at most \d+ symbols, got \d+/) };
    await expect(inspect(container)).rejects.toMatchObject(refused);
    await expect(decode(container, { verify: 'none' })).rejects.toMatchObject(refused);
  });

  it.each([
    ['fewer', { y: 1, d: [64], l: 3, k: 1024, s: 60 }, 2700, 64],
    ['in sections of their own', { y: 1, d: [64], l: 3, k: 200, s: 200 }, 3000, 1],
    ['verbatim', { y: 1, d: [4], l: 1, s: 16 }, 4500, 64],
    ['inline, of none', { y: 1, d: [0] }, 5000, 64],
    ['lines of few', { y: 1, d: [2 ** 20], l: 3, c: 3, k: 2, s: 2 ** 17 }, 1, 64],
    ['no lines', { y: 1, d: [2 ** 20], l: 3, k: 2, s: 2 ** 17 }, 30, 30],
    ['planes of one', { y: 2, d: [9], l: 6, s: 20 }, 4000, 64],
  ])('are those, and no others: %s', async (_, fields, count, share) => {
    expect((await inspect(manyOf(fields, count, share))).tensors).toHaveLength(count);
  });

  it('are never those of no class at all, which would stand for any number of tensors', async () => {
    const refused = { code: 'CONTAINER_MALFORMED', message: expect.stringContaining('classes') };
    await expect(inspect(manyOf({ y: 1, d: [4], l: 3, k: 2, m: 0, s: 9 }, 100, 100))).rejects.toMatchObject(refused);
  });
});
