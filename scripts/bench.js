// Runs a benchmark by its name, or lists them all: every file of scripts/bench/ is one, and its first line says what it
// measures.
//
//   npm run bench [NAME] [-- ARGUMENTS]
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'scripts/bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => basename(file, '.js'));
const [name, ...args] = process.argv.slice(2);

if (name === undefined) {
  console.log('npm run bench NAME [-- ARGUMENTS]; the head of scripts/bench/NAME.js tells the arguments\n');
  for (const each of names) console.log(`${each.padEnd(18)} ${subjectOf(each)}`);
} else if (names.includes(name)) {
  execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'inherit' });
  const bench = spawn(process.execPath, [join(folder, `${name}.js`), ...args], { stdio: 'inherit' });
  bench.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`bench: expected one of ${names.join(', ')}; got ${name}`);
  process.exitCode = 2;
}

/** The first line of a benchmark's file, without its slashes. */
function subjectOf(bench) {
  const [line] = readFileSync(join(folder, `${bench}.js`), 'utf8').split('\n', 1);
  return line.replace(/^\/\/ /, '');
}
