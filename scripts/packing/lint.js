import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** Both packages. */
export const PACKAGES = ['.', './packages/fxq-decode'];

/** ECMAScript modules only, which need Node 16 or a bundler: what `require` or Node 10 find is not promised. */
const IGNORED = new Set(['CJSResolvesToESM']);
const PROMISED = new Set(['node16-esm', 'bundler']);

/** Packs a package as npm would publish it, without building it. */
export function packTo(root, path, folder) {
  const words = ['pack', path, '--json', '--ignore-scripts', '--pack-destination', folder];
  const printed = execFileSync('npm', words, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  const [{ filename, name, version }] = JSON.parse(printed.slice(printed.indexOf('[')));
  return { file: join(folder, filename), name, version };
}

/** What publint and attw have to say of a tarball: publint knows what is wrong with a package.json, attw whether TypeScript finds all types. */
export async function problemsOf(file) {
  const tarball = readFileSync(file);
  return [...(await fromPublint(tarball)), ...(await fromAttw(tarball))];
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
