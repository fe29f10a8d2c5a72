// Whether a loss that is promised holds: searches on draws of inputs, and what the files lose on all other inputs.
//
// Of each draw: the file, what the search says that it loses at most, and what it loses on the inputs outside of the draw. Last in
// how many draws that is above the goal.
//
//   npm run bench promise [-- --model model.onnx --data data.npz --sizes 64,256,1024 --draws 20 --max-loss 0.5 --search calibrate \
//     --fast --minutes 10 --draws-file draws.jsonl --oracle 3 --results bench/results/promise.md]
//
// `--search data` looks for density and clusters instead. Draws are taken from `--data`, of which all is read into memory: sizes
// that leave fewer others than they take themselves are passed over. A draw takes from seconds (LeNets) to minutes (`--fast` takes a
// fraction), so that twenty of a larger net are for a night: with `--draws-file` each is kept as a line of JSON as soon as it is known
// and not made again, and with `--minutes` no other is begun after that time. `--oracle` shows for as many draws the price of not
// knowing: the size that the inputs outside of the draw would choose, going on by half as high a price of a bit again. `--results`
// writes a table of all that `--draws-file` holds.
//
// `--net autoencoder` (or upscaler, embedder) takes a small net that decides on nothing, and made pictures; its goal is
// `--max-error`, one per cent unless told otherwise.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { disk } from '../../build/cli/disk.js';
import {
  arrayDataset,
  calibrate,
  decode,
  encode,
  evaluate,
  openDataset,
  openOnnx,
  searchBudget,
  searchCalibration,
} from '../../build/index.js';
import { createRandom, shuffle } from '../../build/random.js';
import { ANSWERS, pictures } from './support/nets/answers.js';
import { keepSection } from './support/results.js';
import { SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    model: SUBJECT.model,
    data: SUBJECT.test,
    sizes: { type: 'string', default: '64,256,1024' },
    draws: { type: 'string', default: '20' },
    first: { type: 'string', default: '0' },
    net: { type: 'string' },
    'max-loss': { type: 'string', default: '0.5' },
    'max-error': { type: 'string', default: '0.01' },
    oracle: { type: 'string', default: '0' },
    search: { type: 'string', default: 'calibrate' },
    fast: { type: 'boolean', default: false },
    results: { type: 'string' },
    minutes: { type: 'string' },
    'draws-file': { type: 'string' },
  },
});
/** Pictures that are made for nets that decide on nothing. */
const MADE = 4096;
/** What is lost is a difference of shares: two of 400 inputs are half a point, whatever floating-point numbers make of it. */
const ROUNDING = 1e-9;
/** The oracle's prices of a bit are so many times each other. */
const STEP = 1.5;

const isNamed = values.net !== undefined;
const goal = Number(isNamed ? values['max-error'] : values['max-loss']);
const end = values.minutes === undefined ? Number.POSITIVE_INFINITY : 60_000 * Number(values.minutes);
const searchedBy = values.search === 'data' ? '--data' : values.fast ? '--calibrate --fast' : '--calibrate';
const kept = values['draws-file'] && existsSync(values['draws-file']) ? linesIn(values['draws-file']) : [];
const name = values.net ?? basename(values.model);
const bytes = isNamed ? ANSWERS[values.net]({ seed: 2 }) : new Uint8Array(readFileSync(values.model));
const made = () => arrayDataset({ inputs: { x: pictures(MADE, values.net === 'upscaler', 1) } });
const { rows, take } = await read(isNamed ? made() : await openDataset(values.data, disk));

/**
 * @param {string} file
 * @returns {Record<string, any>[]}
 */
