// How fast weights come back: decoding against memcpy, and against brotli on 8-bit indices with a look-up of floats.
//
//   npm run bench:decode [-- rounds]
//
// 16 Mi weights (64 MiB of float32) a case. All methods take turns in one process; medians, and their speed relative to
// memcpy's median in the same run. Cold start is that of fresh processes, against one that imports an empty module.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { decodeSection, verifySection } from '../../dist/container/read/index.js';
import { writeContainer } from '../../dist/container/write/container.js';
import { decode, inspect } from '../../dist/decode/index.js';
import { loadKernels } from '../../dist/kernels/index.js';
import { openOnnx } from '../../dist/onnx/open.js';

const WEIGHTS = 1 << 24;
const rounds = Number(process.argv[2] ?? 9);

// Memory of the run before is given back first, so that nobody pays for another's.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const CASES = [
  { name: '5-bit dense', clusters: 32, density: 1, kernel: 0.65 },
  { name: '8-bit dense', clusters: 256, density: 1, kernel: 0.45 },
  { name: '10 % kept', clusters: 32, density: 0.1, kernel: 0.65 },
  { name: '4 % kept', clusters: 32, density: 0.04, kernel: 0.65 },
];

/** What decoding should reach, next to the speed of the kernel in each case: times memcpy, times brotli. */
const AIMS = { decode: 0.45, brotli: 3.5, fresh: 0.6 };

/** A measured ratio next to its aim. */
const judge = (ratio, aim) => `${ratio.toFixed(2)} (aim ${aim}: ${ratio >= aim ? 'met' : 'missed'})`;

let state = 12345;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
}

/** Indices of clusters over ±3.3 deviations of a bell, as linear initialisation places them; 255 for zero. */
function makeIndices(count, { clusters, density }) {
  return Uint8Array.from({ length: count }, () => {
    if (density < 1 && uniform() >= density) return 255;
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.max(0, Math.min(clusters - 1, Math.floor(clusters * (0.5 + normal / 6.6))));
  });
}

function codebook({ clusters, density }) {
  const values = Float32Array.from({ length: 256 }, (_, i) => ((i + 0.5) / clusters - 0.5) / 4);
  if (density < 1) values[255] = 0;
  return values;
}

function lookUp(indices, values, out) {
  for (let i = 0; i < indices.length; i++) out[i] = values[indices[i]];
}

/** An ONNX file with one initializer. */
function onnxOf(floats) {
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
  const raw = new Uint8Array(floats.buffer);
  const tensor = [0x08, ...varint(floats.length), 0x10, 1, 0x42, 1, 119, 0x4a, ...varint(raw.length)];
  const graph = [0x2a, ...varint(tensor.length + raw.length), ...tensor];
  return new Uint8Array(
    Buffer.concat([Buffer.from([0x08, 8, 0x3a, ...varint(graph.length + raw.length), ...graph]), raw]),
  );
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Runs all methods in turn, each time starting with another one; gives the median milliseconds by name. */
async function rotate(methods) {
  const names = Object.keys(methods);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await methods[name]();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      collect();
      const start = performance.now();
      await methods[name]();
      times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]));
}

