import { afterEach, describe, expect, it, vi } from 'vitest';
import { MODULE as fixed } from '../../src/kernels/decode/generated/module.js';
import { MODULE as growing } from '../../src/kernels/encode/generated/module.js';
import { type Exports, instancesOf, instantiate, lender, orReference } from '../../src/kernels/loader.js';

afterEach(() => vi.unstubAllGlobals());

const same = (exports: Exports) => exports;

describe('the loader of kernels', () => {
  it('lends the same instance again', () => {
    const lend = lender(instancesOf(growing, 1 << 20));
    expect(lend(0, same)).toBe(lend(100_000, same));
  });

  it('grows the memory to what the work needs, and keeps no instance that has become too large', () => {
    const lend = lender(instancesOf(growing, 1 << 20));
    const sizes = [1, 65_536, 65_537, 1 << 20].map((bytes) => lend(bytes, ({ memory }) => memory.buffer.byteLength));
    expect(sizes).toEqual([65_536, 65_536, 131_072, 1 << 20]);
    const large = lend((1 << 20) + 1, same);
    expect(large.memory.buffer.byteLength).toBe((1 << 20) + 65_536);
    expect(lend(0, same)).not.toBe(large);
  });

  it('lends another instance while one is lent, and after work that has thrown', () => {
    const lend = lender(instancesOf(growing, 1 << 20));
    const first = lend(0, same);
    lend(0, (outer) => {
      expect(outer).toBe(first);
      lend(0, (inner) => expect(inner).not.toBe(outer));
    });
    let thrower: Exports | undefined;
    const fail = () =>
      lend(0, (exports) => {
        thrower = exports;
        throw new Error('in between');
      });
    expect(fail).toThrow('in between');
    expect(lend(0, same)).not.toBe(thrower);
  });

  it('takes the reference where compiling fails, for whatever reason', () => {
    const reference = {};
    const compile = () => lender(instancesOf(growing, 0));
    expect(orReference(compile, reference)).not.toBe(reference);
    expect(orReference(() => lender(instancesOf('not a module', 0)), reference)).toBe(reference);
    vi.stubGlobal('WebAssembly', undefined);
    expect(orReference(compile, reference)).toBe(reference);
  });

  it('fails to instantiate what is no module, and where there is no WebAssembly', async () => {
    expect((await instantiate(fixed)).memory).toBeInstanceOf(WebAssembly.Memory);
    await expect(instantiate('\0asm')).rejects.toThrow();
    vi.stubGlobal('WebAssembly', undefined);
    await expect(instantiate(fixed)).rejects.toThrow();
  });
});
