// Whether a loss that is promised holds: searches on draws of inputs, and what the files lose on all other inputs.
//
// Of each draw: the file, what the search says that it loses at most, and what it loses on the inputs outside of the draw. Last in
// how many draws that is above the goal.
//
//   npm run bench promise [-- --model model.onnx --data data.npz --sizes 64,256,1024 --draws 20 --max-loss 0.5 --search calibrate \
//     --fast --minutes 10 --draws-file draws.jsonl --results bench/results/promise.md]
//
// `--search data` looks for density and clusters instead. Draws are taken from `--data`, of which all is read into memory: sizes
// that leave fewer others than they take themselves are passed over. A draw takes from seconds (LeNets) to minutes (`--fast` takes a
// fraction), so that twenty of a larger net are for a night: with `--draws-file` each is kept as a line of JSON as soon as it is known
// and not made again, and with `--minutes` no other is begun after that time. With `--results` a row is added to that table once all
// draws of a size are there.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { disk } from '../../build/cli/disk.js';
import {
  arrayDataset,
  decode,
  encode,
  evaluate,
  openDataset,
  openOnnx,
  searchBudget,
  searchCalibration,
} from '../../build/index.js';
import { createRandom, shuffle } from '../../build/random.js';
import { SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    model: SUBJECT.model,
    data: SUBJECT.test,
    sizes: { type: 'string', default: '64,256,1024' },
    draws: { type: 'string', default: '20' },
    first: { type: 'string', default: '0' },
    'max-loss': { type: 'string', default: '0.5' },
    search: { type: 'string', default: 'calibrate' },
    fast: { type: 'boolean', default: false },
    results: { type: 'string' },
    minutes: { type: 'string' },
    'draws-file': { type: 'string' },
  },
});
const goal = Number(values['max-loss']);
const end = values.minutes === undefined ? Number.POSITIVE_INFINITY : 60_000 * Number(values.minutes);
const searchedBy = values.search === 'data' ? '--data' : values.fast ? '--calibrate --fast' : '--calibrate';
const kept = values['draws-file'] && existsSync(values['draws-file']) ? linesIn(values['draws-file']) : [];
const bytes = new Uint8Array(readFileSync(values.model));
const { rows, take } = await read(await openDataset(values.data, disk));

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
 * What a file loses, in points, counted.
 *
 * @param {Uint8Array} container
 * @param {readonly number[]} places
 */
async function lossOn(container, places) {
  const dataset = take(places);
  const after = await evaluate({ model: await decode(container), reference: bytes, dataset });
  if (after.top1 === null) return 100 * (1 - (after.agreement ?? 0));
  const before = await evaluate({ model: bytes, dataset });
  return 100 * ((before.top1 ?? 0) - after.top1);
}

console.log(`${basename(values.model)}, ${rows} inputs, at most ${goal} points lost, by --${values.search}`);
for (const size of values.sizes.split(',').map(Number)) {
  if (2 * size > rows) continue;
  const table = [];
  for (let draw = Number(values.first); draw < Number(values.first) + Number(values.draws); draw++) {
    const subject = { net: basename(values.model), by: searchedBy, inputs: size, goal, draw };
    const known = kept.find((row) => Object.entries(subject).every(([key, value]) => row[key] === value));
    if (!known && performance.now() > end) continue;
    const row = known ?? { ...subject, ...(await tryDraw(size, draw)) };
    if (!known && values['draws-file']) appendFileSync(values['draws-file'], `${JSON.stringify(row)}\n`);
    table.push(row);
  }
  if (table.length === 0) continue;
  console.table(table);
  const above = table.filter(({ lost }) => lost > goal).length;
  const mean = table.reduce((sum, row) => sum + row.bytes, 0) / table.length;
  console.log(
    `${size} inputs: above the goal in ${above} of ${table.length} draws; ${mean.toFixed(0)} bytes on average`,
  );
  const worst = Math.max(...table.map(({ lost }) => lost));
  const cells = [basename(values.model), searchedBy, size, goal, table.length, above];
  const isDone = table.length === Number(values.draws);
  if (values.results && isDone) addRow(values.results, [...cells, worst.toFixed(2), Math.round(mean)]);
}

/**
 * What a search on a draw finds, what it promises, and what comes of that on all other inputs.
 *
 * @param {number} size
 * @param {number} draw
 */
async function tryDraw(size, draw) {
  const order = shuffle(
    Array.from({ length: rows }, (_, i) => i),
    createRandom(draw + 1),
  );
  const options = { dataset: take(order.slice(0, size)), maxLoss: goal, fast: values.fast };
  const pool = threadPool();
  const found =
    values.search === 'data'
      ? await searchBudget(openOnnx(bytes), options)
      : await searchCalibration(openOnnx(bytes), { ...options, pool });
  await pool.close();
  const container = await encode(found.model);
  const { value, high } = found.chosen.judgement ?? {};
  const lost = await lossOn(container, order.slice(size));
  return { bytes: container.length, expected: value, 'at most': high, lost, reached: found.isReached };
}

/** Adds a row to a table of results, which is begun where there is none. */
function addRow(file, cells) {
  const head = ['net', 'by', 'inputs', 'goal, points', 'draws', 'above the goal', 'most lost, points', 'bytes, mean'];
  const rule = head.map(() => '---');
  const line = (row) => `| ${row.join(' | ')} |\n`;
  const title =
    '# How often a promised loss holds\n\n`npm run bench promise`: what files lose on inputs that no search has seen.\n\n';
  const lines = (existsSync(file) ? readFileSync(file, 'utf8') : `${title}${line(head)}${line(rule)}`).split('\n');
  const last = lines.findLastIndex((text) => text.startsWith('|'));
  writeFileSync(file, [...lines.slice(0, last + 1), line(cells).trimEnd(), ...lines.slice(last + 1)].join('\n'));
}
