// Calibrated compression for sizes asked for: the file, its accuracy and agreement once decoded, time and memory.
//
// On test data. Three seeds; each run in a process of its own.
//
//   npm run bench calibrate [-- --model model.onnx --data calibration.npz --test test.npz --sizes 75000,62000]
//
// Without options: the bundled nets, calibrated on MNIST's training images, tested on its test images.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { threadPool } from '../../build/cli/calibration-pool.js';
import { decode, encode, evaluate, openOnnx, searchCalibration } from '../../build/index.js';
import { bundled, openSubject, SUBJECT } from './support/subject.js';

const { values } = parseArgs({
  options: {
    ...SUBJECT,
    model: { type: 'string' },
    sizes: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    fast: { type: 'boolean', default: false },
    run: { type: 'string' },
  },
});

/** One calibration, as JSON on standard output. */
async function run({ model, data, test, targetSize, seed, fast }) {
  const { bytes, dataset, test: judged } = await openSubject({ model, data, test });
  const start = performance.now();
  const pool = threadPool();
  const found = await searchCalibration(openOnnx(bytes), { dataset, targetSize, seed, fast, pool });
  await pool.close();
  const seconds = (performance.now() - start) / 1000;
  const peak = process.resourceUsage().maxRSS / 1024;
  const container = await encode(found.model);
  const dense = await evaluate({ model: bytes, dataset: judged });
  const { top1, agreement } = await evaluate({ model: await decode(container), reference: bytes, dataset: judged });
  const { samples, points } = found;
  const figures = { bytes: container.length, top1, agreement, lost: 100 * (dense.top1 - top1) };
  console.log(JSON.stringify({ ...figures, samples, points: points.length, seconds, peak }));
}

if (values.run) {
  await run(JSON.parse(values.run));
} else {
  const { data, test, fast } = values;
  const sizes = values.sizes?.split(',').map(Number);
  const jobs = values.model
    ? sizes.map((targetSize) => ({ model: values.model, targetSize }))
    : [
        { model: bundled('lenet-300-100'), targetSize: 23_000 },
        { model: bundled('lenet-5'), targetSize: 16_500 },
      ];
  console.log(`Node ${process.version}, ${os.cpus()[0].model}, ${os.availableParallelism()} threads\n`);
  for (const { model, targetSize } of jobs) {
    const rows = values.seeds.split(',').map((seed) => {
      const job = { model, data, test, targetSize, seed: Number(seed), fast };
      const own = fileURLToPath(import.meta.url);
      const out = execFileSync(process.execPath, [own, '--run', JSON.stringify(job)], { encoding: 'utf8' });
      return JSON.parse(out.trim().split('\n').at(-1));
    });
    const of = (key, digits, scale = 1) => {
      const all = rows.map((row) => scale * row[key]);
      const mean = all.reduce((a, b) => a + b, 0) / all.length;
      const spread = Math.max(...all) - Math.min(...all);
      return `${mean.toFixed(digits)} ± ${(spread / 2).toFixed(digits)}`;
    };
    console.log(`${basename(model)}, at most ${targetSize} bytes (mean and half the spread of ${rows.length} seeds)`);
    console.table({
      bytes: of('bytes', 0),
      'top-1 %': of('top1', 2, 100),
      'points lost': of('lost', 2),
      'agreement %': of('agreement', 2, 100),
      inputs: of('samples', 0),
      'points tried': of('points', 0),
      seconds: of('seconds', 1),
      'peak MB': of('peak', 0),
    });
  }
}
