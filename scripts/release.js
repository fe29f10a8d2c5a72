// node scripts/release.js 0.2.0: writes the version into both packages and the date into CHANGELOG.md, checks everything as continuous
// integration does, packs both packages into out/release, commits and tags. Nothing leaves this computer: what is left to do is printed.
// `--dry-run` says what would be done.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changelogOf, nextVersions } from './release/versions.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const MANIFESTS = ['package.json', 'packages/fxq-decode/package.json'];

const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'dry-run': { type: 'boolean' } } });
const current = JSON.parse(read('package.json')).version;
const [version] = positionals;
const allowed = nextVersions(current);
if (positionals.length !== 1 || !allowed.includes(version))
  fail(`expected the next version, one of ${allowed.join(', ')}`);
if (git('status', '--porcelain') !== '') fail('the working tree has changes; commit them first');
if (git('tag', '--list', `v${version}`) !== '') fail(`the tag v${version} is there already`);
const changelog = changelogOf(read('CHANGELOG.md'), version, new Date());

const steps = {
  'write the version into both packages, and the date into CHANGELOG.md': () => {
    for (const path of MANIFESTS) write(path, read(path).replace(`"version": "${current}"`, `"version": "${version}"`));
    write('CHANGELOG.md', changelog.text);
    npm('install', '--package-lock-only', '--ignore-scripts', '--offline');
  },
  'check everything: tests, lint, packages, types, docs': () =>
    execFileSync('bash', ['.ci/run'], { cwd: root, stdio: 'inherit' }),
  'pack both packages into out/release': () => {
    mkdirSync(join(root, 'out/release'), { recursive: true });
    for (const path of ['.', './packages/fxq-decode'])
      npm('pack', path, '--ignore-scripts', '--pack-destination', 'out/release');
  },
  [`commit, and tag v${version} with its part of the changelog`]: () => {
    git('commit', '--all', '--message', `Release ${version}`);
    git('tag', '--annotate', `v${version}`, '--message', `${version}\n\n${changelog.news}`);
  },
};
for (const [what, step] of Object.entries(steps)) {
  console.log(`${values['dry-run'] ? 'would ' : ''}${what}`);
  if (!values['dry-run']) step();
}
console.log(`left to do:
  git push --follow-tags
  npm publish out/release/fxq-decode-${version}.tgz --provenance --access public
  npm publish out/release/fxq-compress-${version}.tgz --provenance --access public`);

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

function write(path, text) {
  writeFileSync(join(root, path), text);
}

function git(...words) {
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
}

function npm(...words) {
  execFileSync('npm', words, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}

function fail(why) {
  console.error(`release: ${why}`);
  process.exit(2);
}
