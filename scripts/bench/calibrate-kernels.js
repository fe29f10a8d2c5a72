// Calibration's kernels against their TypeScript reference, and against ONNX Runtime where it can do the same.
//
//   npm run bench calibrate-kernels [rounds] [inputs:rows ...]
//
// One thread each. Ratios are medians of paired runs: above 1 where the kernel is the faster one. The reference is left
// out above 1200 inputs, where it takes minutes.
import os from 'node:os';
import onnxProto from 'onnx-proto';
import ort from 'onnxruntime-node';
import { referenceKernels } from '../../build/kernels/calibrate/reference/kernels.js';
import { compileCalibrationKernels } from '../../build/kernels/calibrate/wasm.js';
import { gridLevels } from '../../build/quantize/levels.js';
import { createRandom } from '../../build/random.js';

const REFERENCE_BELOW = 1200;
const SWEEPS = 3;
const rounds = Number(process.argv[2] ?? 3);
const layers = process.argv.length > 3 ? process.argv.slice(3) : ['576:64', '1152:128', '4608:512'];
const wasm = compileCalibrationKernels();

const random = createRandom(12345);
const uniform = () => random.float() - 0.5;

/** Second moments of inputs that resemble their neighbours. */
function momentsOf(inputs) {
  return Float64Array.from({ length: inputs * inputs }, (_, at) => {
    const distance = Math.abs(Math.floor(at / inputs) - (at % inputs));
    return Math.exp(-distance / 20) + (distance === 0 ? 0.05 : 0);
  });
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Times of both in turn, after one run of each that is not counted. */
async function compare(ours, theirs) {
  const pairs = [];
  for (let round = 0; round <= rounds; round++) {
    pairs.push({ ours: await timed(ours), theirs: theirs && (await timed(theirs)) });
  }
  if (pairs.length > 1) pairs.shift();
  return {
    'kernel ms': median(pairs.map((pair) => pair.ours)).toFixed(1),
    'other ms': theirs ? median(pairs.map((pair) => pair.theirs)).toFixed(1) : '',
    ratio: theirs ? median(pairs.map((pair) => pair.theirs / pair.ours)).toFixed(2) : '',
  };
}

/** A product inside ONNX Runtime, on one thread: left · right, or leftᵀ · left. */
async function matMul(type, isGram) {
  const value = (name) => ({ name, type: { tensorType: { elemType: type === 'float32' ? 1 : 11 } } });
  const nodes = isGram
    ? [
        { opType: 'Transpose', input: ['a'], output: ['t'], attribute: [{ name: 'perm', type: 7, ints: [1, 0] }] },
        { opType: 'MatMul', input: ['t', 'a'], output: ['c'] },
      ]
    : [{ opType: 'MatMul', input: ['a', 'b'], output: ['c'] }];
  const graph = { name: 'g', node: nodes, input: (isGram ? ['a'] : ['a', 'b']).map(value), output: [value('c')] };
  const bytes = onnxProto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish();
  return ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

async function layer(inputs, rows) {
  const moments = momentsOf(inputs);
  const factor = moments.slice();
  wasm.inverseFactor(factor, inputs);
  const targets = Float64Array.from({ length: rows * inputs }, () => uniform() + uniform() + uniform());
  const levels = gridLevels(Math.fround(0.1), 15);
  const bits = Float32Array.from(levels, (level) => 1 + 8 * Math.abs(level));
  const penalty = new Float64Array(rows).fill(0.003);
  const first = new Uint16Array(rows * inputs);
  const shape = { rows, inputs };
  wasm.quantise(shape, targets, factor, levels, bits, penalty, first);
  const symbols = new Uint16Array(rows * inputs);
  const works = {
    inverseFactor: (kernels) => kernels.inverseFactor(moments.slice(), inputs),
    product: (kernels) => kernels.product(targets, moments, inputs),
    timesInverse: (kernels) => kernels.timesInverse(targets.slice(), factor, inputs),
    quantise: (kernels) => kernels.quantise(shape, targets, factor, levels, bits, penalty, symbols),
    descend: (kernels) => {
      symbols.set(first);
      kernels.descend(shape, targets, moments, levels, bits, penalty, symbols, SWEEPS);
    },
  };
  const table = {};
  for (const [name, work] of Object.entries(works)) {
    const theirs = inputs < REFERENCE_BELOW ? () => work(referenceKernels) : undefined;
    table[`${name} / reference`] = await compare(() => work(wasm), theirs);
  }
  for (const type of /** @type {const} */ (['float64', 'float32'])) {
    const session = await matMul(type, false);
    const array = (values) => (type === 'float32' ? Float32Array.from(values) : values);
    const feeds = {
      a: new ort.Tensor(type, array(targets), [rows, inputs]),
      b: new ort.Tensor(type, array(moments), [inputs, inputs]),
    };
    table[`product / ONNX Runtime ${type}`] = await compare(
      () => works.product(wasm),
      () => session.run(feeds),
    );
    await session.release();
  }
  console.log(`\n${inputs} inputs, ${rows} rows:`);
  console.table(table);
}

/**
 * Second moments of columns inside ONNX Runtime, against the kernels' product with as many multiplications: twice what
 * a kernel would need that knew of the symmetry.
 */
async function gram(inputs, columns) {
  const data = Float32Array.from({ length: columns * inputs }, uniform);
  const rows = Float64Array.from(data);
  const matrix = momentsOf(inputs);
  const table = {};
  for (const type of /** @type {const} */ (['float64', 'float32'])) {
    const session = await matMul(type, true);
    const feeds = { a: new ort.Tensor(type, type === 'float32' ? data : rows, [columns, inputs]) };
    table[`as many products / ONNX Runtime ${type}`] = await compare(
      () => wasm.product(rows, matrix, inputs),
      () => session.run(feeds),
    );
    await session.release();
  }
  console.log(`\nSecond moments of ${columns} columns of ${inputs} inputs:`);
  console.table(table);
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; medians of ${rounds} paired runs`);
for (const each of layers) await layer(...each.split(':').map(Number));
await gram(576, 16384);
await gram(2304, 4096);
console.log(`peak memory: ${process.resourceUsage().maxRSS >> 10} MB`);
