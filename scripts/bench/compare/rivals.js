// What else makes a file smaller: gzip and brotli as Node has them, xz and zstd as the system has them.
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, statSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

/** One thread each, as the browsers' formats have it, and so that times compare. */
const PROGRAMS = { 'xz -9': ['xz', '-9', '--threads=1', '--stdout'], 'zstd -19': ['zstd', '-19', '--stdout', '-q'] };

/** Programs that are not installed, by name. */
export const missing = Object.keys(PROGRAMS).filter((name) => {
  try {
    execFileSync(PROGRAMS[name][0], ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});

async function sizeThrough(path, transform) {
  let size = 0;
  const count = new Writable({
    write(chunk, _, done) {
      size += chunk.length;
      done();
    },
  });
  await pipeline(createReadStream(path), transform, count);
  return size;
}

async function sizeFrom([program, ...words], path) {
  const child = spawn(program, [...words, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let size = 0;
  for await (const chunk of child.stdout) size += chunk.length;
  if (child.exitCode) throw new Error(`${program} failed on ${path}`);
  return size;
}

const brotli = (path) =>
  createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: statSync(path).size,
    },
  });

/** Bytes of a file after each: `{name: path => Promise<bytes>}`. */
export const RIVALS = {
  'gzip 9': (path) => sizeThrough(path, createGzip({ level: 9 })),
  'brotli 11': (path) => sizeThrough(path, brotli(path)),
  ...Object.fromEntries(
    Object.keys(PROGRAMS)
      .filter((name) => !missing.includes(name))
      .map((name) => [name, (path) => sizeFrom(PROGRAMS[name], path)]),
  ),
};
