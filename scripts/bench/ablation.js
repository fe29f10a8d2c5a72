// What each ingredient of calibration is worth: bytes at equal agreement with the original, with one left out at a time.
//
//   npm run bench ablation [-- --model model.onnx --data calibration.npz --test test.npz --disagreement 3 --fast \
//     --samples 512 --seeds 0,1,2 --lambda 1e-7 --only "probes|sweeps" --points]
//
// Agreement is that of the test data, which nothing was chosen by. Bytes are read off a line through a few prices near the
// goal, seed by seed. Few decisions are other ones, so that a seed's bytes are some per cent off; how far they
// diverge, as searches measure it, tells the same less directly but with less noise. The search starts at `--lambda`.
// Without options: the bundled LeNet-5, calibrated on MNIST's training images, tested on its test images.
import { parseArgs } from 'node:util';
import { RECIPE, startCalibration } from '../../build/calibrate/start.js';
import { encode, evaluate, openOnnx } from '../../build/index.js';
import { loadRuntime } from '../../build/runtime/runtime.js';
import { openNetwork } from '../../build/search/network.js';
import { bytesOf, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    samples: { type: 'string', default: '4096' },
    disagreement: { type: 'string', default: '0.8' },
    fast: { type: 'boolean', default: false },
    lambda: { type: 'string', default: '1e-7' },
    seeds: { type: 'string', default: '0,1,2' },
    only: { type: 'string' },
    points: { type: 'boolean', default: false },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const judged = [];
for await (const batch of test()) judged.push(batch);
const network = await openNetwork(openOnnx(bytes), judged, { runtime: await loadRuntime(), threads: 1 });
const goal = Number(values.disagreement);
const seeds = values.seeds.split(',').map(Number);
const base = { dataset, samples: Number(values.samples), fast: values.fast, threads: 1 };

/** Damping so large that hardly anything is left of what it damps. */
const MUCH = 100;
const ALL = 1e9;
const NONE = { many: 0, few: 0 };
const EVERYWHERE = { many: 3, few: 3 };
const VARIANTS = {
  'all of it': {},
  'no compensation': { recipe: { damping: MUCH, sweeps: NONE }, price: 30 },
  'no compensation, but sweeps': { recipe: { damping: MUCH, sweeps: EVERYWHERE }, price: 30 },
  'hardly any damping': { recipe: { damping: 1e-4 } },
  'a fifth of the damping': { recipe: { damping: RECIPE.damping / 5 } },
  'no targets of the original': { recipe: { targetDamping: ALL } },
  'no sweeps': { recipe: { sweeps: NONE } },
  'sweeps everywhere': { recipe: { sweeps: EVERYWHERE } },
  'no price on bits': { recipe: { isPriced: false } },
  'no probes': { recipe: { isProbed: false } },
  'one-sided: rows by themselves': { recipe: { isTwoSided: false } },
  'no means, no bias correction': { recipe: { isCentred: false } },
  'all layers at once': { options: { fast: true } },
  'all layers at once, one-sided': { options: { fast: true }, recipe: { isTwoSided: false } },
};

/** How much faster prices grow than disagreement, roughly: enough to find one for the goal in a few steps. */
const GROWTH = 1.2;
/** Prices around the one that was found. */
const AROUND = [0.75, 1.33];
/** What is further from the goal than by this factor has no say in a line. */
const NEAR = 1.7;

/** Points at prices near the one at which as many decisions are other than the original's as wanted. */
async function pointsOf(name, { recipe = {}, options = {} }, seed, start) {
  const calibration = await startCalibration(openOnnx(bytes), { ...base, seed, ...options }, undefined, {
    ...RECIPE,
    ...recipe,
  });
  const points = [];
  const measure = async (lambda) => {
    const model = await calibration.run(lambda);
    const rebuilt = bytesOf(model);
    const { agreement } = await evaluate({ model: rebuilt, reference: bytes, dataset: test, threads: 1 });
    const container = await encode(model);
    // One decision at least: none has no logarithm.
    const disagreement = Math.max(100 * (1 - agreement), goal / 100);
    const point = { lambda, bytes: container.length, disagreement, divergence: await network.divergence(model) };
    points.push(point);
    if (values.points) console.log(JSON.stringify({ name, seed, ...point }));
    return goal / disagreement;
  };
  let lambda = start;
  for (let steps = 0; steps < 6; steps++) {
    const ratio = await measure(lambda);
    if (Math.abs(Math.log(ratio)) < Math.log(1.3)) break;
    lambda *= Math.min(100, Math.max(0.1, ratio ** GROWTH));
  }
  for (const share of AROUND) await measure(lambda * share);
  return points;
}

/** What `y` is where `x` is `at`, on a line by least squares through the logarithms of points that are near. */
function read(points, x, at, y) {
  const near = points
    .map((point) => [Math.log(point[x] / at), Math.log(point[y])])
    .filter(([distance]) => Math.abs(distance) < Math.log(NEAR));
  const [mx, my] = [0, 1].map((i) => mean(near.map((pair) => pair[i])));
  const slope =
    near.reduce((sum, [a, b]) => sum + (a - mx) * (b - my), 0) / near.reduce((sum, [a]) => sum + (a - mx) ** 2, 0);
  return Math.exp(my - slope * mx);
}

function mean(numbers) {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

console.log(`bytes at ${goal} % of decisions other than the original's, and where they diverge as much;`);
console.log(`means and half the spread of seeds ${seeds}\n`);
const wanted = new RegExp(values.only ?? '');
let start = Number(values.lambda);
let whole;
for (const [name, variant] of Object.entries(VARIANTS)) {
  if (whole && !wanted.test(name)) continue;
  const found = [];
  for (const [i, seed] of seeds.entries()) {
    const points = await pointsOf(name, variant, seed, start * (variant.price ?? 1));
    const size = read(points, 'disagreement', goal, 'bytes');
    const divergence = whole?.[i].divergence ?? read(points, 'disagreement', goal, 'divergence');
    found.push({ size, divergence, alike: read(points, 'divergence', divergence, 'bytes') });
    if (!whole) start = read(points, 'disagreement', goal, 'lambda');
  }
  whole ??= found;
  const change = (key) => {
    const changes = found.map((each, i) => 100 * (each[key] / whole[i][key] - 1));
    const spread = (Math.max(...changes) - Math.min(...changes)) / 2;
    return `${mean(changes).toFixed(1).padStart(6)} ± ${spread.toFixed(1).padEnd(4)} %`;
  };
  const size = mean(found.map((each) => each.size));
  console.log(`${name.padEnd(34)} ${size.toFixed(0).padStart(8)}  ${change('size')}  ${change('alike')}`);
}
