// How fast weights come back: decoding against memcpy, and against brotli on 8-bit indices with a look-up of floats.
//
//   npm run bench decode [rounds]
//
// 16 Mi weights (64 MiB of float32) a case. All methods take turns in one process; medians, and their speed relative to
// memcpy's median in the same run. `npm run bench cold` measures the first decoding of a process.
import os from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { xxh32 } from '../../build/binary/xxh32.js';
import { LAYOUTS } from '../../build/container/constants.js';
import { decodeSection, verifySection } from '../../build/container/read/index.js';
import { writeContainer } from '../../build/container/write/container.js';
import { planDense } from '../../build/container/write/layouts.js';
import { asUnits, indexUnits } from '../../build/container/write/symbols.js';
import { loadKernels } from '../../build/kernels/decode/index.js';
import { openOnnx } from '../../build/onnx/open.js';
import { decode, inspect } from '../../dist/decode/index.js';
import { codebook, lookUp, makeIndices, median, onnxOf } from './support/weights.js';

const WEIGHTS = 1 << 24;
const rounds = Number(process.argv[2] ?? 9);

// Memory of the run before is given back first, so that nobody pays for another's.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const CASES = [
  { name: '5-bit dense', clusters: 32, density: 1, kernel: 0.65 },
  { name: '8-bit dense', clusters: 256, density: 1, kernel: 0.45 },
  { name: '5-bit by what came before', clusters: 32, density: 1, correlation: 0.6, kernel: 0.3 },
  { name: '8-bit by what came before', clusters: 256, density: 1, correlation: 0.6, kernel: 0.3 },
  { name: '10 % kept', clusters: 32, density: 0.1, kernel: 0.65 },
  { name: '4 % kept', clusters: 32, density: 0.04, kernel: 0.65 },
];

/** What decoding should reach, next to the speed of the kernel in each case: times memcpy, times brotli. */
const AIMS = { decode: 0.45, brotli: 3.5, fresh: 0.6 };

/** What decoding by what came before should reach, times that of the same weights with one code. */
const BY_CONTEXTS = 0.5;

/** A measured ratio next to its aim. */
const judge = (ratio, aim) => `${ratio.toFixed(2)} (aim ${aim}: ${ratio >= aim ? 'met' : 'missed'})`;

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

/** The same weights in a container where no code goes by what came before. */
async function withOneCode(model) {
  const code = async (tensor) => {
    const payload = tensor.payload.read();
    const { fields, write } = planDense(indexUnits(asUnits(payload, 4)), true);
    const section = write();
    const entry = { ...fields, l: LAYOUTS.indexOf('dense'), s: section.length, x: xxh32(section) };
    return { payload, coded: { entry, section } };
  };
  const coder = { limits: { items: 1, size: Number.POSITIVE_INFINITY }, code };
  return Buffer.concat(await writeContainer(openOnnx(model), { coder }));
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
  const isFollowed = tensor.contexts.distance > 0;
  if (isFollowed !== Boolean(spec.correlation)) throw new Error(`${spec.name}: coded in another way`);
  const oneCode = isFollowed ? await withOneCode(model) : container;
  const ms = await rotate({
    ...(isFollowed && { oneCode: () => decode(oneCode, { into: warm }) }),
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
    ...(isFollowed && {
      'one code': `${((8 * oneCode.length) / WEIGHTS).toFixed(3)} bits/weight, ${ms.oneCode.toFixed(1)} ms`,
      '× one code': judge(ms.oneCode / ms.decodeWarm, BY_CONTEXTS),
    }),
    'brotli ms': ms.brotliAndLookUp.toFixed(1),
    'times brotli': judge(ms.brotliAndLookUp / ms.decodeWarm, AIMS.brotli),
    'fresh memcpy ms': ms.memcpyFresh.toFixed(1),
    'fresh decode ms': ms.decodeFresh.toFixed(1),
    '× fresh memcpy': judge(ms.memcpyFresh / ms.decodeFresh, AIMS.fresh),
  };
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; medians of ${rounds} rotated runs\n`);
for (const spec of CASES) {
  const row = await measure(spec);
  for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(16)} ${value}`);
  console.log();
}
