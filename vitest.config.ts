import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, in this order: all would wait for one that started last. Vitest knows what files took when
 * they ran before, but not on a machine that it has never run on.
 */
const SLOWEST = [
  'browser/compress',
  'browser/decode',
  'browser/playground',
  'calibrate/calibrate',
  'cli/places',
  'search/allocation/search',
  'browser/report',
  'decode/abort',
  'cli/budget',
  'browser/example',
  'search/synthetic',
  'calibrate/ocr',
].map((name) => fileURLToPath(new URL(`test/${name}.test.ts`, import.meta.url)));

for (const path of SLOWEST)
  if (!existsSync(path)) throw new Error(`${path}: no such file, but it is among the slowest`);

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = SLOWEST.indexOf(moduleId);
      return at < 0 ? SLOWEST.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One less than there are cores, otherwise: on two cores half the speed.
    maxWorkers: '100%',
    sequence: { sequencer: SlowestFirst },
  },
});
