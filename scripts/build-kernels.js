// Compiles the kernels of decoding, src/kernels/decode/assembly/, of encoding, src/kernels/encode/assembly/, and of calibration,
// src/kernels/calibrate/assembly/, and writes each module to generated/module.ts beside its sources, as a string of characters below 256: a server deflates that
// better than base64, which hides what repeats.
//
//   node scripts/build-kernels.js
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The modules. The decoder's memory is what memory.ts lays out, and never grows; the others' grow with the layer. */
export const MODULES = [
  { folder: 'src/kernels/decode', isFixed: true },
  { folder: 'src/kernels/encode', isFixed: false },
  { folder: 'src/kernels/calibrate', isFixed: false },
];

/**
 * Repeats the body of each loop under a comment that begins with `unroll`, as often as the loop would: neither the
 * compiler nor the machine's does, and a counter less is a tenth of the time.
 */
function unroll(text) {
  const loop = /^( *)\/\/ unroll.*\n *for \(let \w+ = (\d+); \w+; \w+--\) (\{\n[\s\S]*?\n\1\})\n/gm;
  return text.replace(loop, (_, indent, times, body) => `${indent}${body}\n`.repeat(Number(times)));
}

function readSource(name, folder) {
  try {
    return unroll(readFileSync(resolve(folder, name), 'utf8'));
  } catch {
    return null;
  }
}

/** Compiles a module's kernels and gives its bytes. */
export async function compileKernels({ folder: source, isFixed } = MODULES[0]) {
  const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
  try {
    const pages = isFixed ? /PAGES = (\d+)/.exec(readFileSync(join(root, source, 'memory.ts'), 'utf8'))[1] : '1';
    const { error, stderr } = await asc.main(
      [
        join(root, source, 'assembly/index.ts'),
        ...['--outFile', join(folder, 'kernels.wasm')],
        ...['-O3', '--shrinkLevel', '1', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
        // Nothing is allocated and no global is needed; the decoder's memory is what memory.ts lays out, and never grows.
        ...['--initialMemory', pages, '--maximumMemory', isFixed ? pages : '65536'],
      ],
      { readFile: readSource },
    );
    if (error) throw new Error(`${error.message}\n${stderr}`);
    return readFileSync(join(folder, 'kernels.wasm'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A byte as a character of a string between single quotes. */
function escaped(byte) {
  const char = String.fromCharCode(byte);
  if (char === "'" || char === '\\') return `\\${char}`;
  return byte >= 32 && byte < 127 ? char : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The generated file's text. */
export function moduleText(wasm) {
  return [
    '// Made by scripts/build-kernels.js from ../assembly/; a test compares the two. Do not edit.',
    `export const MODULE = '${Array.from(wasm, escaped).join('')}';`,
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const module of MODULES) {
    const wasm = await compileKernels(module);
    writeFileSync(join(root, module.folder, 'generated/module.ts'), moduleText(wasm));
    console.log(`${module.folder}: ${wasm.length} bytes`);
  }
}
