import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode, decodeFiles } from '../../src/decode/index.js';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../../src/pipeline/compress.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { compress } from '../../src/search/compress.js';
import { generatedModels } from '../support/models.js';
import { atOddOffset, memoryFiles } from '../support/sources.js';

const lenet = new Uint8Array(readFileSync('models/lenet-300-100.onnx'));
/** Without running the model. */
const plain = { synthetic: false } as const;

describe('encode', () => {
  it.each(generatedModels())('$name', async ({ bytes, external = {} }) => {
    const container = await encode(atOddOffset(bytes), { external: memoryFiles(external) });
    const files = await decodeFiles(container, { verify: 'all' });
    expect(Buffer.compare(files[0].bytes, bytes)).toBe(0);
    for (const { name, bytes: rebuilt } of files.slice(1)) expect(rebuilt).toEqual(external[name]);
  });
});

describe('compress', () => {
  it('prunes and clusters as it is told', async () => {
    const { container, stages } = await compress(lenet, { prune: { density: 0.1 }, cluster: { bits: 4 } });
    expect(stages.map(({ name }) => name)).toEqual(['prune', 'cluster', 'encode', 'verify']);
    const { tensors } = inspectOnnx(openOnnx(await decode(container)));
    expect(tensors[0]).toMatchObject({ name: 'fc1.weight', density: 0.1 });
    expect(tensors[0].clusters).toBeLessThanOrEqual(16);
  });

  it('chooses values by made inputs by default, or says why not', async () => {
    const { stages, synthetic } = await compress(lenet);
    expect(stages.map(({ name }) => name)).toEqual(['calibrate', 'encode', 'verify']);
    expect(synthetic).toMatchObject({ kind: 'pictures', isReached: true });
    const { Tensor } = await loadRuntime();
    const broken = { InferenceSession: { create: () => Promise.reject(new Error('not today')) }, Tensor };
    const closed = await compress(lenet, { synthetic: { runtime: broken } });
    expect(closed.synthetic).toMatch(/not today/);
    expect(closed.container).toEqual((await compress(lenet, plain)).container);
  });

  it('clusters only if told not to, and keeps values if told', async () => {
    expect((await compress(lenet, plain)).stages.map(({ name }) => name)).toEqual(['cluster', 'encode', 'verify']);
    const { container } = await compress(lenet, { cluster: false });
    expect(Buffer.compare(await decode(container), lenet)).toBe(0);
  });

  it('gives the same bytes each time', async () => {
    const [a, b] = [await compress(lenet, plain), await compress(openOnnx(lenet), plain)];
    expect(Buffer.compare(a.container, b.container)).toBe(0);
  });

  it('does not change its input', async () => {
    const before = lenet.slice();
    await compress(lenet, { prune: { density: 0.5 } });
    expect(Buffer.compare(before, lenet)).toBe(0);
  });

  it('refuses wrong options before any work, and stops when told', async () => {
    await expect(compress(new Uint8Array(), { cluster: { bits: 40 } })).rejects.toThrow(RangeError);
    const aborted = compress(lenet, { ...plain, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('tells its progress', async () => {
    const shares: number[] = [];
    await compress(lenet, { ...plain, onProgress: (share) => shares.push(share) });
    expect(shares.length).toBeGreaterThan(1);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  it('keeps nothing that does not decode to what was encoded', async () => {
    const model = openOnnx(lenet);
    const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 4);
    const broken: Model = {
      ...model,
      tensors: model.tensors.map((each) => ({ ...each, payload: { read: () => cut(each.payload.read()) } })),
    };
    await expect(encode(broken)).rejects.toMatchObject({
      code: 'CHECKSUM',
      message: expect.stringMatching(/^the container does not decode to what was encoded \(.+\); nothing was kept$/),
    });
  });
});
