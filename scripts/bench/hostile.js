// Whether containers made to cost much are refused, or decoded, within two seconds of the processor, by the decoder's tests.
//
//   npm run bench hostile
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

execFileSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/decode/decode.test.ts', ...process.argv.slice(2)],
  {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, FXQ_BENCH: 'hostile' },
    stdio: 'inherit',
  },
);
