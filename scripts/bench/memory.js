// How much memory decoding takes at its peak, against the bytes of the weights.
//
// Resident bytes of fresh processes beyond those of one that has only loaded the same modules.
//
//   npm run bench memory [megabytes]
//
// The model is one of matrices with 32 values; each matrix has 1 Mi weights. With `session`, the peak
// includes making a session of ONNX Runtime, which takes a copy of the weights and may lay them out anew.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom, normal } from '../../build/random.js';

const [megabytes = '100', target] = process.argv.slice(2);
const WIDTH = 1024;
const MATRIX = 4 * WIDTH * WIDTH;
const matrices = Math.ceil((Number(megabytes) * 1e6) / MATRIX);
const weights = matrices * MATRIX;

const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const field = (number, ...parts) => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint(8 * number + 2), ...varint(content.length)]), content]);
};
const integer = (number, value) => Buffer.from([8 * number, ...varint(value)]);

const random = createRandom(12345);

function tensor(name) {
  const values = Float32Array.from({ length: WIDTH * WIDTH }, () => {
    return Math.round(Math.max(-15, Math.min(16, 5 * normal(random)))) / 512;
  });
  return field(
    5,
    integer(1, WIDTH),
    integer(1, WIDTH),
    integer(2, 1),
    field(8, name),
    field(9, new Uint8Array(values.buffer)),
  );
}

/** X through one MatMul after the other. */
function model() {
  const names = Array.from({ length: matrices }, (_, i) => `w${i}`);
  const nodes = names.map((name, i) =>
    field(
      1,
      field(1, i ? `h${i}` : 'X'),
      field(1, name),
      field(2, i < matrices - 1 ? `h${i + 1}` : 'Y'),
      field(4, 'MatMul'),
    ),
  );
  const shape = field(2, ...[1, WIDTH].map((dim) => field(1, integer(1, dim))));
  const value = (number, name) => field(number, field(1, name), field(2, field(1, integer(1, 1), shape)));
  const graph = field(7, ...nodes, field(2, 'graph'), ...names.map(tensor), value(11, 'X'), value(12, 'Y'));
  return new Uint8Array(Buffer.concat([integer(1, 8), graph, field(8, field(1, ''), integer(2, 17))]));
}

/** Made in a process of its own: what this one takes would count as the peak of those that it starts. */
async function make() {
  const { encode } = await import('../../dist/index.js');
  writeFileSync(target, await encode(model()));
}

async function measure() {
  const folder = mkdtempSync(join(os.tmpdir(), 'memory-'));
  try {
    const file = join(folder, 'model.fxq');
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), megabytes, file]);
    const decoder = new URL('../../dist/decode/index.js', import.meta.url).href;
    const runtime = import.meta.resolve('onnxruntime-node');
    const head = `import { readFileSync } from 'node:fs';
    import { decode, decodeForOrt } from '${decoder}';
    const { default: ort } = process.argv[2] === 'session' ? await import('${runtime}') : {};
    const read = () => readFileSync(${JSON.stringify(file)});
    const session = (...args) => ort?.InferenceSession.create(...args);
    globalThis.kept = undefined;`;
    const peak = (work, ...args) => {
      writeFileSync(join(folder, 'run.mjs'), `${head}\n${work}\nconsole.log(process.resourceUsage().maxRSS * 1024);`);
      const runs = Array.from({ length: 3 }, () =>
        Number(execFileSync(process.execPath, [join(folder, 'run.mjs'), ...args], { encoding: 'utf8' })),
      );
      return runs.sort((a, b) => a - b)[1];
    };
    const works = {
      decode: 'const model = await decode(read()); kept = [model, await session(model)];',
      decodeForOrt:
        'const { model, externalData } = await decodeForOrt(read()); kept = [model, externalData, await session(model, { externalData })];',
      'decodeForOrt, worker':
        'const { model, externalData } = await decodeForOrt(read(), { worker: true }); kept = [model, externalData, await session(model, { externalData })];',
    };
    console.log(
      `Node ${process.version}; weights ${weights} bytes in ${matrices} tensors, container ${statSync(file).size} bytes\n`,
    );
    console.log('peak beyond a process that only loads the modules, × weights (median of 3)');
    for (const mode of ['', 'session']) {
      const baseline = peak('', mode);
      for (const [name, work] of Object.entries(works)) {
        const ratio = ((peak(work, mode) - baseline) / weights).toFixed(2);
        console.log(`${(mode ? `${name} and session` : name).padEnd(34)} ${ratio}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await (target ? make() : measure());
