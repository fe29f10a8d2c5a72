// Looks at both packages as npm would publish them, with publint and attw, a part of `npm run lint`. They are built first.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGES, packTo, problemsOf } from './packing/lint.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lint-packages-'));
try {
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'inherit' });
  for (const path of PACKAGES) {
    const { file, name } = packTo(root, path, folder);
    const problems = await problemsOf(file);
    for (const problem of problems) console.error(`${name}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`${name}: packed well`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
