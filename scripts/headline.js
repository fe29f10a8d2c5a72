// The headline: from the two dense LeNets to two .fxq files, by the public commands alone, beside the paper's tables.
//
//   npm run headline [-- --net lenet-5 --seeds 3 --out FOLDER]
//
// The search judges by images of its own that no training sees; the validation images, the last 5,000 of the training set, are for
// the choice between seeds, and the test images are looked at once, at the end. Both nets at once on two cores.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { LAYERS, TABLE_1 } from './headline/paper.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const execute = promisify(execFile);
const { values } = parseArgs({
  options: {
    net: { type: 'string', multiple: true, default: Object.keys(TABLE_1) },
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string' },
    out: { type: 'string', default: join(root, 'out', 'headline') },
  },
});

/** The size that each net is to have, epochs of training, and the length of the first step: chosen on images held out. */
const RECIPES = {
  'lenet-300-100': { size: 5200, epochs: 60, rate: 0.002 },
  'lenet-5': { size: 6000, epochs: 36, rate: 0.002 },
};

const AUGMENTATION = ['--augment', 'shift=0.04', 'rotate=6', 'scale=0.07', 'shear=0.08'];
const data = (split) => join(root, 'scripts', 'headline', `${split}.js`);

async function fxq(...args) {
  const { stdout } = await execute(
    process.execPath,
    [join(root, 'bin', 'fxq-compress.js'), ...args.map(String), '--json'],
    {
      maxBuffer: 1 << 28,
    },
  );
  return JSON.parse(stdout);
}

/** Per cent of a split that a file gets wrong. */
async function errorOf(file, split) {
  const { top1 } = await fxq('evaluate', file, '--data', data(split));
  return 100 * (1 - top1);
}

/** Removes, trains, rounds and codes, by one command. */
async function compressNet(net, seed) {
  const { size, epochs, rate } = RECIPES[net];
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `${net}-${seed}.fxq`);
  const start = performance.now();
  const training = ['--train', data('training'), '--batch-size', 100, '--threads', 1, '--seed', seed, ...AUGMENTATION];
  const rounds = ['--rounds', 1, '--round-epochs', epochs, '--learning-rate', rate];
  const goal = ['--target-size', size];
  const model = join(root, 'models', `${net}.onnx`);
  const told = await fxq('compress', model, '-o', file, '--force', ...training, ...rounds, ...goal);
  writeFileSync(join(values.out, `${net}-${seed}.json`), JSON.stringify(told, null, 2));
  const minutes = (performance.now() - start) / 60_000;
  const errors = { validation: await errorOf(file, 'validation'), test: await errorOf(file, 'test') };
  return { file, bytes: statSync(file).size, ...errors, minutes };
}

/** The paper's table 2 or 3 beside the layers of a container. */
async function layerTable(net, file) {
  const { tensors } = await fxq('inspect', file);
  const rows = LAYERS[net].map(({ layer, ours, kept, weight, index }) => {
    const { weights, density, weightBits, codedWeightBits, indexBits, codedIndexBits } = tensors.find(
      ({ name }) => name === ours,
    );
    const bits = (plain, coded) => `${plain.toFixed(1)} → ${coded.toFixed(1)}`;
    return [
      `${layer}, ${ours}`,
      weights.toLocaleString('en'),
      `${kept} %`,
      `${(100 * density).toFixed(1)} %`,
      bits(...weight),
      bits(weightBits, codedWeightBits),
      bits(...index),
      bits(indexBits, codedIndexBits),
    ];
  });
  print(['layer', 'weights', 'kept: paper', 'ours', 'weight bits: paper', 'ours', 'index bits: paper', 'ours'], rows);
}

/** The paper's table 1 beside whole files. */
function summaryTable(best) {
  const rows = best.flatMap(({ net, reference, originalBytes, bytes, test }) => {
    const { error, kilobytes, ratio } = TABLE_1[net];
    const ours = (originalBytes / bytes).toFixed(0);
    return [
      [`${net}, paper`, `${error[0]} %`, `${error[1]} %`, `${kilobytes[0]} KB`, `${kilobytes[1]} KB`, `${ratio}×`],
      [
        `${net}, ours`,
        `${reference.toFixed(2)} %`,
        `**${test.toFixed(2)} %**`,
        kb(originalBytes),
        `**${kb(bytes)}**`,
        `**${ours}×**`,
      ],
    ];
  });
  print(['net', 'error before', 'after', 'file before', 'after', 'ratio'], rows);
}

function seedTable(results) {
  const rows = Object.keys(TABLE_1).flatMap((net) => {
    const of = results.filter((result) => result.net === net);
    const mean = (key) => of.reduce((sum, result) => sum + result[key], 0) / of.length;
    const row = ({ seed, bytes, validation, test, minutes }) => [
      `${net}, ${seed}`,
      Math.round(bytes).toLocaleString('en'),
      `${validation.toFixed(2)} %`,
      `${test.toFixed(2)} %`,
      minutes.toFixed(0),
    ];
    const average = {
      seed: 'mean',
      bytes: mean('bytes'),
      validation: mean('validation'),
      test: mean('test'),
      minutes: mean('minutes'),
    };
    return [
      ...of.map((result) => row({ ...result, seed: `seed ${result.seed}` })),
      ...(of.length > 1 ? [row(average)] : []),
    ];
  });
  print(['net', 'bytes', 'validation error', 'test error', 'minutes'], rows);
}

function print(head, rows) {
  for (const cells of [head, head.map(() => '---'), ...rows]) console.log(`| ${cells.join(' | ')} |`);
  console.log();
}

function kb(bytes) {
  return `${(bytes / 1000).toLocaleString('en', { maximumSignificantDigits: 4 })} KB`;
}

// The files in models/ are those of seed 1.
const first = Number(values.seed ?? (values.seeds === '1' ? 1 : 0));
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => first + i);
const results = await Promise.all(
  values.net.map(async (net) => {
    const original = join(root, 'models', `${net}.onnx`);
    const reference = await errorOf(original, 'test');
    const of = [];
    for (const seed of seeds) {
      of.push({ net, seed, reference, originalBytes: statSync(original).size, ...(await compressNet(net, seed)) });
    }
    return of;
  }),
);
// The best by the validation images, whatever the test images say.
const best = results.map((of) => of.reduce((a, b) => (b.validation < a.validation ? b : a)));
for (const { net, file } of best) copyFileSync(file, join(values.out, `${net}.fxq`));
summaryTable(best);
for (const { net, file } of best) await layerTable(net, file);
seedTable(results.flat());
