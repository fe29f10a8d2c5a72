// How long rounding the weights anew takes in each step of training them in a number format.
//
//   npm run bench requantize
//
// 269,034 weights in the shapes of a ResNet-20, filters with parameters of their own; mean over 64 steps in which they move.
// Time of a core, so that what else the machine does counts little.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { formatNamed } from '../../build/quantize/formats/parse.js';
import { createRandom, normal } from '../../build/random.js';
import { openQuantized } from '../../build/tune/quantized.js';

const SHAPES = [
  [16, 27],
  ...Array(6).fill([16, 144]),
  [32, 144],
  ...Array(5).fill([32, 288]),
  [64, 288],
  ...Array(5).fill([64, 576]),
  [10, 64],
];
const STEPS = 64;
const random = createRandom(0);

/** A tensor of normal weights, as training opens it. */
function parameterOf([rows, columns], settings) {
  const weights = Float32Array.from({ length: rows * columns }, () => 0.1 * normal(random));
  /** @type {import('../../build/model/model.js').Tensor} */
  const tensor = {
    ...{ name: 'w', role: 'weight', op: 'Gemm', dtype: 'float32', dims: [rows, columns], count: weights.length },
    ...{ form: 'raw', file: 0, offset: 0, length: weights.byteLength },
    payload: { read: () => new Uint8Array(weights.buffer) },
  };
  return openQuantized('w', tensor, settings, false);
}

function msOf(name, { by, range, scales = 'found', isRandom = false }) {
  const parameters = SHAPES.map((shape) => {
    const [rows, columns] = shape;
    const lines = by === 'channel' ? { count: rows, inner: columns } : { count: 1, inner: rows * columns };
    const common = { percentile: 99.99, scaling: 'float16', isIncremental: false };
    return parameterOf(shape, {
      ...common,
      format: formatNamed(name),
      lines,
      range,
      scales,
      isRandom,
      hasDead: by === 'channel',
    });
  });
  const stream = createRandom(1);
  let ms = 0;
  for (let step = 0; step < 2 * STEPS; step++) {
    for (const { free } of parameters) for (let i = step & 7; i < free.length; i += 8) free[i] *= 1.001;
    const start = process.cpuUsage();
    for (const parameter of parameters) parameter.publish({ step: step + 1, random: stream });
    const { user, system } = process.cpuUsage(start);
    if (step >= STEPS) ms += (user + system) / 1000;
  }
  return (ms / STEPS).toFixed(1);
}

const cases = {
  'int4 by channel': ['int4', { by: 'channel' }],
  'int4 by channel, mse': ['int4', { by: 'channel', range: 'mse' }],
  'int4 by channel, learned': ['int4', { by: 'channel', scales: 'learned' }],
  'int4 by channel, stochastic': ['int4', { by: 'channel', isRandom: true }],
  'uint4 by layer': ['uint4', { by: 'layer' }],
  'fixed8 by layer': ['fixed8', { by: 'layer' }],
  'e2m1 by channel': ['e2m1', { by: 'channel' }],
  'pow4 by layer': ['pow4', { by: 'layer' }],
  'ternary by layer': ['ternary', { by: 'layer' }],
  'ternary by layer, learned': ['ternary', { by: 'layer', scales: 'learned' }],
  'binary by channel': ['binary', { by: 'channel' }],
  binaryconnect: ['binaryconnect', { by: 'layer', isRandom: true }],
};
const [only] = process.argv.slice(2);
if (only !== undefined) {
  const [format, settings] = cases[only];
  process.stdout.write(msOf(format, settings));
} else {
  console.log(`Node ${process.version}, ${os.cpus()[0].model}\n`);
  // Each in a process of its own, as a training has one or two formats.
  const run = (name) => execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' });
  console.table(Object.fromEntries(Object.keys(cases).map((name) => [name, { 'ms a step': Number(run(name)) }])));
}
