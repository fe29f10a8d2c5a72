// What calibration takes where it answers as int8 weights through brotli 11 do: sizes, answers, layers and memory by the price of a bit.
//
//   npm run bench frontier -- --model model.onnx --data calibration.npz --test test.npz [--fast --prices 1e-7,2e-7 --seed 0 \
//     --results bench/results/sizes.md]
//
// int8 has one scale a tensor, or one a channel. Its answers are compared on test data with those of every price; between prices the
// logarithm of the bytes goes straight with that of the answers lost. Peak memory is that of the whole run, tests included.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { startCalibration } from '../../build/calibrate/start.js';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { disk } from '../../build/cli/disk.js';
import { decode, encode, evaluate, inspectContainer, openDataset, openOnnx } from '../../build/index.js';
import { baselineSizes, int8Models } from './support/int8.js';
import { keepSection } from './support/results.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    test: { type: 'string' },
    prices: { type: 'string', default: '1e-8,3e-8,1e-7,2e-7,4e-7,1e-6' },
    seed: { type: 'string', default: '0' },
    fast: { type: 'boolean', default: false },
    results: { type: 'string' },
  },
});
if (!values.model || !values.data || !values.test)
  throw new RangeError('frontier: --model, --data and --test are wanted');

const bytes = new Uint8Array(readFileSync(values.model));
const [dataset, test] = await Promise.all([values.data, values.test].map((path) => openDataset(path, disk)));
const answersOf = async (model) => {
  const { agreement, loss } = await evaluate({ model, reference: bytes, dataset: test, metric: 'agreement' });
  return { agreement, lost: loss.value };
};
const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
const row = (cells) => print(`| ${cells.join(' | ')} |`);
const cellsOf = ({ agreement, lost }) => [`${(100 * agreement).toFixed(2)} %`, lost.toFixed(3)];

row(['by', 'bytes', 'agreement', 'points lost, expected']);
row(['---', '---', '---', '---']);
const sizes = await baselineSizes(bytes);
const rivals = [];
for (const [name, model] of Object.entries(int8Models(bytes))) {
  const rival = { name, bytes: sizes[name], ...(await answersOf(model)) };
  rivals.push(rival);
  row([name, rival.bytes, ...cellsOf(rival)]);
}

const pool = threadPool(1);
const { prepared, run } = await startCalibration(openOnnx(bytes), {
  ...{ dataset, seed: Number(values.seed), fast: values.fast, pool },
});
const points = [];
for (const price of values.prices.split(',').map(Number)) {
  const container = await encode(await run(price));
  const point = { price, container, bytes: container.length, ...(await answersOf(await decode(container))) };
  points.push(point);
  row([`a bit for ${price}`, point.bytes, ...cellsOf(point)]);
}
await pool.close();
print('');
for (const rival of rivals) {
  const at = bytesAt(rival.lost);
  const share = at && `${Math.round(at)} bytes, ${((100 * at) / rival.bytes).toFixed(1)} % of ${rival.bytes}`;
  print(`As near as ${rival.name}: ${share ?? 'beyond these prices'}.`);
}
const { layers, skipped } = prepared;
const left = skipped.map(({ tensor, reason }) => `${tensor.name} (${tensor.count} weights; ${reason})`);
print(`${layers.length} layers calibrated; left out: ${left.join(', ') || 'none'}.`);
print(`Peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB.`);
if (values.results) keepSection(values.results, `${basename(values.model)}, calibrated, beside int8 weights`, lines);

const { tensors, overhead } = await inspectContainer(points[Math.floor(points.length / 2)].container);
console.table(
  [...tensors]
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 20)
    .map((each) => ({
      ...{ name: each.name, role: each.role, op: each.op, dims: `${each.dims}`, weights: each.weights },
      ...{ bytes: each.bytes, bits: ((8 * each.bytes) / each.weights).toFixed(2), density: each.density },
    })),
);
console.log(overhead);

/** Bytes at which so much is lost, on straight lines between the points. */
function bytesAt(lost) {
  for (const [i, after] of points.entries()) {
    const before = points[i - 1];
    if (!before || !(before.lost <= lost && after.lost >= lost)) continue;
    const share = Math.log(lost / before.lost) / Math.log(after.lost / before.lost);
    return Math.exp(Math.log(before.bytes) + share * Math.log(after.bytes / before.bytes));
  }
  return undefined;
}
