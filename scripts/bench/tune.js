// What retraining by distillation wins back of a net that is pruned and clustered, and how long an epoch takes.
//
//   npm run bench tune -- --model model.onnx --data calibration.npz --test test.npz
//
// Labels of the training data are not looked at. Without options: the bundled LeNet-5, 5,000 of MNIST's training images.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { cluster, evaluate, openOnnx, prune, tune } from '../../build/index.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    samples: { type: 'string', default: '5000' },
    density: { type: 'string', default: '0.5' },
    bits: { type: 'string', default: '4' },
    epochs: { type: 'string', default: '15' },
    flip: { type: 'string', default: '0' },
    shift: { type: 'string', default: '0.1' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const number = (key) => Number(values[key]);

/** The data set as somebody has it who has no labels. */
const unlabelled = async function* (options) {
  for await (const { inputs } of dataset(options)) yield { inputs };
};

const seconds = [];
const steps = {
  pruned: prune({ density: number('density') }),
  clustered: cluster({ bits: number('bits') }),
  tuned: tune({
    dataset: unlabelled,
    teacher: openOnnx(bytes),
    samples: number('samples'),
    epochs: number('epochs'),
    augmentation: { flip: number('flip'), shift: number('shift') },
    onEpoch({ ms }) {
      seconds.push(ms / 1000);
    },
  }),
};

async function rowOf(model) {
  const { top1, agreement } = await evaluate({ model, reference: bytes, dataset: test });
  const share = (value) => (value === null ? '–' : (100 * value).toFixed(2));
  return { 'top-1 %': share(top1), 'agreement %': share(agreement) };
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}, ${os.cpus().length} cores\n`);
const rows = { original: await rowOf(bytes) };
let model = openOnnx(bytes);
for (const [name, stage] of Object.entries(steps)) {
  model = openOnnx(bytesOf(await stage.run(model)));
  rows[name] = await rowOf(bytesOf(model));
}
console.table(rows);
const [original, , clustered, tuned] = Object.values(rows).map((row) => Number(row['top-1 %']));
const median = seconds.sort((a, b) => a - b)[seconds.length >> 1];
console.log(
  `${((100 * (tuned - clustered)) / (original - clustered)).toFixed(0)} % of the points lost are regained; ` +
    `${median.toFixed(1)} s an epoch, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
);
