// Whether a page stays free while a worker decodes 64 MB: its longest pause in Chromium, by the tests of test/browser/.
//
//   npm run bench page
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

execFileSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/browser/decode.test.ts', ...process.argv.slice(2)],
  {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, FXQ_BENCH: 'page' },
    stdio: 'inherit',
  },
);
