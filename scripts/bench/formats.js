// Number formats on a net: noise beside the cells that are known, sizes, agreement, and the tables others have published.
//
//   npm run bench formats [-- --model model.onnx --data calibration.npz --test test.npz --part "noise|files|chance|data|widths|seeds"]
//
// The known cells are of a ResNet-20 for CIFAR-10; of another net only its own figures mean something. Without options: the
// bundled LeNet-5 on MNIST. Agreement is that with the float net on the test data, in per cent.
import { parseArgs } from 'node:util';
import {
  calibratedQuantize,
  cluster,
  encode,
  evaluate,
  openOnnx,
  prune,
  quantize,
  quantizeByOutput,
  searchWidths,
} from '../../build/index.js';
import { readWeights } from '../../build/model/weights.js';
import { BY_CHANCE, BY_WIDTH, ENDS, SINGLE, WIDTHS } from './support/format-cells.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({ options: { ...SUBJECT, part: { type: 'string', default: '.' } } });
const { bytes, dataset, test } = await openSubject(values);
const original = openOnnx(bytes);
const isWanted = (part) => new RegExp(values.part).test(part);
const part = async (name, title, work) => {
  if (!isWanted(name)) return;
  console.log(`\n${title}\n`);
  await work();
};

const quantized = (options) => quantize(options).run(original);
const percent = (share) => (100 * share).toFixed(2);

async function answers(model) {
  const { top1, agreement } = await evaluate({ model: bytesOf(model), reference: bytes, dataset: test, threads: 2 });
  return { top1: top1 === null ? '–' : percent(top1), agreement: percent(agreement ?? 0) };
}

/** Signal-to-noise ratio of all weights that were rounded. */
function decibels(model) {
  let signal = 0;
  let noise = 0;
  for (const [i, tensor] of original.tensors.entries()) {
    if (tensor.role !== 'weight' || !tensor.dtype.startsWith('float')) continue;
    if (model.tensors[i].payload === tensor.payload) continue;
    const [before, after] = [readWeights(tensor), readWeights(model.tensors[i])];
    for (let at = 0; at < before.length; at++) {
      signal += before[at] ** 2;
      noise += (before[at] - after[at]) ** 2;
    }
  }
  return 10 * Math.log10(signal / noise);
}

await part('noise', 'Signal-to-noise ratio in decibels: ours, known, difference', async () => {
  let worst = 0;
  let cells = 0;
  const line = async (options, known) => {
    const ours = decibels(await quantized(options));
    const off = ours - known;
    worst = Math.max(worst, Math.abs(off));
    cells++;
    const { weights, by, range = 'own', first } = options;
    const label = `${weights} ${by} ${range}${first ? ', ends float' : ''}`;
    console.log(
      `${label.padEnd(32)}${ours.toFixed(2).padStart(8)}${known.toFixed(2).padStart(8)}${off.toFixed(2).padStart(8)}`,
    );
  };
  for (const [name, by, range, known] of BY_WIDTH) {
    for (const [i, bits] of WIDTHS.entries()) await line({ weights: `${name}${bits}`, by, range }, known[i]);
  }
  for (const [weights, by, range, known] of SINGLE) await line({ weights, by, range }, known);
  for (const [name, by, known] of ENDS) {
    for (const [i, bits] of [4, 3, 2].entries()) {
      await line({ weights: `${name}${bits}`, by, first: 'float32', last: 'float32' }, known[i]);
    }
  }
  console.log(`\n${cells} cells, the farthest ${worst.toFixed(2)} dB off`);
});

await part(
  'files',
  'Files by encode, rounded to the nearest: bytes, at most · top-1 · agreement, at least',
  async () => {
    /** @type {[{ weights: string, by?: 'channel' }, number?, number?][]} */
    const rows = [
      [{ weights: 'int8' }, 220_500],
      [{ weights: 'int4' }, 83_600],
      [{ weights: 'uint8' }, 225_700],
      [{ weights: 'int8', by: 'channel' }, 248_500],
      [{ weights: 'int4', by: 'channel' }, 110_200],
      [{ weights: 'int3', by: 'channel' }, 71_700],
      [{ weights: 'fixed8' }, undefined, 98.8],
      [{ weights: 'e2m1' }, undefined, 91.9],
    ];
    for (const [options, most = '–', least = '–'] of rows) {
      const model = await quantized(options);
      const { top1, agreement } = await answers(model);
      const label = `${options.weights} ${options.by ?? 'layer'}`;
      console.log(
        `${label.padEnd(20)}${(await encode(model)).length} (≤ ${most}) · ${top1} · ${agreement} (≥ ${least})`,
      );
    }
  },
);

await part(
  'chance',
  'Rounded by chance, mean of ten seeds: top-1 · agreement, and both of two seeds as known',
  async () => {
    for (const [weights, by, ...known] of BY_CHANCE) {
      const all = [];
      for (let seed = 0; seed < 10; seed++) {
        all.push(await answers(await quantized({ weights, by, rounding: 'stochastic', seed })));
      }
      const mean = (key) => (all.reduce((sum, each) => sum + Number(each[key]), 0) / all.length).toFixed(1);
      console.log(`${weights.padEnd(8)}${by.padEnd(10)}${mean('top1')} · ${mean('agreement')}   ${known.join(' · ')}`);
    }
  },
);

