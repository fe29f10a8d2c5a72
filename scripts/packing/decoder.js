import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { copyTypes } from './types.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, 'packages/fxq-decode');

/** Packs the decoder, compiled into build/, for the package that has nothing else: minified, with maps for stack traces. */
export async function packDecoder() {
  rmSync(join(home, 'dist'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['build/decode/index.js', 'build/decode/decode-worker.js'],
    outdir: join(home, 'dist'),
    // A worker can load what the page has loaded: the package is half as large with the decoder in it once.
    splitting: true,
    bundle: true,
    minify: true,
    sourcemap: true,
    // The kernels are a string of bytes, and half of them would be escaped.
    charset: 'utf8',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['node:*'],
    logLevel: 'warning',
  });
  copyTypes(['decode/index.d.ts', 'decode/decode-worker.d.ts'], join(home, 'dist/types'));
  cpSync(join(root, 'LICENSE'), join(home, 'LICENSE'));
}
