// Time and peak memory of calibrating a generated net of ResNet-50's shapes, or of MobileNet's.
//
// The shapes are those of He et al. 2016, table 1: 25.5 million weights, or of Howard et al. 2017, table 1: 4.2 million, all random. It is
// calibrated on random inputs of 3 × 224 × 224, at one price of a bit. The bound of memory is 600 MB and four times the largest
// matrix of second moments.
//
//   npm run bench resnet50 [-- --fast --net mobilenet --inputs 256]
import { parseArgs } from 'node:util';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { calibrate, encode, evaluate, openOnnx } from '../../build/index.js';
import { createRandom } from '../../build/random.js';
import { mobileNet } from './support/nets/mobilenet.js';
import { resnet50, SIDE } from './support/nets/resnet50.js';

const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    net: { type: 'string', default: 'resnet50' },
    inputs: { type: 'string', default: '256' },
  },
});
const { fast } = values;
const INPUTS = Number(values.inputs);
const NETS = { resnet50, mobilenet: mobileNet };

/** Smooth noise: neighbours in an image resemble each other. One input at a time, never all in memory. */
async function* dataset() {
  const random = createRandom(2);
  for (let i = 0; i < INPUTS; i++) {
    const data = new Float32Array(3 * SIDE * SIDE);
    for (let at = 0, last = 0; at < data.length; at++) data[at] = last = 0.9 * last + random.float() - 0.5;
    // Under any name: nets have one input.
    yield { inputs: { x: { data, dims: [1, 3, SIDE, SIDE] } } };
  }
}

const bytes = NETS[values.net]();
const pool = threadPool();
const start = performance.now();
const model = openOnnx(bytes);
const reference = process.cpuUsage();
const stage = calibrate({ dataset, samples: INPUTS, lambda: 5e-8, fast, pool });
let shown = 0;
const onProgress = (share) => {
  if (share - shown < 0.1) return;
  shown = share;
  console.log(`${Math.round(100 * share)} %, ${Math.round((performance.now() - start) / 1000)} s`);
};
const calibrated = await stage.run(model, { onProgress });
await pool.close();
const seconds = (performance.now() - start) / 1000;
const container = await encode(calibrated);
const peak = Math.round(process.resourceUsage().maxRSS / 1024);
const { user, system } = process.cpuUsage(reference);
console.log(
  `${fast ? 'all layers at once' : 'layer after layer'}: ${(seconds / 60).toFixed(1)} minutes, ` +
    `${Math.round((user + system) / 1e6)} s of processor time, peak ${peak} MB, ` +
    `${bytes.length} → ${container.length} bytes`,
);

const largest = Math.max(...model.tensors.filter(({ role }) => role === 'weight').map(momentsOf));
console.log(`bound: ${Math.round(600 + (4 * largest) / 2 ** 20)} MB`);

const { seconds: forward } = await timed(async () => {
  await evaluate({ model: bytes, dataset });
});
console.log(`one pass of all inputs through the net: ${forward.toFixed(0)} s`);

/** Bytes of the second moments of a layer's inputs. */
function momentsOf({ dims, op }) {
  const inputs = op === 'Conv' ? dims.slice(1).reduce((a, b) => a * b, 1) : dims[0];
  return 8 * (inputs + 1) ** 2;
}

async function timed(work) {
  const start = performance.now();
  await work();
  return { seconds: (performance.now() - start) / 1000 };
}
