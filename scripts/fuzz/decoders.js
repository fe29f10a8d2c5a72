// The two decoders under test, in one process: the package's, and the same one where it finds no WebAssembly.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const entry = here('../../build/decode/index.js');

export async function loadDecoders() {
  const folder = mkdtempSync(join(os.tmpdir(), 'fuzz-'));
  try {
    const wasm = await load(join(folder, 'wasm.mjs'), {});
    const define = { WebAssembly: 'undefined' };
    return { wasm, reference: await load(join(folder, 'reference.mjs'), { define }) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function load(outfile, options) {
  const common = { bundle: true, format: 'esm', platform: 'neutral', external: ['node:*'], logLevel: 'error' };
  await build({ ...common, ...options, entryPoints: [entry], outfile, inject: [here('metered.js')] });
  const decoder = await import(pathToFileURL(outfile).href);
  const meter = globalThis.fuzzMeter;
  return { ...decoder, meter };
}
