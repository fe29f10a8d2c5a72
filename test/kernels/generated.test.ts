import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

describe('the generated module', () => {
  it('is what its sources compile to, byte for byte', async () => {
    const script = '../../scripts/build-kernels.js';
    const { compileKernels, moduleText } = await import(script);
    const committed = readFileSync(new URL('../../src/kernels/generated/module.ts', import.meta.url), 'utf8');
    expect(moduleText(await compileKernels())).toBe(committed);
  });
});