await part('data', 'With data: top-1 · agreement, at least · seconds', async () => {
  /** @type {[string, number, () => import('../../build/index.js').Stage][]} */
  const lines = [
    [
      'int4 channel, compensated',
      97.5,
      () => calibratedQuantize({ weights: 'int4', by: 'channel', dataset, samples: 256 }),
    ],
    [
      'int3 channel, compensated',
      95.3,
      () => calibratedQuantize({ weights: 'int3', by: 'channel', dataset, samples: 256 }),
    ],
    ['fixed4, range output', 91.5, () => quantizeByOutput({ weights: 'fixed4', dataset })],
  ];
  for (const [label, least, stageOf] of lines) {
    const start = performance.now();
    const model = await stageOf().run(original, {});
    const seconds = (performance.now() - start) / 1000;
    const { top1, agreement } = await answers(model);
    console.log(`${label.padEnd(30)}${top1} · ${agreement} (≥ ${least}) · ${seconds.toFixed(0)} s`);
  }
});

await part('widths', 'Bits under a budget, by channel: top-1 · agreement · bits by layer', async () => {
  /** @type {[string, number, number | undefined, boolean][]} */
  const lines = [
    ['minmax', 3, 92.0, false],
    ['minmax', 4, 96.8, false],
    ['minmax', 3, 92.0, true],
    ['minmax', 4, 96.8, true],
    ['uint', 3, undefined, true],
    ['int', 3, undefined, true],
  ];
  for (const [family, equivalentBits, least = '–', hasData] of lines) {
    /** @type {import('../../build/index.js').WidthOptions} */
    const options = { weights: `${family}4`, by: 'channel', equivalentBits };
    const uniform = await answers(await quantized({ weights: `${family}${equivalentBits}`, by: 'channel' }));
    const { model, layers } = await searchWidths(original, hasData ? { ...options, dataset } : options);
    const { top1, agreement } = await answers(model);
    const label = `${family} ${equivalentBits}${hasData ? ' with data' : ''}`;
    const bits = layers.map((layer) => layer.bits).join(' ');
    console.log(`${label.padEnd(20)}${top1} · ${agreement} (≥ ${least}; uniform ${uniform.agreement})  ${bits}`);
  }
});

/** @type {('linear' | 'density' | 'random')[]} */
const STARTS = ['linear', 'density', 'random'];

/** Rows others have published: what they measured, float and rounded, and how we say it. Weights alone are rounded here. */
const PUBLISHED = [
  ['nnabla, ResNet-23, FIXED8 parameters: .81 → .81', { weights: 'FIXED8', range: 'nnabla' }],
  ['Ristretto, LeNet, dynamic fixed point 4 bits: 99.15 → 98.72', { weights: 'fixed4', range: 'max' }],
  ['Ristretto, LeNet, dynamic fixed point 2 bits: 99.15 → 98.03', { weights: 'fixed2', range: 'max' }],
  ['Ristretto, CIFAR-10, dynamic fixed point 8 bits: 81.69 → 80.64', { weights: 'fixed8', range: 'max' }],
  ['Ristretto, LeNet, fixed point Q4.4: 99.15 → 88.90', { weights: 'Q4.4' }],
  ['Ristretto, CIFAR-10, fixed point Q8.8: 81.69 → 80.94', { weights: 'Q8.8' }],
  ['Ristretto, LeNet, minifloat 4-bit exponent, 3-bit mantissa: 99.15 → 99.20', { weights: 'ristretto-e4m3' }],
  ['Ristretto, CIFAR-10, minifloat 5-bit exponent, 2-bit mantissa: 81.69 → 80.47', { weights: 'ristretto-e5m2' }],
  ['Ristretto, powers of two, 4 bits', { weights: 'ristretto-pow4' }],
  ['PocketFlow, 8 bits, ends float', { weights: 'minmax8', first: 'float32', last: 'float32' }],
  ['PocketFlow, 4 bits, ends float', { weights: 'minmax4', first: 'float32', last: 'float32' }],
  [
    'PocketFlow, 4 bits, by channel, ends float',
    { weights: 'minmax4', by: 'channel', first: 'float32', last: 'float32' },
  ],
  ['slides, 8 bits between minimum and maximum', { weights: 'minmax8' }],
];

await part(
  'seeds',
  'Published rows, and the same formats on the weights of this net: top-1 · agreement · bytes',
  async () => {
    const { top1 } = await answers(original);
    console.log(`${'this net in float'.padEnd(80)}${top1}`);
    const show = async (label, model) => {
      const found = await answers(model);
      console.log(`${label.padEnd(80)}${found.top1} · ${found.agreement} · ${(await encode(model)).length}`);
    };
    for (const [label, options] of PUBLISHED) await show(label, await quantized(options));
    // Han et al.: loss against size for pruning alone, shared values alone, and both; and the three starts of k-means.
    for (const density of [0.6, 0.4, 0.3]) {
      const pruned = await prune({ density }).run(original, {});
      await show(`pruned to ${density}`, pruned);
      await show(`pruned to ${density}, 4 bits shared`, await cluster({ bits: 4 }).run(pruned, {}));
    }
    for (const bits of [6, 5, 4, 3]) {
      for (const init of STARTS) {
        await show(`${bits} bits shared, ${init} start`, await cluster({ bits, init }).run(original, {}));
      }
    }
  },
);
