// Whether a loss that is promised holds: searches on draws of inputs, and what the files lose on all other inputs.
//
// Of each draw: the file, what the search says that it loses at most, and what it loses on the inputs outside of the draw. Last in
// how many draws that is above the goal.
//
//   npm run bench promise [-- --model model.onnx --data data.npz --sizes 64,256,1024 --draws 20 --max-loss 0.5 --search calibrate \
//     --fast --results bench/results/promise.md]
//
// `--search data` looks for density and clusters instead. Draws are taken from `--data`, of which all is read into memory: sizes
// that leave fewer others than they take themselves are passed over. With `--results` a row is added to that table. A draw takes
// from seconds (LeNets) to minutes (`--fast` takes a fraction), so that twenty of a larger net are for a night.
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
  },
});
const goal = Number(values['max-loss']);
const bytes = new Uint8Array(readFileSync(values.model));
const { rows, take } = await read(await openDataset(values.data, disk));

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
    const real = await lossOn(container, order.slice(size));
    const { judgement } = found.chosen;
    table.push({
      bytes: container.length,
      expected: judgement?.value.toFixed(2),
      'at most': judgement?.high.toFixed(2),
      'really lost': real.toFixed(2),
      reached: found.isReached,
    });
  }
  console.table(table);
  const above = table.filter((row) => Number(row['really lost']) > goal).length;
  const mean = table.reduce((sum, row) => sum + row.bytes, 0) / table.length;
  console.log(
    `${size} inputs: above the goal in ${above} of ${table.length} draws; ${mean.toFixed(0)} bytes on average`,
  );
  const worst = Math.max(...table.map((row) => Number(row['really lost'])));
  const how = values.search === 'data' ? '--data' : values.fast ? '--calibrate --fast' : '--calibrate';
  const cells = [basename(values.model), how, size, goal, table.length, above, worst.toFixed(2), Math.round(mean)];
  if (values.results) addRow(values.results, cells);
}

/** Adds a row to a table of results, which is begun where there is none. */
function addRow(file, cells) {
  const head = ['net', 'by', 'inputs', 'goal, points', 'draws', 'above the goal', 'most lost, points', 'bytes, mean'];
  const rule = head.map(() => '---');
  const line = (row) => `| ${row.join(' | ')} |\n`;
  const title =
    '# How often a promised loss holds\n\n`npm run bench promise`: what files lose on inputs that no search has seen.\n\n';
  if (!existsSync(file)) writeFileSync(file, `${title}${line(head)}${line(rule)}`);
  appendFileSync(file, line(cells));
}
