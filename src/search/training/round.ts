import type { Model } from '../../model/model.js';
import { exactly, type Rule, selector } from '../../model/selectors.js';
import { isPatchable, readWeights } from '../../model/weights.js';
import { openOnnx } from '../../onnx/open.js';
import { quantize } from '../../stages/quantize.js';
import { TUNE_DEFAULTS } from '../../tune/options.js';
import { withBiases } from './levels.js';
import { timeForLevels, trained } from './retrain.js';
import type { Session, Sized } from './session.js';

/** Formats from fine to coarse: layer by layer each gives way to the next. */
const FORMATS = ['int4', 'int3', 'ternary'] as const;
/** Steps are begun with, and sizes foretold, by the least squared error: the largest weights would leave the others no values but zero. */
const RANGE = 'mse';
/** Epochs: these, or of the round's this share. Rounded weights take shorter steps. */
const EPOCHS = 4;
const SHARE_OF_ROUND = 1 / 8;
const RATE_SHARE = 0.5;
const LEAST_EPOCHS = 2;
/** By what a file is expected to grow while weights move between values; what grows more is tried once more, with what it did. */
const GROWTH = 0.03;
const TRIES = 2;

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
  const { journal, goal } = session;
  const model = openOnnx(journal.model);
  const room = goal.limit === undefined ? goal.targetSize : journal.bestJudged.bytes;
  let growth = 1 + GROWTH;
  for (let tries = 0; tries < TRIES; tries++) {
    const epochs = epochsNow(session);
    if (epochs < LEAST_EPOCHS) return false;
    const found = await finestWithin(session, model, room / growth);
    const made = found && (await trainedThrough(session, model, found.rules, epochs));
    if (found === undefined || made === undefined) return false;
    if (made.bytes <= room) return made.isBetter;
    growth = made.bytes / found.bytes;
  }
  return false;
}

/** As many as there is time for. */
function epochsNow(session: Session): number {
  const {
    journal: { took, epochs },
    clock,
  } = session;
  if (took.epoch === 0) return 0;
  const possible = Math.floor((clock.left() - timeForLevels(session)) / took.epoch);
  return Math.min(possible, Math.max(EPOCHS, Math.round(SHARE_OF_ROUND * epochs)));
}

/** Trains, judges and offers a model; nothing where there is no time for it. */
async function trainedThrough(
  session: Session,
  model: Model,
  rules: Rules,
  epochs: number,
): Promise<{ readonly bytes: number; readonly isBetter: boolean } | undefined> {
  const { batchSize, augmentation, learningRate = TUNE_DEFAULTS.learningRate.adam } = session.options;
  const start = performance.now();
  const why = `weights are trained through the rounding to ${formatsIn(rules)}`;
  session.plan(why);
  const settings = { epochs, batchSize, augmentation, learningRate: RATE_SHARE * learningRate };
  const tuned = await trained(session, model, {
    ...settings,
    weights: FORMATS[0],
    range: RANGE,
    rules,
    scales: 'learned',
  });
  if (tuned === undefined) return undefined;
  const sized = await withBiases(session, tuned);
  const judged = await session.judged(sized);
  session.done({ what: 'round', lambda: null, judged, why, ms: performance.now() - start });
  return { bytes: sized.bytes, isBetter: session.offer(sized.model, judged) };
}

/** The finest formats whose file is no larger than that, those of the layers with the most weights the coarsest; nothing where none is. */
async function finestWithin(
  session: Session,
  model: Model,
  most: number,
): Promise<{ readonly rules: Rules; readonly bytes: number } | undefined> {
  const isSelected = selector({ exclude: session.common.exclude }, {}, []);
  const names = model.tensors
    .filter((tensor) => isPatchable(tensor) && isSelected(tensor))
    .map((tensor) => ({
      name: tensor.name,
      left: readWeights(tensor).reduce((n, value) => n + Number(value !== 0), 0),
    }))
    .sort((a, b) => b.left - a.left)
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  const formatAt = (step: number) => FORMATS[Math.floor(step / names.length)];
  const rulesAt = (step: number): Rules =>
    names.map((name, i) => ({ match: exactly(name), options: { weights: formatAt(step + names.length - 1 - i) } }));
  const bytesAt = async (step: number) => (await roundedNow(session, model, rulesAt(step))).bytes;
  let [fine, coarse] = [-1, (FORMATS.length - 1) * names.length];
  let bytes = await bytesAt(coarse);
  if (bytes > most) return undefined;
  while (coarse - fine > 1) {
    const middle = Math.floor((fine + coarse) / 2);
    const found = await bytesAt(middle);
    if (found > most) fine = middle;
    else [coarse, bytes] = [middle, found];
  }
  return { rules: rulesAt(coarse), bytes };
}

/** The weights as they are, rounded: about the size of a file that is trained so. */
async function roundedNow(session: Session, model: Model, rules: Rules): Promise<Sized> {
  const { exclude } = session.common;
  return withBiases(session, await quantize({ weights: FORMATS[0], range: RANGE, rules, exclude }).run(model));
}

function formatsIn(rules: Rules): string {
  const counts = FORMATS.map((format) => [format, rules.filter(({ options }) => options.weights === format).length]);
  return counts
    .filter(([, count]) => count !== 0)
    .map(([format, count]) => `${format} in ${count}`)
    .join(' and ')
    .concat(' of the layers');
}
