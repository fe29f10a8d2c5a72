import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const script = '../../scripts/build-kernels.js';
const { compileKernels, MODULES, moduleText } = await import(script);

describe('the generated module', () => {
  it.each(MODULES as { folder: string }[])(
    'in $folder is what its sources compile to, byte for byte',
    async (module) => {
      const place = new URL(`../../${module.folder}/generated/module.ts`, import.meta.url);
      expect(moduleText(await compileKernels(module))).toBe(readFileSync(place, 'utf8'));
    },
  );
});
