// How long the program takes to start, to tell its version and the help of each command.
//
//   npm run bench start [rounds]
//
// A command's help loads all that the command works with. Every run is a fresh process. Each round has one of each, an
// empty module among them, in turns; the least of the times, as whatever else the machine does only adds to them, and
// what that is more than the empty module's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a version may take beyond an empty module. */
const CEILING_MS = 60;
const rounds = Number(process.argv[2] ?? 15);
const program = fileURLToPath(new URL('../../bin/fxq-compress.js', import.meta.url));
const folder = mkdtempSync(join(os.tmpdir(), 'start-'));

try {
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, 'export {};');
  const help = spawnSync(process.execPath, [program, '--help'], { encoding: 'utf8' }).stdout;
  const commands = Array.from(help.matchAll(/^ {2}([a-z]+) \[options\]/gm), ([, name]) => name);
  if (commands.length === 0) throw new Error('the help lists no commands');
  const works = {
    'an empty module': [empty],
    '--version': [program, '--version'],
    '--help': [program, '--help'],
    ...Object.fromEntries(commands.map((name) => [`${name} --help`, [program, name, '--help']])),
  };

  const names = Object.keys(works);
  const best = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      best[name] = Math.min(best[name], timeOf(works[name]));
    }
  }
  console.log(`Node ${process.version}, ${os.cpus()[0].model}; the fastest of ${rounds} processes\n`);
  console.log('ms                       start   more than an empty module');
  for (const name of names) {
    const more = best[name] - best['an empty module'];
    console.log(`${name.padEnd(20)}${best[name].toFixed(1).padStart(10)}${more.toFixed(1).padStart(10)}`);
  }
  const more = best['--version'] - best['an empty module'];
  if (more > CEILING_MS) throw new Error(`--version takes ${more.toFixed(1)} ms, expected at most ${CEILING_MS}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The time of a process, in milliseconds. */
function timeOf(args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}
