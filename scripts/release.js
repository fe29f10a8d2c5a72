// node scripts/release.js 0.2.0: writes the version into both packages and the date into CHANGELOG.md, checks everything as continuous
// integration does, packs both packages into out/release and looks at what was packed, commits and tags. Nothing leaves this computer:
// what is left to do is printed. `--dry-run` does all of it but the commit and the tag, and puts back what it has written;
// `--without-tests` trusts continuous integration for this commit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PACKAGES, packTo, problemsOf } from './packing/lint.js';
import { addressOf, repositoryOf } from './release/repository.js';
import { changelogOf, nextVersions } from './release/versions.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const MANIFESTS = PACKAGES.map((path) => join(path, 'package.json'));
const WRITTEN = [...MANIFESTS, 'package-lock.json', 'CHANGELOG.md'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean' }, 'without-tests': { type: 'boolean' } },
});
const isDry = values['dry-run'] ?? false;
const current = JSON.parse(read('package.json')).version;
const [version] = positionals;
const isOut = git('tag', '--list', `v${current}`) !== '';
const allowed = [...(isOut ? [] : [current]), ...nextVersions(current)];
if (positionals.length !== 1 || !allowed.includes(version))
  fail(`expected the next version, one of ${allowed.join(', ')}`);
if (git('status', '--porcelain') !== '') fail('the working tree has changes; commit them first');
if (git('tag', '--list', `v${version}`) !== '') fail(`the tag v${version} is there already`);
const stray = strayRepository();
if (stray && !isDry) fail(stray);
const changelog = changelogOf(read('CHANGELOG.md'), version, new Date());

const before = WRITTEN.map((path) => [path, read(path)]);
try {
  say('the version goes into both packages, and the date into CHANGELOG.md');
  for (const path of MANIFESTS) write(path, read(path).replace(`"version": "${current}"`, `"version": "${version}"`));
  write('CHANGELOG.md', changelog.text);
  npm('install', '--package-lock-only', '--ignore-scripts', '--offline');
  if (values['without-tests']) {
    say('lint and types are checked, but no tests');
    npm('run', 'lint');
    npm('run', 'types');
  } else {
    say('everything is checked: tests, lint, packages, types, docs');
    execFileSync('bash', ['.ci/run'], { cwd: root, stdio: 'inherit' });
  }
  say('both packages are packed into out/release');
  const tarballs = await packed();
  if (!isDry) {
    say(`commit, and tag v${version} with its part of the changelog`);
    git('commit', '--all', '--message', `Release ${version}`);
    git('tag', '--annotate', `v${version}`, '--message', `${version}\n\n${changelog.news}`);
  }
  const rest = [
    'git push --follow-tags',
    ...tarballs.map((file) => `npm publish ${file} --provenance --access public`),
  ];
  console.log(`left to do${isDry ? ', had this been no dry run' : ''}:\n${rest.map((line) => `  ${line}`).join('\n')}`);
  if (stray) console.log(`but first: ${stray}`);
} catch (problem) {
  for (const [path, text] of before) write(path, text);
  throw problem;
}
if (isDry) for (const [path, text] of before) write(path, text);

/** Packs both packages, the decoder first, which the other one names, and looks at what came out. */
async function packed() {
  const folder = join(root, 'out/release');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tarballs = PACKAGES.toReversed().map((path) => packTo(root, path, folder));
  for (const { file, name, version: has } of tarballs) {
    const problems = has === version ? await problemsOf(file) : [`expected version ${version}, got ${has}`];
    if (problems.length > 0) throw new Error(problems.map((problem) => `${name}: ${problem}`).join('\n'));
    console.log(`${name} ${has}: publint and attw find nothing`);
  }
  return tarballs.map(({ file }) => file.slice(root.length));
}

/** Why the address in package.json may be wrong, which npm shows and checks for provenance. */
function strayRepository() {
  const told = repositoryOf(root);
  const how =
    'change `repository.url` there, and run `npm run docs -- --quick`, which writes it wherever else it is said';
  if (!git('remote').split('\n').includes('origin'))
    return `package.json says that the repository is ${told}, and git has no remote "origin" to compare with; if it is another, ${how}`;
  const remote = addressOf(git('remote', 'get-url', 'origin'));
  return remote === told
    ? undefined
    : `package.json says that the repository is ${told}, git's origin is ${remote}: ${how}`;
}

function say(what) {
  console.log(`\n${isDry ? 'dry run: ' : ''}${what}`);
}

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
