// Time and peak memory of a model that is larger than memory should have to be, 3 GB in one external data file.
//
// Weights of a transformer's shapes (hidden size 2,048, feed-forward 8,192), coded without loss and decoded again,
// compressed and decoded again, each in a process of its own. All bytes are compared.
//
//   npm run bench big [-- --gigabytes 3 --threads 2]
//
// Takes about three times the model on the disk of the temporary folder, and deletes it afterwards.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom, normal } from '../../build/random.js';

const { values: options } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    generate: { type: 'string' },
  },
});

const bin = fileURLToPath(new URL('../../bin/fxq-compress.js', import.meta.url));
const HIDDEN = 2048;
const WIDE = 8192;
/** @type {[role: string, dims: [rows: number, columns: number]][]} */
const BLOCK = [
  ['q', [HIDDEN, HIDDEN]],
  ['k', [HIDDEN, HIDDEN]],
  ['v', [HIDDEN, HIDDEN]],
  ['o', [HIDDEN, HIDDEN]],
  ['up', [HIDDEN, WIDE]],
  ['down', [WIDE, HIDDEN]],
];
const BLOCK_BYTES = 4 * BLOCK.reduce((sum, [, [rows, columns]]) => sum + rows * columns, 0);

const varint = (n) => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const field = (number, ...parts) => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint(8 * number + 2), ...varint(content.length)]), content]);
};
const integer = (number, value) => Buffer.from([8 * number, ...varint(value)]);

/** Writes model.onnx and weights.bin, the same bytes each time. */
function generate(folder) {
  const random = createRandom(1);
  // A million of values, in another order and at another scale for each tensor.
  const pool = Float32Array.from({ length: 1 << 20 }, () => normal(random));
  const blocks = Math.ceil((Number(options.gigabytes) * 1e9) / BLOCK_BYTES);
  const file = openSync(join(folder, 'weights.bin'), 'w');
  const nodes = [];
  const tensors = [];
  let offset = 0;
  let value = 'X';
  for (let block = 0; block < blocks; block++) {
    for (const [role, dims] of BLOCK) {
      const name = `block${block}.${role}`;
      const weights = new Float32Array(dims[0] * dims[1]);
      const step = 2 * random.below(pool.length) + 1;
      const scale = (1 + random.float()) / Math.sqrt(dims[0]);
      for (let i = 0, at = 0; i < weights.length; i++, at = (at + step) & (pool.length - 1)) {
        weights[i] = scale * pool[at];
      }
      writeSync(file, weights);
      const entries = { location: 'weights.bin', offset: String(offset), length: String(weights.byteLength) };
      const external = Object.entries(entries).map(([key, text]) => field(13, field(1, key), field(2, text)));
      const shape = dims.map((dim) => integer(1, dim));
      tensors.push(field(5, ...shape, integer(2, 1), field(8, name), ...external, integer(14, 1)));
      nodes.push(field(1, field(1, value), field(1, name), field(2, `${name}.out`), field(4, 'MatMul')));
      value = `${name}.out`;
      offset += weights.byteLength;
    }
  }
  closeSync(file);
  const graph = field(7, ...nodes, field(2, 'big'), ...tensors);
  writeFileSync(
    join(folder, 'model.onnx'),
    Buffer.concat([integer(1, 8), graph, field(8, field(1, ''), integer(2, 17))]),
  );
}

/** Runs a command in a process of its own; gives its time and its peak of resident memory. */
function run(...args) {
  const hook = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))";
  const start = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, bin, ...args],
    { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(`fxq-compress ${args[0]}: ${stderr}`);
  return { seconds: (performance.now() - start) / 1000, peak: Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024 };
}

function isSame(a, b) {
  if (statSync(a).size !== statSync(b).size) return false;
  const files = [a, b].map((path) => openSync(path, 'r'));
  const buffers = files.map(() => Buffer.alloc(1 << 24));
  try {
    for (;;) {
      const [first, second] = files.map((file, i) => buffers[i].subarray(0, readSync(file, buffers[i])));
      if (!first.equals(second)) return false;
      if (first.length === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;

function main() {
  const folder = mkdtempSync(join(os.tmpdir(), 'fxq-big-'));
  try {
    // In a process of its own: what this one takes would count as the peak of those that it starts.
    execFileSync(process.execPath, [
      fileURLToPath(import.meta.url),
      '--generate',
      folder,
      '--gigabytes',
      options.gigabytes,
    ]);
    const inputs = ['model.onnx', 'weights.bin'].map((name) => join(folder, name));
    const size = inputs.reduce((sum, path) => sum + statSync(path).size, 0);
    console.log(`Node ${process.version}, ${os.cpus()[0].model}, ${options.threads} threads; model ${size} bytes\n`);
    console.log('command                                seconds     peak      output');
    const tell = (name, { seconds, peak }, output) => {
      const bytes = output.reduce((sum, path) => sum + statSync(path).size, 0);
      console.log(
        `${name.padEnd(36)} ${seconds.toFixed(1).padStart(9)} ${megabytes(peak).padStart(8)} ${String(bytes).padStart(11)}`,
      );
    };
    for (const [command, ...settings] of [['encode'], ['compress', '--density', '0.3', '--bits', '5']]) {
      const container = join(folder, `${command}.fxq`);
      const args = [...settings, '--threads', options.threads];
      tell([command, ...settings].join(' '), run(command, inputs[0], '-o', container, '-q', ...args), [container]);
      const outputs = ['model.onnx', 'weights.bin'].map((name) => join(folder, command, name));
      mkdirSync(dirname(outputs[0]));
      tell(`decode what ${command} made`, run('decode', container, '-o', outputs[0], '--verify', '-q'), outputs);
      if (command === 'encode') {
        const same = inputs.every((path, i) => isSame(path, outputs[i]));
        console.log(`  ${same ? 'every byte is as it was' : 'NOT what was encoded'}`);
        if (!same) process.exitCode = 1;
      }
      rmSync(dirname(outputs[0]), { recursive: true });
      rmSync(container);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (options.generate) generate(options.generate);
else main();
