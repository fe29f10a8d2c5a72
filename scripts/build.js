// Compiles src/ into build/, module by module for scripts, and from that makes dist/, which is what ships: few files, as
// each costs Node a millisecond to load. Both folders are emptied first, so that no file outlives its source.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { packDecoder } from './packing/decoder.js';
import { buildOnPacked, packDependencies } from './packing/dependencies.js';
import { copyTypes } from './packing/types.js';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const folder of ['build', 'dist']) rmSync(join(root, folder), { recursive: true, force: true });
// By its name: other releases are there, too, for tools that need their programming interface and for a test, and which of
// them is `tsc` depends on the order in which they were installed.
const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

/**
 * Packages that ship with this one, as files of `dist/packed/`: a fifth of what installing them weighs, no scripts that run when they are
 * installed, and pages without a bundler can load them. What only the program needs is installed beside it.
 */
const PACKED = {
  'cbor-x': 'cbor-x',
  fflate: 'fflate',
  linkedom: 'linkedom',
  'onnx-proto': 'onnx-proto',
  plot: '@observablehq/plot',
};
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  mainFields: ['module', 'main'],
  // What linkedom can do without, and does here.
  external: ['node:*', 'canvas', ...Object.keys({ ...dependencies, ...peerDependencies })],
  logLevel: 'warning',
};
await packDependencies(options, join(root, 'dist/packed'), PACKED);
const ours = { ...options, outbase: 'build', outdir: 'dist' };
const pack = (more) => buildOnPacked({ ...ours, ...more }, join(root, 'dist/packed'), PACKED);

// The library's entries share what they have in common, so that there is one FxqError. Not minified: stack traces can be
// read, and there is no need for source maps. Shared code stands in decode/, where `new URL(
// './decode-worker.js', import.meta.url)` finds the same file as in the sources.
const entryPoints = [
  'build/index.js',
  'build/decode/index.js',
  'build/session/index.js',
  'build/transformers/index.js',
];
await pack({ entryPoints, splitting: true, chunkNames: 'decode/[name]-[hash]' });

// The program is cut by its commands, each of which loads what it needs. The library, cut in the same way, would be
// dozens of files; so the program shares none of them.
await pack({ entryPoints: ['build/cli/program.js'], splitting: true, chunkNames: 'cli/[name]-[hash]' });

// A worker is a realm of its own, which can share nothing: one file, and fewer requests where no bundler is used.
const workers = readdirSync(join(root, 'build'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\bworker\.js$/.test(path))
  .map((path) => `build/${path}`);
await build({ ...ours, entryPoints: workers });

copyTypes(
  [
    'index.d.ts',
    'decode/index.d.ts',
    'decode/decode-worker.d.ts',
    'compress-worker.d.ts',
    'session/index.d.ts',
    'transformers/index.d.ts',
    'cli/program.d.ts',
  ],
  join(root, 'dist'),
);

await packDecoder();

// For editors: what a config file may say.
const { configSchema } = await import('../build/cli/config.js');
writeFileSync(join(root, 'dist/config.schema.json'), `${JSON.stringify(configSchema(), undefined, 2)}\n`);
