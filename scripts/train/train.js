// Trains the nets in models/ from scratch, by the stage `tune`, which the package has for training them further.
//
//   npm run train -- [--model lenet-5] [--seed 1] [--epochs 20] [--learning-rate 0.02] [--weight-decay 0.001] [--out FOLDER]
//
// Hyperparameters are judged on the validation images only; scripts/train/evaluate.js looks at the test set.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { evaluate, openOnnx, tune, writeOnnx } from '../../build/index.js';
import { splitDataset } from './mnist.js';
import { ARCHITECTURES, initialParameters, writeModel } from './models.js';

/** What both are trained with. One thread, so that a training gives the same bytes each time. */
const COMMON = /** @type {const} */ ({
  loss: 'cross-entropy',
  optimiser: 'sgd',
  momentum: 0.9,
  batchSize: 100,
  threads: 1,
});

const RECIPES = {
  'lenet-300-100': { seed: 1, epochs: 60, learningRate: 0.05, weightDecay: 5e-4 },
  'lenet-5': { seed: 1, epochs: 20, learningRate: 0.02, weightDecay: 1e-3 },
};

/** How far an image is changed each time it is seen, at most: two pixels, eleven degrees, an eighth of its size. */
const AUGMENTATION = { shift: 2 / 28, rotate: 11.5, scale: 0.12, shear: 0.15 };

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: Object.keys(ARCHITECTURES) },
    out: { type: 'string', default: fileURLToPath(new URL('../../models', import.meta.url)) },
    seed: { type: 'string' },
    epochs: { type: 'string' },
    'learning-rate': { type: 'string' },
    'weight-decay': { type: 'string' },
  },
});

const unknown = values.model.find((model) => !(model in ARCHITECTURES));
if (unknown !== undefined)
  throw new RangeError(`--model: expected ${Object.keys(ARCHITECTURES).join(' or ')}, got ${unknown}`);

const training = splitDataset('train');
const validation = splitDataset('validation');
mkdirSync(values.out, { recursive: true });

for (const model of values.model) {
  const recipe = { ...RECIPES[model] };
  if (values.seed) recipe.seed = Number(values.seed);
  if (values.epochs) recipe.epochs = Number(values.epochs);
  if (values['learning-rate']) recipe.learningRate = Number(values['learning-rate']);
  if (values['weight-decay']) recipe.weightDecay = Number(values['weight-decay']);
  console.error(`${model}: ${JSON.stringify(recipe)}`);
  const stage = tune({
    ...COMMON,
    ...recipe,
    dataset: training,
    augmentation: AUGMENTATION,
    onEpoch({ epoch, epochs, loss, accuracy, isBest, ms }) {
      const error = `${(100 * (1 - accuracy)).toFixed(2)} %${isBest ? ', the best so far' : ''}`;
      console.error(`epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  error held out ${error}  ${Math.round(ms)} ms`);
    },
  });
  const trained = await stage.run(openOnnx(writeModel(model, initialParameters(model, recipe.seed))));
  const bytes = Buffer.concat([...writeOnnx(trained)].map((piece) => piece.bytes.slice()));
  const { top1 } = await evaluate({ model: bytes, dataset: validation });
  console.error(`validation error ${(100 * (1 - top1)).toFixed(2)} %`);
  // Written beside and renamed: an interrupted run leaves the model that was there.
  const file = join(values.out, `${model}.onnx`);
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
  console.log(file);
}
