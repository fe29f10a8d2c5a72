import type { Model } from '../../model/model.js';
import { exactly, type Rule } from '../../model/selectors.js';
import { readWeights } from '../../model/weights.js';
import { openOnnx } from '../../onnx/open.js';
import { quantize } from '../../stages/quantize.js';
import { TUNE_DEFAULTS } from '../../tune/options.js';
import { withBiases } from './levels.js';
import { timeForLevels, trained } from './retrain.js';
import type { Session, Sized } from './session.js';

/** Formats from fine to coarse: layer by layer each gives way to the next. */
const FORMATS = ['int4', 'int3', 'ternary'] as const;
/** Epochs: these, or of the round's this share. Rounded weights take shorter steps. */
const EPOCHS = 4;
const SHARE_OF_ROUND = 1 / 8;
const RATE_SHARE = 0.5;
const LEAST_EPOCHS = 2;
/** What a file may grow by while weights move between values. */
const GROWTH = 0.02;

type Rules = Rule<{ weights: string }>[];

/**
 * Trains the weights that are left through the rounding to few values a layer, whose steps are learned: the others make up for what each
 * loses, which choosing values for weights that stay where they are cannot do. The formats are the finest that the size has room for, or
 * that are smaller than what is there already.
 *
 * Source: Esser et al. 2020, "Learned Step Size Quantization"; Zhu et al. 2017, "Trained Ternary Quantization".
 *
 * @returns whether a better file was found than all before
 */
export async function roundTrained(session: Session): Promise<boolean> {
  const { journal, goal, options, clock } = session;
  const { batchSize, augmentation, learningRate = TUNE_DEFAULTS.learningRate.adam } = options;
  const { epoch } = journal.took;
  const possible = Math.floor((clock.left() - timeForLevels(session)) / epoch);
  const epochs = Math.min(possible, Math.max(EPOCHS, Math.round(SHARE_OF_ROUND * journal.epochs)));
  if (epoch === 0 || epochs < LEAST_EPOCHS) return false;
  const start = performance.now();
  const model = openOnnx(journal.model);
  const room = goal.limit === undefined ? goal.targetSize : journal.bestJudged.bytes;
  const rules = await finestWithin(session, model, room / (1 + GROWTH));
  if (rules === undefined) return false;
  const why = `weights are trained through the rounding to ${formatsIn(rules)}`;
  session.plan(why);
  const settings = { epochs, batchSize, augmentation, learningRate: RATE_SHARE * learningRate };
  const [weights] = FORMATS;
  const tuned = await trained(session, model, { ...settings, weights, rules, scales: 'learned' });
  if (tuned === undefined) return false;
  const sized = await withBiases(session, tuned);
  const judged = await session.judged(sized);
  session.done({ what: 'round', lambda: null, judged, why, ms: performance.now() - start });
  return session.offer(sized.model, judged);
}

/** The finest formats whose file is no larger than that, those of the layers with the most weights the coarsest; nothing where none is. */
async function finestWithin(session: Session, model: Model, most: number): Promise<Rules | undefined> {
  const names = model.tensors
    .filter(({ role, dtype }) => role === 'weight' && dtype === 'float32')
    .map((tensor) => ({
      name: tensor.name,
      left: readWeights(tensor).reduce((n, value) => n + Number(value !== 0), 0),
    }))
    .sort((a, b) => b.left - a.left)
    .map(({ name }) => name);
  const rulesAt = (step: number): Rules =>
    names.map((name, i) => ({
      match: exactly(name),
      options: { weights: FORMATS[Math.floor((step + names.length - 1 - i) / names.length)] },
    }));
  let [fine, coarse] = [-1, (FORMATS.length - 1) * names.length];
  if ((await roundedNow(session, model, rulesAt(coarse))).bytes > most) return undefined;
  while (coarse - fine > 1) {
    const middle = Math.floor((fine + coarse) / 2);
    if ((await roundedNow(session, model, rulesAt(middle))).bytes > most) fine = middle;
    else coarse = middle;
  }
  return rulesAt(coarse);
}

/** The weights as they are, rounded: about the size of a file that is trained so. */
async function roundedNow(session: Session, model: Model, rules: Rules): Promise<Sized> {
  const { exclude } = session.common;
  return withBiases(session, await quantize({ weights: FORMATS[0], rules, exclude }).run(model));
}

function formatsIn(rules: Rules): string {
  const counts = FORMATS.map((format) => [format, rules.filter(({ options }) => options.weights === format).length]);
  return counts
    .filter(([, count]) => count !== 0)
    .map(([format, count]) => `${format} in ${count}`)
    .join(' and ')
    .concat(' of the layers');
}
