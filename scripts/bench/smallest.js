// The smallest file by the one command with training: bytes, loss on images kept apart, and on test images once at the end.
//
//   npm run bench smallest -- [--net lenet-300-100 --size 5200 --time 600 --seed 1 --resume --test --results bench/results/training.md
//     --model resnet20.onnx --data cifar10-train.mjs --judge cifar10-test.npz]
//
// Every step is printed as it is done, and what is needed to go on is kept in out/smallest/ for --resume. Without --test the
// images of --judge are not looked at.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disk } from '../../build/cli/disk.js';
import { decode, encode, evaluate, openDataset, openOnnx, searchTraining } from '../../build/index.js';
import { splitDataset } from '../train/mnist.js';
import { keepSection } from './support/results.js';
import { bundled, bytesOf } from './support/subject.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    net: { type: 'string', default: 'lenet-300-100' },
    model: { type: 'string' },
    data: { type: 'string' },
    judge: { type: 'string' },
    size: { type: 'string' },
    loss: { type: 'string' },
    time: { type: 'string', default: '600' },
    epochs: { type: 'string' },
    rate: { type: 'string' },
    batch: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
    test: { type: 'boolean', default: false },
    results: { type: 'string' },
  },
});

/** Changes to digits that leave them what they are, and to pictures. */
const DIGITS = { shift: 0.07, rotate: 11, scale: 0.12, shear: 0.15 };
const PICTURES = { flip: 0.5, shift: 0.1 };

const name = values.model === undefined ? values.net : basename(values.model, '.onnx');
const original = new Uint8Array(readFileSync(values.model ?? bundled(values.net)));
const dataset = values.data === undefined ? splitDataset('train') : await openDataset(values.data, disk);
const numberOf = (text) => (text === undefined ? undefined : Number(text));
const folder = join(root, 'out/smallest');
const file = (end) => join(folder, `${name}-${values.seed}.${end}`);
mkdirSync(folder, { recursive: true });

const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
const start = performance.now();
const { model, chosen, isReached, ended, isCutShort, judgedBy } = await searchTraining(openOnnx(original), {
  dataset,
  targetSize: numberOf(values.size),
  maxLoss: numberOf(values.loss),
  time: Number(values.time),
  roundEpochs: numberOf(values.epochs),
  learningRate: numberOf(values.rate),
  batchSize: Number(values.batch),
  seed: Number(values.seed),
  threads: 1,
  augmentation: values.data === undefined ? DIGITS : PICTURES,
  onPlan: print,
  onStep: ({ what, density, lambda, judged, ms }) => {
    const cells = [what, `${(100 * density).toFixed(2)} % kept`];
    if (lambda !== null) cells.push(`λ ${lambda.toExponential(1)}`);
    if (judged) cells.push(`${judged.bytes} bytes`, `lost ${judged.loss?.toFixed(3)}`);
    print(`  ${cells.join(', ')} (${(ms / 1000).toFixed(0)} s)`);
  },
  onCheckpoint: (bytes) => writeFileSync(file('train'), bytes),
  resume: values.resume && existsSync(file('train')) ? new Uint8Array(readFileSync(file('train'))) : undefined,
});
const container = await encode(bytesOf(model));
writeFileSync(file('fxq'), container);
const ratio = (original.length / container.length).toFixed(0);
print(`ended: ${ended}, after ${((performance.now() - start) / 60_000).toFixed(1)} minutes; ${judgedBy}`);
print(
  `${name}, seed ${values.seed}: ${container.length} bytes, 1/${ratio}, lost ${chosen.loss?.toFixed(2)}${isReached ? '' : ', which is not the goal'}`,
);

/** Per cent that a model's file gets wrong. */
async function errorOf(bytes, images) {
  const { top1 } = await evaluate({ model: bytes, dataset: images, threads: 1 });
  return `${(100 * (1 - (top1 ?? 0))).toFixed(2)} %`;
}
const decoded = await decode(container);
if (values.data === undefined) {
  const validation = splitDataset('validation');
  print(
    `validation images: ${await errorOf(decoded, validation)} wrong, the original ${await errorOf(original, validation)}`,
  );
}
if (values.test) {
  const test = values.judge === undefined ? splitDataset('test') : await openDataset(values.judge, disk);
  print(`test images: ${await errorOf(decoded, test)} wrong, the original ${await errorOf(original, test)}`);
}
if (values.results !== undefined) keepSection(values.results, `${name}, one command, seed ${values.seed}`, lines);
if (!isCutShort) rmSync(file('train'), { force: true });