function linesIn(file) {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/**
 * All samples, and a data set of some of them.
 *
 * @param {import('../../build/index.js').Dataset} dataset
 */
async function read(dataset) {
  const batches = [];
  for await (const batch of dataset({ batchSize: 1 })) batches.push(batch);
  const names = Object.keys(batches[0].inputs);
  /** @param {readonly number[]} places */
  const take = (places) => {
    const inputs = names.map((name) => {
      const { data, dims, ...rest } = batches[0].inputs[name];
      const joined = new Float32Array(places.length * data.length);
      for (const [i, place] of places.entries())
        joined.set(Array.from(batches[place].inputs[name].data, Number), i * data.length);
      return [name, { ...rest, data: joined, dims: [places.length, ...dims.slice(1)] }];
    });
    const labels = batches[0].labels && places.map((place) => Number(batches[place].labels?.[0]));
    return arrayDataset({ inputs: Object.fromEntries(inputs), labels });
  };
  return { rows: batches.length, take };
}

/**
 * What a file loses, counted: in points, or as a share where nothing is decided.
 *
 * @param {Uint8Array} container
 * @param {readonly number[]} places
 */
async function lossOn(container, places) {
  const dataset = take(places);
  const after = await evaluate({ model: await decode(container), reference: bytes, dataset });
  if (isNamed) return after.loss?.value ?? Number.NaN;
  if (after.top1 === null) return 100 * (1 - (after.agreement ?? 0));
  const before = await evaluate({ model: bytes, dataset });
  return 100 * ((before.top1 ?? 0) - after.top1);
}

console.log(`${name}, ${rows} inputs, at most ${goal} ${isNamed ? 'of the energy' : 'points'} lost, by ${searchedBy}`);
for (const size of values.sizes.split(',').map(Number)) {
  if (2 * size > rows) continue;
  const table = [];
  for (let draw = Number(values.first); draw < Number(values.first) + Number(values.draws); draw++) {
    const subject = { net: name, by: searchedBy, inputs: size, goal, draw };
    const found = kept.findLast((row) => Object.entries(subject).every(([key, value]) => row[key] === value));
    const hasOracle = draw < Number(values.oracle);
    const known = hasOracle && found?.oracle === undefined ? undefined : found;
    if (!known && performance.now() > end) continue;
    const row = known ?? { ...subject, ...(await tryDraw(size, draw, hasOracle)) };
    if (!known && values['draws-file']) appendFileSync(values['draws-file'], `${JSON.stringify(row)}\n`);
    if (!known) kept.push(row);
    table.push(row);
  }
  if (table.length === 0) continue;
  console.table(table);
  const { above, bytes: mean } = summed(table);
  console.log(`${size} inputs: above the goal in ${above} of ${table.length} draws; ${mean} bytes on average`);
}
if (values.results) keepSection(values.results, 'Draws', tableOf(kept));

/**
 * What a search on a draw finds, what it promises, and what comes of that on all other inputs.
 *
 * @param {number} size
 * @param {number} draw
 * @param {boolean} hasOracle
 */
async function tryDraw(size, draw, hasOracle) {
  const order = shuffle(
    Array.from({ length: rows }, (_, i) => i),
    createRandom(draw + 1),
  );
  const [dataset, others] = [take(order.slice(0, size)), order.slice(size)];
  const options = { dataset, ...(isNamed ? { maxError: goal } : { maxLoss: goal }), fast: values.fast };
  const pool = threadPool();
  const found =
    values.search === 'data'
      ? await searchBudget(openOnnx(bytes), options)
      : await searchCalibration(openOnnx(bytes), { ...options, pool });
  const container = await encode(found.model);
  const { value, high } = found.chosen.judgement ?? {};
  const lost = await lossOn(container, others);
  const row = {
    bytes: container.length,
    expected: value,
    'at most': high,
    lost,
    reached: found.isReached && !found.isLossless,
  };
  const lambda = 'lambda' in found.chosen ? found.chosen.lambda : null;
  const oracle = hasOracle && lambda ? await sizeByTable({ ...row, lambda }, { dataset, others, pool }) : undefined;
  await pool.close();
  return { ...row, ...(oracle && { oracle }) };
}

/** The size that is chosen by what is lost outside of the draw: of all prices on the way to where that is the goal. */
async function sizeByTable({ bytes: first, lost: lostFirst, lambda: start }, { dataset, others, pool }) {
  const isGood = lostFirst <= goal;
  for (let [lambda, best] = [start, first]; ; ) {
    lambda *= isGood ? STEP : 1 / STEP;
    const calibrated = await calibrate({ dataset, lambda, fast: values.fast, pool }).run(openOnnx(bytes));
    const container = await encode(calibrated);
    const isWithin = (await lossOn(container, others)) <= goal;
    if (isWithin !== isGood) return isGood ? best : container.length;
    best = container.length;
  }
}

/** @param {readonly Record<string, any>[]} table */
function summed(table) {
  const mean = (some, key) => Math.round(some.reduce((sum, row) => sum + row[key], 0) / some.length);
  const withOracle = table.filter(({ oracle }) => oracle !== undefined);
  return {
    draws: table.length,
    met: table.filter(({ reached }) => reached).length,
    above: table.filter(({ lost }) => lost - goal > ROUNDING).length,
    lost: Math.max(...table.map(({ lost }) => lost)),
    bytes: mean(table, 'bytes'),
    oracle: withOracle.length > 0 ? mean(withOracle, 'bytes') / mean(withOracle, 'oracle') : undefined,
  };
}

/** A row for each net, way and number of inputs, of all draws that are known. */
function tableOf(all) {
  const head = [
    'net',
    'by',
    'inputs',
    'goal',
    'draws',
    'said to be met',
    'above the goal',
    'most lost',
    'bytes',
    '× by table',
  ];
  const groups = new Map();
  for (const row of all) {
    const key = JSON.stringify([row.net, row.by, row.inputs, row.goal]);
    // Of a draw that was made again, as for the oracle, the last counts.
    groups.set(key, (groups.get(key) ?? new Map()).set(row.draw, row));
  }
  const cells = [...groups].map(([key, draws]) => {
    const { above, met, lost, bytes, oracle, draws: count } = summed([...draws.values()]);
    return [...JSON.parse(key), count, met, above, lost.toPrecision(2), bytes, oracle?.toFixed(2) ?? ''];
  });
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`);
}
