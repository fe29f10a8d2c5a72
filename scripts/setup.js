// Runs before `npm start` and `npm test`: installs what is missing, then builds. It imports nothing that needs installing.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = `${root}node_modules/.package-lock.json`;
const declared = ['package.json', 'package-lock.json'].map((name) => statSync(`${root}${name}`).mtimeMs);

if (!existsSync(installed) || statSync(installed).mtimeMs < Math.max(...declared)) {
  // `npm install` rather than `npm ci`: it leaves a tree that is already right alone.
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['install', '--no-save'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}
execFileSync(process.execPath, [`${root}scripts/build.js`], { cwd: root, stdio: 'inherit' });
