// Looks at both packages as npm would publish them, a part of `npm run lint`: publint knows what is wrong with a package.json,
// attw whether TypeScript finds the types of every entry, by each way in which it looks for them. They are built first.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = ['.', './packages/fxq-decode'];

/** ECMAScript modules only, which need Node 16 or a bundler: what `require` or Node 10 find is not promised. */
const IGNORED = new Set(['CJSResolvesToESM']);
const PROMISED = new Set(['node16-esm', 'bundler']);

const folder = mkdtempSync(join(tmpdir(), 'lint-packages-'));
try {
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: root, stdio: 'inherit' });
  for (const path of PACKAGES) {
    const words = ['pack', path, '--json', '--ignore-scripts', '--pack-destination', folder];
    const printed = execFileSync('npm', words, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
    const [{ filename, name }] = JSON.parse(printed.slice(printed.indexOf('[')));
    const tarball = readFileSync(join(folder, filename));
    const problems = [...(await fromPublint(tarball)), ...(await fromAttw(tarball))];
    for (const problem of problems) console.error(`${name}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`${name}: packed well`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function fromPublint(tarball) {
  const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length);
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }));
}

async function fromAttw(tarball) {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
  if (!result.types) return ['no types were found'];
  const { problems } = result;
  return problems
    .filter((problem) => !IGNORED.has(problem.kind))
    .filter((problem) => !('resolutionKind' in problem) || PROMISED.has(problem.resolutionKind))
    .map((problem) => `${problem.kind} ${JSON.stringify(problem)}`);
}