async function measure(spec) {
  const indices = makeIndices(WEIGHTS, spec);
  const values = codebook(spec);
  const floats = new Float32Array(WEIGHTS);
  lookUp(indices, values, floats);
  const model = onnxOf(floats);
  const container = Buffer.concat(await writeContainer(openOnnx(model)));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const brotli = brotliCompressSync(indices, { params });

  const kernels = await loadKernels();
  const { tensors } = await inspect(container);
  const tensor = tensors.find(({ layout }) => layout !== 'inline');
  const section = container.subarray(tensor.section.offset, tensor.section.offset + tensor.section.length);
  const warm = new Uint8Array(model.length).fill(1);
  const warmFloats = new Float32Array(WEIGHTS).fill(1);
  if (Buffer.compare(await decode(container, { into: warm, verify: 'all' }), model) !== 0)
    throw new Error('wrong bytes');
  const ms = await rotate({
    memcpy: () => warmFloats.set(floats),
    kernel: () => decodeSection(tensor, section, warm.subarray(tensor.offset, tensor.offset + tensor.length), kernels),
    checksum: () => verifySection(tensor, section, kernels),
    decodeWarm: () => decode(container, { into: warm }),
    brotliAndLookUp: () => lookUp(brotliDecompressSync(brotli), values, warmFloats),
    memcpyFresh: () => new Float32Array(WEIGHTS).set(floats),
    decodeFresh: () => decode(container),
  });
  return {
    case: `${spec.name} (${tensor.layout})`,
    'bits/weight': ((8 * section.length) / WEIGHTS).toFixed(3),
    'memcpy ms': ms.memcpy.toFixed(1),
    'kernel ms': ms.kernel.toFixed(1),
    '× memcpy': judge(ms.memcpy / ms.kernel, spec.kernel),
    'checksum ms': ms.checksum.toFixed(1),
    'decode ms': ms.decodeWarm.toFixed(1),
    '× memcpy ': judge(ms.memcpy / ms.decodeWarm, AIMS.decode),
    'brotli ms': ms.brotliAndLookUp.toFixed(1),
    'times brotli': judge(ms.brotliAndLookUp / ms.decodeWarm, AIMS.brotli),
    'fresh memcpy ms': ms.memcpyFresh.toFixed(1),
    'fresh decode ms': ms.decodeFresh.toFixed(1),
    '× fresh memcpy': judge(ms.memcpyFresh / ms.decodeFresh, AIMS.fresh),
  };
}

/**
 * From the start of the import to the last float of a million weights, in fresh processes: of the decoder in one file,
 * as bundlers ship it, and of the package's many files, each of which takes Node a millisecond or two to load.
 */
async function coldStart(spec) {
  const folder = mkdtempSync(join(os.tmpdir(), 'cold-'));
  try {
    const floats = new Float32Array(1 << 20);
    lookUp(makeIndices(1 << 20, spec), codebook(spec), floats);
    writeFileSync(join(folder, 'model.fxq'), Buffer.concat(await writeContainer(openOnnx(onnxOf(floats)))));
    writeFileSync(join(folder, 'empty.mjs'), 'export {};');
    const entry = new URL('../../dist/decode/index.js', import.meta.url);
    const outfile = join(folder, 'decoder.mjs');
    const options = { bundle: true, minify: true, format: 'esm', platform: 'browser', logLevel: 'error' };
    await build({ entryPoints: [fileURLToPath(entry)], outfile, ...options });
    const head = "import { readFileSync } from 'node:fs';\n";
    const timed = (work) => `${head}const start = performance.now();\n${work}\nconsole.log(performance.now() - start);`;
    const bytes = JSON.stringify(join(folder, 'model.fxq'));
    writeFileSync(join(folder, 'a.mjs'), timed("await import('./empty.mjs');"));
    const work = (from) => `const { decode } = await import('${from}');\nawait decode(readFileSync(${bytes}));`;
    writeFileSync(join(folder, 'b.mjs'), timed(work('./decoder.mjs')));
    writeFileSync(join(folder, 'c.mjs'), timed(work(entry.href)));
    const run = (file) => Number(execFileSync(process.execPath, [join(folder, file)], { encoding: 'utf8' }));
    const runs = Array.from({ length: 2 * rounds }, () => ['a.mjs', 'b.mjs', 'c.mjs'].map(run));
    return [0, 1, 2].map((i) => median(runs.map((times) => times[i])));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; medians of ${rounds} rotated runs\n`);
for (const spec of CASES) {
  const row = await measure(spec);
  for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(16)} ${value}`);
  const [empty, bundled, files] = (await coldStart(spec)).map((ms) => ms.toFixed(1));
  console.log(`cold start, ms    1 Mi weights ${bundled} (from single files ${files}), an empty module ${empty}\n`);
}
