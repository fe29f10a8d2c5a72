// Time and peak memory of calibrating a generated net of ResNet-50's shapes.
//
// The shapes are those of He et al. 2016, table 1: 25.5 million weights, all random. It is calibrated on 256 random inputs of 3 × 224 × 224, at one price of a bit.
//
//   npm run bench resnet50 [-- --fast]
import { threadPool } from '../../build/cli/calibration-pool.js';
import { calibrate, encode, openOnnx } from '../../build/index.js';
import { createRandom } from '../../build/random.js';
import { resnet50, SIDE } from './support/nets/resnet50.js';

const INPUTS = 256;
const fast = process.argv.includes('--fast');

/** Smooth noise: neighbours in an image resemble each other. One input at a time, never all in memory. */
async function* dataset() {
  const random = createRandom(2);
  for (let i = 0; i < INPUTS; i++) {
    const data = new Float32Array(3 * SIDE * SIDE);
    for (let at = 0, last = 0; at < data.length; at++) data[at] = last = 0.9 * last + random.float() - 0.5;
    yield { inputs: { x: { data, dims: [1, 3, SIDE, SIDE] } } };
  }
}

const bytes = resnet50();
const pool = threadPool();
const start = performance.now();
const stage = calibrate({ dataset, samples: INPUTS, lambda: 5e-8, fast, pool });
let shown = 0;
const onProgress = (share) => {
  if (share - shown < 0.1) return;
  shown = share;
  console.log(`${Math.round(100 * share)} %, ${Math.round((performance.now() - start) / 1000)} s`);
};
const model = await stage.run(openOnnx(bytes), { onProgress });
await pool.close();
const seconds = (performance.now() - start) / 1000;
const container = await encode(model);
console.log(
  `${fast ? 'all layers at once' : 'layer after layer'}: ${(seconds / 60).toFixed(1)} minutes, ` +
    `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB, ` +
    `${bytes.length} → ${container.length} bytes`,
);
