// Number formats on a net: noise beside the cells that are known, sizes, agreement, and the tables others have published.
//
//   npm run bench formats [-- --model model.onnx --data calibration.npz --test test.npz --part "noise|files|chance|data|widths|seeds|paper"
//     --pictures bench/results --results bench/results/formats.md]
//
// The known cells are of a ResNet-20 for CIFAR-10, and are told as met or not; of another net only its own figures mean something.
// Without options: the bundled LeNet-5 on MNIST. Agreement is that with the float net on the test data, in per cent. `paper` draws
// Deep Compression's comparisons for the net, into the folder of --pictures. With --results each part is kept, in the place of what it
// found before.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  calibratedQuantize,
  cluster,
  encode,
  openOnnx,
  prune,
  quantize,
  quantizeByOutput,
  searchWidths,
} from '../../build/index.js';
import { readWeights } from '../../build/model/weights.js';
import { agreement, decisionsOf } from './support/answers.js';
import { BY_CHANCE, BY_OUTPUT, BY_WIDTH, ENDS, MEANS, SINGLE, SINGLE_ENDS, WIDTHS } from './support/format-cells.js';
import { lossBySize, lossByStart } from './support/pictures.js';
import { DIFFERENCES, PUBLISHED, SHARED } from './support/published.js';
import { keepSection } from './support/results.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    part: { type: 'string', default: '.' },
    pictures: { type: 'string', default: 'out' },
    results: { type: 'string' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const original = openOnnx(bytes);
const weights = original.tensors.filter(({ role }) => role === 'weight').reduce((sum, { count }) => sum + count, 0);
/** Whether it is the net that the known figures are of. */
const isKnown = weights === 268_336;
const isWanted = (part) => new RegExp(values.part).test(part);
const net = basename(values.model, '.onnx');
/** What a part has printed so far. */
let printed = [];
const print = (text) => {
  printed.push(text);
  console.log(text);
};
const part = async (name, title, work) => {
  if (!isWanted(name)) return;
  printed = [];
  console.log('');
  print(`${title}\n`);
  await work();
  if (values.results !== undefined) keepSection(values.results, `${name}: ${net}`, printed);
};

const quantized = (options) => quantize(options).run(original);
let failed = 0;
/** Whether something holds, in a sign; of a net that the known figures are not of it is left out. */
const verdict = (isMet) => {
  if (!isKnown) return '';
  if (!isMet) failed++;
  return isMet ? ' ✓' : ' ✗';
};

/** Decisions as the runtime makes them by default. */
const decided = (model) => decisionsOf(model, test, { level: 'all' });
/** Those of the float net, once they are asked for. */
let reference;

async function answers(model) {
  reference ??= decided(bytes);
  const found = await decided(bytesOf(model));
  return { top1: found.top1?.toFixed(2) ?? '–', agreement: agreement(await reference, found).toFixed(2) };
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

/** Decibels that a cell may be off. */
const TOLERANCE = 0.3;

await part('noise', 'Signal-to-noise ratio in decibels: ours, known, difference', async () => {
  let worst = 0;
  let cells = 0;
  const tell = (label, model, known) => {
    const ours = decibels(model);
    const off = ours - known;
    worst = Math.max(worst, Math.abs(off));
    cells++;
    const figures = [ours, known, off].map((value) => value.toFixed(2).padStart(8)).join('');
    print(`${label.padEnd(32)}${figures}${verdict(Math.abs(off) <= TOLERANCE)}`);
  };
  const line = async (options, known) => {
    const { weights, by, range = 'own', first } = options;
    tell(`${weights} ${by} ${range}${first ? ', ends float' : ''}`, await quantized(options), known);
  };
  const ends = { first: 'float32', last: 'float32' };
  for (const [name, by, range, known] of BY_WIDTH) {
    for (const [i, bits] of WIDTHS.entries()) await line({ weights: `${name}${bits}`, by, range }, known[i]);
  }
  for (const [weights, by, range, known] of SINGLE) await line({ weights, by, range }, known);
  for (const [name, by, known] of ENDS) {
    for (const [i, bits] of [4, 3, 2].entries()) {
      await line({ weights: `${name}${bits}`, by, ...ends }, known[i]);
    }
  }
  for (const [weights, by, known] of SINGLE_ENDS) await line({ weights, by, ...ends }, known);
  for (const [i, bits] of WIDTHS.entries()) {
    const model = await cluster({ clusters: 2 ** bits - 1 }).run(original, {});
    tell(`k-means, ${2 ** bits - 1} values`, model, MEANS[i]);
  }
  print(`\n${cells} cells, the farthest ${worst.toFixed(2)} dB off`);
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
      const size = (await encode(model)).length;
      const isMet = (most === '–' || size <= most) && (least === '–' || Number(agreement) >= least);
      print(`${label.padEnd(20)}${size} (≤ ${most}) · ${top1} · ${agreement} (≥ ${least})${verdict(isMet)}`);
    }
  },
);

/** Seeds of the known means, and of ours. */
const [KNOWN_SEEDS, SEEDS] = [2, 10];

await part(
  'chance',
  'Rounded by chance, mean of ten seeds: top-1 · agreement; known, of two seeds: within 2 standard errors of the difference, or .3 points',
  async () => {
    for (const [name, by, ...known] of BY_CHANCE) {
      const all = [];
      for (let seed = 0; seed < SEEDS; seed++) {
        const { top1, agreement } = await answers(await quantized({ weights: name, by, rounding: 'stochastic', seed }));
        all.push([Number(top1), Number(agreement)]);
      }
      const cells = known.map((figure, i) => {
        const mean = all.reduce((sum, each) => sum + each[i], 0) / SEEDS;
        const variance = all.reduce((sum, each) => sum + (each[i] - mean) ** 2, 0) / (SEEDS - 1);
        const room = Math.max(0.3, 2 * Math.sqrt(variance * (1 / KNOWN_SEEDS + 1 / SEEDS)));
        return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}${verdict(Math.abs(mean - figure) <= room)}`;
      });
      print(`${name.padEnd(8)}${by.padEnd(10)}${cells.join(' · ')}   ${known.join(' · ')}`);
    }
  },
);

await part('data', 'With data: top-1 · agreement, at least · decibels · file · seconds', async () => {
  const show = async (label, least, stage) => {
    const start = performance.now();
    const model = await stage.run(original, {});
    const seconds = (performance.now() - start) / 1000;
    const { top1, agreement } = await answers(model);
    const goal = least === undefined ? '' : ` (≥ ${least})${verdict(Number(agreement) >= least)}`;
    const noise = `${decibels(model).toFixed(2)} dB · ${(await encode(model)).length} B`;
    print(`${label.padEnd(30)}${top1} · ${agreement}${goal} · ${noise} · ${seconds.toFixed(0)} s`);
  };
  const channels = { by: /** @type {const} */ ('channel'), dataset, samples: 256 };
  await show('int4 channel, compensated', 97.5, calibratedQuantize({ weights: 'int4', ...channels }));
  await show('int3 channel, compensated', 95.3, calibratedQuantize({ weights: 'int3', ...channels }));
  for (const [weights, known, least] of BY_OUTPUT) {
    await show(`${weights} output (${known} dB)`, least, quantizeByOutput({ weights, dataset }));
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
    const sign = least === '–' ? '' : verdict(Number(agreement) >= least);
    print(`${label.padEnd(20)}${top1} · ${agreement} (≥ ${least}${sign}; uniform ${uniform.agreement})  ${bits}`);
  }
});

const share = (bytesNow) => `${((100 * bytesNow) / bytes.length).toFixed(1)} %`;

await part('seeds', 'Published rows, and the same formats on the weights of this net', async () => {
  const { top1 } = await answers(original);
  print(`${basename(values.model)} in float: ${top1} %, ${bytes.length} bytes. Ours is not trained afterwards.\n`);
  print('| source | format | theirs | ours: top-1 | same answers | file |\n| --- | --- | --- | --- | --- | --- |');
  const show = async ({ source, format, theirs }, model) => {
    const found = await answers(model);
    const size = (await encode(model)).length;
    const figures = [`${top1} → ${found.top1}`, `${found.agreement} %`, `${size} B, ${share(size)}`];
    print(`| ${[source, format, theirs, ...figures].join(' | ')} |`);
  };
  for (const { options, ...row } of PUBLISHED) await show(row, await quantized(options));
  for (const { conv, fc, ...row } of SHARED) {
    const rules = ['op:Gemm', 'op:MatMul'].map((match) => ({ match, options: { bits: fc } }));
    await show(row, await cluster({ bits: conv, rules }).run(original, {}));
  }
  // For all nets the same.
  console.log(`\n${DIFFERENCES.map((each) => `- ${each}`).join('\n')}`);
});

/** @type {('linear' | 'density' | 'random')[]} */
const STARTS = ['linear', 'density', 'random'];

await part(
  'paper',
  'Deep Compression’s comparisons: points of top-1 lost by size, without retraining or data',
  async () => {
    const { top1 } = await answers(original);
    const points = [];
    const look = async (way, setting, model) => {
      const size = (await encode(model)).length / bytes.length;
      const found = await answers(model);
      const lost = Number(top1) - Number(found.top1);
      points.push({ way, setting, size, lost });
      print(`| ${way} | ${setting} | ${(100 * size).toFixed(2)} % | ${lost.toFixed(2)} | ${found.agreement} |`);
    };
    print('| | setting | size | points lost | same answers |\n| --- | --- | --- | --- | --- |');
    for (const density of [0.8, 0.6, 0.4, 0.3, 0.2, 0.1]) {
      const pruned = await prune({ density }).run(original, {});
      await look('pruning', `${100 * density} % kept`, pruned);
      await look('both', `${100 * density} % kept, 5 bits`, await cluster({ bits: 5 }).run(pruned, {}));
    }
    for (const bits of [8, 6, 5, 4, 3, 2]) {
      await look('shared values', `${bits} bits`, await cluster({ bits }).run(original, {}));
    }
    const starts = [];
    print('\n| start | bits | points lost | same answers |\n| --- | --- | --- | --- |');
    for (const bits of [8, 6, 5, 4, 3, 2]) {
      for (const init of STARTS) {
        const found = await answers(await cluster({ bits, init, centroids: 'native' }).run(original, {}));
        const lost = Number(top1) - Number(found.top1);
        starts.push({ init, bits, lost });
        print(`| ${init} | ${bits} | ${lost.toFixed(2)} | ${found.agreement} |`);
      }
    }
    mkdirSync(values.pictures, { recursive: true });
    const files = { [`${net}-paper.svg`]: await lossBySize(points), [`${net}-starts.svg`]: await lossByStart(starts) };
    for (const [name, svg] of Object.entries(files)) {
      writeFileSync(join(values.pictures, name), svg);
      console.log(join(values.pictures, name));
      print(`\n![${name}](${name})`);
    }
  },
);

if (isKnown) console.log(`\n${failed === 0 ? 'all known figures are met' : `${failed} known figures are not met`}`);
process.exitCode = failed === 0 ? 0 : 1;
