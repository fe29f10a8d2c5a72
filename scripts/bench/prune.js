// Pruning by magnitude against pruning on calibration data: accuracy and agreement with the dense model.
//
//   npm run bench prune -- --model model.onnx --data calibration.npz --test test.npz
//
// Without options: the bundled LeNet-5, calibrated on MNIST's training images, tested on its test images.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { calibratedPrune, evaluate, openOnnx, prune } from '../../build/index.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    samples: { type: 'string', default: '512' },
    densities: { type: 'string', default: '0.5,0.3,0.1,0.05' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const samples = Number(values.samples);

/** The ways to prune to a density, in the order of the table. */
const METHODS = {
  magnitude: (options) => prune(options),
  'calibrated, fast': (options) => calibratedPrune({ ...options, dataset, samples, fast: true }),
  calibrated: (options) => calibratedPrune({ ...options, dataset, samples }),
};

async function measure(density, scope, method) {
  const start = performance.now();
  const model = await METHODS[method]({ density, scope }).run(openOnnx(bytes));
  const pruned = bytesOf(model);
  const seconds = (performance.now() - start) / 1000;
  return { density, scope, method, ...(await figures(pruned)), seconds: seconds.toFixed(1) };
}

async function figures(model) {
  const { top1, agreement } = await evaluate({ model, reference: bytes, dataset: test });
  const share = (value) => (value === null ? '–' : (100 * value).toFixed(2));
  return { 'top-1 %': share(top1), 'agreement %': share(agreement) };
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}; ${samples} inputs to calibrate on\n`);
const rows = [{ density: 1, scope: '', method: 'dense', ...(await figures(bytes)), seconds: '' }];
for (const density of values.densities.split(',').map(Number)) {
  for (const scope of ['layer', 'global']) {
    for (const method of Object.keys(METHODS)) rows.push(await measure(density, scope, method));
  }
}
console.table(rows);
