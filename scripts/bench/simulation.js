// Simulated quantised inference: calibrators × widths × granularity, and the tables of Quantization.MXNet, for any net and data.
//
//   npm run bench simulation [-- --model model.onnx --data calibration.npz --test test.npz --bits 8,6,5,4,3 --rows 0,1 --samples 256
//                              --draws 1 --limit 1185 --part "ranges|percentiles|widths|seed|compensated|joint"]
//
// Cells are top-1 and agreement with the float net, in per cent. `ranges`: how ranges of values are found, weights rounded to the
// nearest; the known cells are of a ResNet-20 for CIFAR-10, and are told as met or not. Of several draws of calibration inputs a cell has
// the mean, and the least and the most agreement. `percentiles`: what a hair's breadth of the percentile makes of the first width.
// `widths`: Quantization.MXNet's table of widths beside ours. `seed`: its table of 8 bits, online, moving average and KL × layer and
// channel × folded or not × first layer in or out × sign; a net without BatchNormalization is given some, each channel's weights having
// length one. `compensated`: weights that make up for themselves and for rounded inputs, draw by draw, and the mean with the interval
// in which that of all draws lies, 95 % sure of it. `joint`: widths of weights and inputs that are searched for together, on inputs of --data, so that no more than
// a point is lost on those of them that are kept apart. Without options: the bundled LeNet-5 on MNIST.
import { parseArgs } from 'node:util';
import { planValues } from '../../build/calibrate/ranges/plan.js';
import { insertFake } from '../../build/graph/simulate/insert-fake.js';
import { withSettledOpset } from '../../build/graph/upgrade.js';
import { fold, openOnnx, quantize, searchWidths, simulate } from '../../build/index.js';
import { agreement, decisionsOf } from './support/answers.js';
import { CALIBRATORS, SEED_FLOAT, SEED_ROWS, SEED_WIDTHS, TOLERANCE, WIDTHS } from './support/simulated.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';
import { unfolded } from './support/unfold.js';

