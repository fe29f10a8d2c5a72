// Trains the nets in models/ from scratch: node scripts/train/train.js [--model NAME] [--seed N] [--epochs N] [--out FOLDER]
// Hyperparameters are judged on the validation images only; scripts/train/evaluate.js looks at the test set.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { descend } from './descend.js';
import { loadMnist } from './mnist.js';
import { ARCHITECTURES, writeModel } from './models.js';
import { countCorrect, openSession } from './runtime.js';

/** @type {Record<string, import('./descend.js').Recipe>} */
const RECIPES = {
  'lenet-300-100': { seed: 1, epochs: 60, learningRate: 0.05, weightDecay: 5e-4, plainEpochs: 2 },
  'lenet-5': { seed: 1, epochs: 20, learningRate: 0.02, weightDecay: 1e-3, plainEpochs: 1 },
};

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

const training = loadMnist('train');
const validation = loadMnist('validation');
mkdirSync(values.out, { recursive: true });

for (const model of values.model) {
  const recipe = { ...RECIPES[model] };
  if (values.seed) recipe.seed = Number(values.seed);
  if (values.epochs) recipe.epochs = Number(values.epochs);
  if (values['learning-rate']) recipe.learningRate = Number(values['learning-rate']);
  if (values['weight-decay']) recipe.weightDecay = Number(values['weight-decay']);
  console.error(`${model}: ${JSON.stringify(recipe)}`);
  const parameters = await descend(model, training, recipe, async ({ index, loss, parameters, ms }) => {
    const correct = await countCorrect(await openSession(writeModel(model, parameters)), validation);
    const error = (100 * (1 - correct / validation.count)).toFixed(2);
    console.error(
      `epoch ${index + 1}/${recipe.epochs}  loss ${loss.toFixed(4)}  validation error ${error} %  ${Math.round(ms)} ms`,
    );
  });
  // Written beside and renamed: an interrupted run leaves the model that was there.
  const file = join(values.out, `${model}.onnx`);
  writeFileSync(`${file}.part`, writeModel(model, parameters));
  renameSync(`${file}.part`, file);
  console.log(file);
}
