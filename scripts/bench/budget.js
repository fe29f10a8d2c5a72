// A search for a loss against every single pair of bits and density for all layers.
//
// The smallest pair stands against it that loses no more on test data, which neither has seen. The search chooses on calibration data; the pairs are chosen on the test data
// itself, which is more than anybody who ships a model could do.
//
//   npm run bench budget [-- --model model.onnx --data calibration.npz --test test.npz --max-loss 0.5 --sizes 100000]
//
// Without options: the bundled LeNet-5, with MNIST's training images, tested on its test images.
import os from 'node:os';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { compress, decode, encode, evaluate, openOnnx, searchBudget } from '../../build/index.js';
import { openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    'max-loss': { type: 'string', default: '0.5' },
    sizes: { type: 'string', default: '' },
    bits: { type: 'string', default: '2,3,4,5,6,7,8' },
    'no-pairs': { type: 'boolean', default: false },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const dense = await evaluate({ model: bytes, dataset: test });

async function judged(container) {
  const { top1, agreement } = await evaluate({ model: await decode(container), reference: bytes, dataset: test });
  const lost = dense.top1 === null ? 100 * (1 - agreement) : 100 * (dense.top1 - top1);
  return { bytes: container.length, ratio: bytes.length / container.length, lost, agreement };
}

function shown({ bytes, ratio, lost, agreement }) {
  return {
    bytes,
    ratio: `${ratio.toFixed(1)}×`,
    'points lost': lost.toFixed(2),
    'agreement %': (100 * agreement).toFixed(2),
  };
}

async function search(goal) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const found = await searchBudget(openOnnx(bytes), { dataset, ...goal });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const result = await judged(await encode(found.model));
  const { points, chosen, samples, heldOut } = found;
  console.log(
    `${JSON.stringify(goal)}: ${points.length} settings tried, ${samples} inputs measured on, ${heldOut} judged by (${chosen.loss.toFixed(2)} points lost there), ${seconds.toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of processor time`,
  );
  return result;
}

const tried = new Map();
async function pair(bits, density) {
  const key = `${bits} bits, density ${density.toFixed(2)}`;
  if (!tried.has(key)) {
    const { container } = await compress(bytes, { prune: { density }, cluster: { bits } });
    tried.set(key, { bits, density, ...(await judged(container)) });
  }
  return tried.get(key);
}

/** The smallest pair that loses no more than this: over the grid, then in finer steps around the best of it. */
async function bestPair(most) {
  const allBits = values.bits.split(',').map(Number);
  const tenths = Array.from({ length: 10 }, (_, i) => (10 - i) / 10);
  const best = () =>
    [...tried.values()]
      .filter(({ lost }) => lost <= most)
      .reduce((a, b) => (a && a.bytes <= b.bytes ? a : b), undefined);
  for (const bits of allBits) for (const density of tenths) await pair(bits, density);
  const coarse = best();
  if (!coarse) return undefined;
  for (const bits of allBits.filter((each) => Math.abs(each - coarse.bits) <= 1)) {
    for (let step = -5; step <= 5; step++) {
      const density = Math.round(100 * coarse.density + 2 * step) / 100;
      if (density > 0 && density <= 1) await pair(bits, density);
    }
  }
  return best();
}

console.log(`Node ${process.version}, ${os.cpus()[0].model}, ${os.availableParallelism()} threads`);
console.log(`${basename(values.model)}, ${bytes.length} bytes, top-1 ${(100 * (dense.top1 ?? 0)).toFixed(2)} %\n`);
const ours = await search({ maxLoss: Number(values['max-loss']) });
const rows = { 'each layer its own': shown(ours) };
if (!values['no-pairs']) {
  // Where none loses as little, the best of those that keep to the limit.
  const theirs = (await bestPair(ours.lost)) ?? (await bestPair(Number(values['max-loss'])));
  if (theirs) rows[`one for all: ${theirs.bits} bits, density ${theirs.density}`] = shown(theirs);
  console.table(rows);
  if (theirs)
    console.log(
      `${(100 * (1 - ours.bytes / theirs.bytes)).toFixed(1)} % smaller than the best of ${tried.size} pairs\n`,
    );
  const table = [...tried.values()].sort((a, b) => a.bytes - b.bytes);
  console.table(table.map(({ bits, density, ...rest }) => ({ bits, density, ...shown(rest) })));
} else console.table(rows);
for (const size of values.sizes.split(',').filter(Boolean).map(Number)) {
  const result = await search({ targetSize: size });
  console.table({
    [`at most ${size}`]: { ...shown(result), 'of the size': `${((100 * result.bytes) / size).toFixed(2)} %` },
  });
}
