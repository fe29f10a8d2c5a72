import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compress, openOnnx, runStages, searchBudget, searchSynthetic } from '../../src/index.js';

const bytes = new Uint8Array(readFileSync(new URL('../../models/lenet-300-100.onnx', import.meta.url)));

/** What callers without types may hand over. */
const any = (value: unknown) => value as never;

describe('compress', () => {
  it.each([
    [{ prunne: { density: 0.5 } }, /^compress: expected options among .*, got prunne \(did you mean prune\?\)$/],
    [{ prune: { densty: 0.5 } }, /^compress: prune: .*, got densty \(did you mean density\?\)$/],
    [{ cluster: { bit: 5 } }, /^compress: cluster: .*, got bit \(did you mean bits\?\)$/],
    [{ density: 0.5 }, /^compress: .*, got density$/],
  ])('refuses %j, with the option that is most like it', async (options, message) => {
    await expect(compress(bytes, any(options))).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message),
    });
  });

  it('takes options that are undefined for none', async () => {
    await expect(compress(bytes, any({ cluster: { bits: 0 }, other: undefined }))).rejects.toThrow(RangeError);
  });
});

describe('what is no opened model is refused with how to open one', () => {
  const dataset = async function* () {};
  it.each<[string, string, () => Promise<unknown>]>([
    ['compress', 'a string', () => compress(any('model.onnx'))],
    ['searchSynthetic', 'a string', () => searchSynthetic(any('model.onnx'))],
    ['searchSynthetic', 'the bytes of a file', () => searchSynthetic(any(bytes))],
    ['searchBudget', 'the bytes of a file', () => searchBudget(any(bytes), { dataset })],
    ['runStages', 'undefined', () => runStages(any(undefined), [])],
    ['runStages', 'a promise \\(await it\\)', () => runStages(any(Promise.resolve(openOnnx(bytes))), [])],
  ])('%s of %s', async (name, got, call) => {
    const message = new RegExp(`^${name}: expected an opened model.*, got ${got}; openOnnx\\(await readFile`);
    await expect(call()).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringMatching(message) });
  });
});
