// What each ingredient of calibration is worth: bytes at equal agreement with the original, with one left out at a time.
//
//   npm run bench:ablation [-- --model model.onnx --data calibration.npz --test test.npz --disagreement 3 --fast --only "probes|sweeps"]
//
// Agreement is that of the test data, which nothing was chosen by. Bytes are interpolated between prices on either side.
// Without options: the bundled LeNet-5, calibrated on MNIST's training images, tested on its test images.
import { parseArgs } from 'node:util';
import { RECIPE, startCalibration } from '../../build/calibrate/start.js';
import { encode, evaluate, openOnnx } from '../../build/index.js';
import { bytesOf, openSubject, SUBJECT } from './subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    samples: { type: 'string', default: '1024' },
    disagreement: { type: 'string', default: '0.8' },
    fast: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const { bytes, dataset, test } = await openSubject(values);
const goal = Number(values.disagreement);
const base = { dataset, samples: Number(values.samples), seed: 0, fast: values.fast };

/** Dampings so large that hardly anything is left of what they damp. */
const MUCH = { many: 100, few: 100 };
const ALL = 1e9;
const VARIANTS = {
  'all of it': {},
  'no compensation': { recipe: { damping: MUCH, sweeps: 0 } },
  'no compensation, but sweeps': { recipe: { damping: MUCH } },
  'hardly any damping': { recipe: { damping: { many: 1e-4, few: 1e-4 } } },
  'one damping for all layers (.02)': { recipe: { damping: { many: 0.02, few: 0.02 } } },
  'one damping for all layers (.1)': { recipe: { damping: { many: 0.1, few: 0.1 } } },
  'no targets of the original': { recipe: { targetDamping: ALL } },
  'no sweeps': { recipe: { sweeps: 0 } },
  'no price on bits': { recipe: { isPriced: false } },
  'no probes': { recipe: { isProbed: false } },
  'no means, no bias correction': { recipe: { isCentred: false } },
  'all layers at once': { options: { fast: true } },
};

async function bytesAt(variant) {
  const { recipe = {}, options = {} } = variant;
  const calibration = await startCalibration(openOnnx(bytes), { ...base, ...options }, undefined, {
    ...RECIPE,
    ...recipe,
  });
  const measured = [];
  const measure = async (lambda) => {
    const model = await calibration.run(lambda);
    const rebuilt = bytesOf(model);
    const { agreement } = await evaluate({ model: rebuilt, reference: bytes, dataset: test });
    const container = await encode(model);
    const point = { lambda, bytes: container.length, disagreement: 100 * (1 - agreement) };
    measured.push(point);
    return point;
  };
  // Steps of three until the goal is bracketed, then two points inside, where the curve is nearly straight.
  let point = await measure(1e-6);
  const factor = point.disagreement > goal ? 1 / 3 : 3;
  for (let steps = 0; steps < 9 && point.disagreement > goal === factor < 1; steps++)
    point = await measure(point.lambda * factor);
  const last = measured.at(-1).lambda;
  for (const share of [1 / 3, 2 / 3]) await measure(last / factor ** share);
  // A line through log(bytes) over log(disagreement), by least squares, of the points near the goal.
  const near = measured.slice(-4).map((p) => [Math.log(Math.max(p.disagreement, 0.01) / goal), Math.log(p.bytes)]);
  const [mx, my] = [0, 1].map((i) => near.reduce((sum, p) => sum + p[i], 0) / near.length);
  const slope =
    near.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / near.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return Math.exp(my - slope * mx);
}

console.log(`bytes at ${goal} % of decisions other than the original's\n`);
let whole;
const wanted = new RegExp(values.only ?? '');
for (const [name, variant] of Object.entries(VARIANTS)) {
  if (whole && !wanted.test(name)) continue;
  const size = await bytesAt(variant);
  whole ??= size;
  console.log(
    `${name.padEnd(34)} ${size.toFixed(0).padStart(8)}  ${(100 * (size / whole - 1)).toFixed(1).padStart(6)} %`,
  );
}
