// Simulated quantised inference: calibrators × widths × granularity, and the tables of Quantization.MXNet, for any net and data.
//
//   npm run bench simulation [-- --model model.onnx --data calibration.npz --test test.npz --part "ranges|seed|compensated"
//                              --bits 8,6,5,4,3 --samples 256 --limit 1185]
//
// Cells are top-1 and agreement with the float net, in per cent. `ranges`: how ranges of values are found, weights rounded to the
// nearest. `seed`: online, moving average and KL × layer and channel × folded or not × first layer in or out × sign, at the first width.
// `compensated`: weights that make up for themselves and for rounded inputs. Without options: the bundled LeNet-5 on MNIST.
import { parseArgs } from 'node:util';
import { fold, openOnnx, simulate } from '../../build/index.js';
import { agreement, decisionsOf } from './support/answers.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    part: { type: 'string', default: '.' },
    bits: { type: 'string', default: '8,6,5,4,3' },
    samples: { type: 'string', default: '256' },
    limit: { type: 'string', default: '2000' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const [samples, limit] = [Number(values.samples), Number(values.limit)];
const widths = values.bits.split(',').map(Number);
const original = openOnnx(bytes);
const folded = await fold().run(original);
const reference = await decisionsOf(bytes, test, { limit });
console.log(`float: ${reference.top1?.toFixed(2) ?? '–'} %, ${reference.decisions.length} inputs\n`);

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const head = (...cells) => {
  row(cells);
  row(cells.map(() => '---'));
};

async function cell(options, model = original) {
  const simulated = await simulate({ dataset, samples, threads: 1, rounding: 'nearest', ...options }).run(model);
  const answers = await decisionsOf(bytesOf(simulated), test, { limit });
  return `${answers.top1?.toFixed(2) ?? '–'} · ${agreement(reference, answers).toFixed(2)}`;
}

/**
 * A line of a table: how weights are rounded, if they are, and how ranges of values are found.
 *
 * @param {{ by: string, range?: string } | undefined} weights
 * @param {string} inputRange
 * @returns {[typeof weights, string]}
 */
const pair = (weights, inputRange) => [weights, inputRange];

const isWanted = (part) => new RegExp(values.part).test(part);
const out = (bits) => ({ last: `int${bits}` });

if (isWanted('ranges')) {
  head('weights', 'inputs', ...widths.map((bits) => `${bits} bits`));
  const ranges = ['ema', 'kl-mxnet', 'kl', 'percentile', 'mse', 'max', 'online'];
  const lines = [
    ...ranges.map((inputRange) => pair({ by: 'channel' }, inputRange)),
    ...['ema', 'kl-mxnet', 'mse'].map((inputRange) => pair({ by: 'layer' }, inputRange)),
    pair({ by: 'channel', range: 'mse' }, 'mse'),
    ...['mse', 'ema'].map((inputRange) => pair(undefined, inputRange)),
  ];
  for (const [weights, inputRange] of lines) {
    const cells = [];
    for (const bits of widths) {
      const rounded = weights ? { ...weights, weights: `int${bits}` } : {};
      cells.push(await cell({ ...rounded, ...out(bits), inputs: `uint${bits}`, inputRange }));
    }
    row([weights ? `${weights.by}${weights.range ? `, ${weights.range}` : ''}` : 'float', inputRange, ...cells]);
  }
  console.log();
}

if (isWanted('seed')) {
  const [bits] = widths;
  const models =
    folded === original
      ? [{ name: '–', model: original }]
      : [
          { name: '', model: original },
          { name: 'folded', model: folded },
        ];
  head('inputs', 'range', 'weights', 'by', 'BatchNormalization', 'first layer', 'top-1 · agreement');
  for (const { name, model } of models) {
    for (const by of ['layer', 'channel']) {
      for (const [sign, first] of [
        ['unsigned', true],
        ['value', true],
        ['value', false],
        ['signed', false],
      ]) {
        for (const inputRange of ['online', 'ema', 'kl']) {
          const ends = { ...out(bits), ...(first && { first: `int${bits}` }) };
          const options = { inputs: `uint${bits}`, weights: `int${bits}`, by, inputRange, sign, ...ends };
          row([sign, inputRange, `int${bits}`, by, name, first ? 'in' : 'out', await cell(options, model)]);
        }
      }
    }
  }
  console.log();
}

if (isWanted('compensated')) {
  head('weights', 'inputs', 'top-1 · agreement');
  for (const [weights, inputs] of [
    [4, 4],
    [3, 4],
  ]) {
    const options = { weights: `int${weights}`, by: 'channel', inputs: `uint${inputs}`, rounding: 'compensated' };
    row([`int${weights}`, `uint${inputs}`, await cell(options)]);
  }
}