const THREADS = 2;
/** Two-sided quantiles of Student's t by degrees of freedom: 95 % lie within. */
const STUDENT = [Number.NaN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
/** Percentiles next to each other. */
const PERCENTILES = [99.97, 99.98, 99.985, 99.9875, 99.99, 99.992, 99.995];
/** Points that a search for widths may lose. */
const MOST_LOST = 1;

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    part: { type: 'string', default: '.' },
    bits: { type: 'string', default: WIDTHS.join() },
    samples: { type: 'string', default: '256' },
    draws: { type: 'string', default: '1' },
    limit: { type: 'string', default: '2000' },
    rows: { type: 'string' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const [samples, limit] = [Number(values.samples), Number(values.limit)];
const draws = Array.from({ length: Number(values.draws) }, (_, seed) => seed);
const widths = values.bits.split(',').map(Number);
/** Whether a row of a table is asked for, counted from 0. */
const isRowWanted = (at) => values.rows === undefined || values.rows.split(',').map(Number).includes(at);
const original = openOnnx(bytes);
/** Whether it is the net that the known cells are of. */
const isKnown = original.tensors.reduce((sum, { role, count }) => sum + (role === 'weight' ? count : 0), 0) === 268_336;
const reference = await decisionsOf(bytes, test, { limit, threads: THREADS });
console.log(`float: ${reference.top1?.toFixed(2) ?? '–'} %, ${reference.decisions.length} inputs\n`);

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const head = (...cells) => {
  row(cells);
  row(cells.map(() => '---'));
};

/** How values may be rounded, by how that is asked for: one pass over the data tells it for all widths. */
const plans = new Map();
/** What nets have answered, as several tables may ask for the same. */
const asked = new Map();

async function planFor(inputs, isFirstIn, bits, model, seed) {
  const key = JSON.stringify([inputs, isFirstIn, model === original, seed]);
  const options = { ...inputs, inputs: 'uint8', last: 'int8', first: isFirstIn ? 'int8' : 'float32', isWhole: false };
  const found = plans.get(key) ?? planValues(model, { dataset, samples, seed, threads: THREADS, ...options }, {});
  plans.set(key, found);
  const { plan, free } = await found;
  return { ...plan, values: new Map(free.map(({ name, roundedTo }) => [name, roundedTo(`uint${bits}`).rounding])) };
}

/**
 * What a net answers whose layers are rounded to one width, the last among them, and the first only if it is said.
 *
 * @param {Partial<(typeof CALIBRATORS)[number]>} line
 * @param {number} bits
 * @param {number} seed - which inputs ranges are taken of
 */
async function answersOf(line, bits, model = original, seed = 0) {
  const { weights, inputs, isFirstIn = false } = line;
  const key = JSON.stringify([weights, inputs, isFirstIn, bits, model === original, inputs ? seed : 0]);
  const known = asked.get(key);
  if (known) return known;
  const plan = inputs && (await planFor(inputs, isFirstIn, bits, model, seed));
  const ends = { first: isFirstIn ? `int${bits}` : 'float32', last: `int${bits}` };
  const rounded = weights ? await quantize({ ...weights, weights: `int${bits}`, ...ends }).run(model) : model;
  const result = await measured(plan ? insertFake(withSettledOpset(rounded), plan) : rounded);
  asked.set(key, result);
  return result;
}

async function measured(model) {
  const answers = await decisionsOf(bytesOf(model), test, { limit, threads: THREADS });
  return { top1: answers.top1, agreement: agreement(reference, answers) };
}

/** Weights that make up for their own rounding and that of inputs. */
async function compensated(weights, inputs, seed) {
  const stage = simulate({
    ...{ dataset, samples, seed, threads: THREADS, rounding: 'compensated', by: 'channel', inputRange: 'mse' },
    ...{ weights: `int${weights}`, last: `int${weights}`, inputs: `uint${inputs}` },
  });
  return measured(await stage.run(original));
}

/** The mean of a figure, of which there is none without labels. */
const meanOf = (all, key) =>
  all[0][key] === undefined ? undefined : all.reduce((sum, each) => sum + each[key], 0) / all.length;

/** How far the mean of figures may lie from that of all draws, 95 % sure of it: Student's t. */
function uncertainty(figures) {
  const degrees = figures.length - 1;
  const mean = figures.reduce((sum, each) => sum + each, 0) / figures.length;
  const variance = figures.reduce((sum, each) => sum + (each - mean) ** 2, 0) / degrees;
  return (STUDENT[degrees] ?? STUDENT.at(-1)) * Math.sqrt(variance / figures.length);
}

const show = ({ top1, agreement: alike }) => `${top1?.toFixed(2) ?? '–'} · ${alike.toFixed(2)}`;
const isWanted = (part) => new RegExp(values.part).test(part);

if (isWanted('ranges')) {
  let [met, missed] = [0, 0];
  head('weights', 'inputs', 'first layer', ...widths.map((bits) => `${bits} bits`));
  for (const [at, line] of CALIBRATORS.entries()) {
    if (!isRowWanted(at)) continue;
    const { weights, inputs, isFirstIn } = line;
    const cells = [];
    for (const bits of widths) {
      const drawn = [];
      for (const seed of draws) drawn.push(await answersOf(line, bits, original, seed));
      const answers = { top1: meanOf(drawn, 'top1'), agreement: meanOf(drawn, 'agreement') };
      const ends = [Math.min, Math.max].map((end) => end(...drawn.map((each) => each.agreement)));
      const spread = draws.length > 1 ? ` (${ends.map((end) => end.toFixed(2)).join('–')})` : '';
      const expected = isKnown ? line.known[WIDTHS.indexOf(bits)] : undefined;
      const isMet = expected === undefined || Math.abs(answers.agreement - expected) <= TOLERANCE;
      if (expected !== undefined) isMet ? met++ : missed++;
      cells.push(`${show(answers)}${spread}${expected === undefined ? '' : isMet ? ' ✓' : ` ✗ ${expected}`}`);
    }
    const ranges = inputs ? [inputs.inputRange, inputs.percentile, inputs.sign].filter(Boolean).join(' ') : 'float';
    row([
      weights ? `${weights.by}${weights.range ? `, ${weights.range}` : ''}` : 'float',
      ranges,
      isFirstIn ? 'in' : 'out',
      ...cells,
    ]);
  }
  console.log(
    met + missed > 0 ? `\n${met} of ${met + missed} known cells within ${TOLERANCE} points of agreement\n` : '',
  );
}

if (isWanted('percentiles')) {
  const [bits] = widths;
  head('draw', ...PERCENTILES.map((percentile) => `${percentile} %`));
  for (const seed of draws) {
    const cells = [];
    for (const percentile of PERCENTILES) {
      const inputs = { inputRange: 'percentile', percentile };
      cells.push(show(await answersOf({ weights: { by: 'channel' }, inputs }, bits, original, seed)));
    }
    row([seed, ...cells]);
  }
  console.log();
}

if (isWanted('widths')) {
  const lost = (top1, float) => (float === undefined || top1 === undefined ? '–' : (top1 - float).toFixed(2));
  head('bits', 'its ResNet-56: moving average', 'KL', 'ours: moving average', 'KL', 'mse', 'percentile');
  for (const [at, { bits, ...theirs }] of SEED_WIDTHS.entries()) {
    if (!isRowWanted(at)) continue;
    const cells = [];
    for (const inputRange of ['ema', 'kl-mxnet', 'mse', 'percentile']) {
      const { top1 } = await answersOf({ weights: { by: 'channel' }, inputs: { inputRange } }, bits);
      cells.push(lost(top1, reference.top1));
    }
    const published = [theirs.ema, theirs['kl-mxnet']].map((each) => lost(each, SEED_FLOAT));
    row([bits, ...published, ...cells]);
  }
  console.log('\npoints of top-1 against float\n');
}

if (isWanted('seed')) {
  const [bits] = widths;
  const isFolded = (await fold().run(original)) === original;
  const models = isFolded
    ? { unfolded: openOnnx(unfolded(original)), folded: original }
    : { unfolded: original, folded: await fold().run(original) };
  head(
    'weights by',
    'BatchNormalization',
    'first layer',
    'sign',
    'range',
    'its MobileNet',
    'its ResNet-50',
    'ours: top-1 · agreement',
  );
  let at = 0;
  for (const by of /** @type {const} */ (['layer', 'channel'])) {
    for (const isFoldedRow of [false, true]) {
      for (const isFirstIn of [true, false]) {
        for (const sign of ['unsigned', 'signed']) {
          for (const inputRange of ['online', 'ema', 'kl-mxnet']) {
            if (!isRowWanted(at++)) continue;
            const line = { weights: { by }, inputs: { inputRange, sign }, isFirstIn };
            const answers = await answersOf(line, bits, isFoldedRow ? models.folded : models.unfolded);
            const published = SEED_ROWS.find((each) =>
              [by, isFoldedRow, isFirstIn, sign, inputRange].every((value, i) => each[i] === value),
            );
            const theirs = published ? [published[5], published[6]] : ['–', '–'];
            row([
              by,
              isFoldedRow ? 'folded' : 'apart',
              isFirstIn ? 'in' : 'out',
              sign,
              inputRange,
              ...theirs,
              show(answers),
            ]);
          }
        }
      }
    }
  }
  console.log();
}

if (isWanted('compensated')) {
  head('weights', 'inputs', 'draw', 'top-1 · agreement');
  for (const [at, [weights, inputs]] of [
    [4, 4],
    [3, 4],
  ].entries()) {
    if (!isRowWanted(at)) continue;
    const drawn = [];
    for (const seed of draws) {
      drawn.push(await compensated(weights, inputs, seed));
      row([`int${weights}`, `uint${inputs}`, seed, show(drawn[drawn.length - 1])]);
    }
    if (drawn.length === 1) continue;
    const mean = { top1: meanOf(drawn, 'top1'), agreement: meanOf(drawn, 'agreement') };
    const apart = uncertainty(drawn.map((each) => each.agreement));
    row([`int${weights}`, `uint${inputs}`, 'mean', `${show(mean)} ± ${apart.toFixed(2)}`]);
  }
}

if (isWanted('joint')) {
  const start = performance.now();
  head('bits a weight', 'bits an input of a layer', 'points lost on inputs kept apart, at most');
  const { model, chosen, layers, inputs } = await searchWidths(original, {
    ...{ dataset, samples, threads: THREADS, isCompensated: true, by: 'channel' },
    ...{ weights: 'int4', inputs: 'uint4', maxLoss: MOST_LOST },
    onPoint: ({ equivalentBits, inputBits, judgement }) =>
      row([
        equivalentBits.toFixed(2),
        inputBits?.toFixed(2),
        `${judgement?.value.toFixed(2)}, ${judgement?.high.toFixed(2)}`,
      ]),
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const spans = [layers, inputs].map((all) => all.map(({ bits }) => bits));
  const [weightBits, inputBits] = spans.map((bits) => `${Math.min(...bits)} to ${Math.max(...bits)}`);
  console.log(
    `\nchosen: ${chosen.equivalentBits.toFixed(2)} bits a weight (${weightBits} by layer), ${chosen.inputBits?.toFixed(2)} an input (${inputBits}),`,
  );
  console.log(`on test images ${show(await measured(model))}; ${seconds} s`);
}
