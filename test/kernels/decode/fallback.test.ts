import { afterEach, describe, expect, it, vi } from 'vitest';
import { encode, modelOf } from '../../support/container.js';
import { Random } from '../../support/random.js';

/** A fresh copy of the decoder, which has not looked for WebAssembly yet. */
async function freshDecoder() {
  vi.resetModules();
  const { loadKernels } = await import('../../../src/kernels/decode/index.js');
  const { decode } = await import('../../../src/decode/index.js');
  const { stripes } = await import('../../../src/binary/xxh32.js');
  return { decode, isReference: async () => (await loadKernels()).stripes === stripes };
}

describe('the kernels', async () => {
  afterEach(() => vi.unstubAllGlobals());
  const model = modelOf(new Random(6).clustered(50_000, 30, 0.3));
  const container = await encode(model);

  it('are WebAssembly where there is any', async () => {
    const { decode, isReference } = await freshDecoder();
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    expect(await isReference()).toBe(false);
  });

  it('are WebAssembly where a page may not wait for it to be compiled', async () => {
    const refuse = () => {
      throw new RangeError(
        'WebAssembly.Module is disallowed on the main thread, if the buffer size is larger than 4KB',
      );
    };
    vi.stubGlobal('WebAssembly', { Module: refuse, instantiate: WebAssembly.instantiate });
    const { decode, isReference } = await freshDecoder();
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    expect(await isReference()).toBe(false);
  });

  it('are the reference where there is none', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    const { decode, isReference } = await freshDecoder();
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    expect(await isReference()).toBe(true);
  });

  it('are the reference where compiling is forbidden', async () => {
    const forbid = () => {
      throw new Error('blocked by the Content-Security-Policy');
    };
    vi.stubGlobal('WebAssembly', { Module: forbid, compile: forbid, instantiate: forbid, validate: forbid });
    const { decode, isReference } = await freshDecoder();
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    expect(await isReference()).toBe(true);
  });
});
