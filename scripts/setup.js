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

// The browser tests need a Chromium. Where Debian's can be had it is installed; elsewhere these tests say what to do.
const places = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
const canInstall = existsSync('/usr/bin/apt-get') && process.getuid?.() === 0 && !process.env.CHROMIUM;
if (process.argv.includes('--with-chromium') && canInstall && !places.some(existsSync)) {
  const apt = (...words) => execFileSync('apt-get', ['-qq', ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    apt('update');
    apt('install', '-y', 'chromium');
  } catch {
    console.error('Chromium could not be installed: the browser tests will not run');
  }
}
