import { expect, it } from 'vitest';
import type { LayerJob } from '../../src/calibrate/job.js';
import { inThreadPool } from '../../src/calibrate/pool.js';
import { threadPool } from '../../src/cli/calibration-pool.js';
import { Random } from '../support/random.js';
import './support.js';

/** The built one: threads take no TypeScript. */
const ENTRY = new URL('../../dist/cli/worker.js', import.meta.url);

function jobOf(seed: number): LayerJob {
  const random = new Random(seed);
  const [rows, inputs, count] = [8, 20 + seed, 200];
  const border = inputs + 1;
  const own = new Float64Array(border * border);
  for (let n = 0; n < count; n++) {
    const column = [...random.floats(inputs, 1), 1];
    for (let i = 0; i < border; i++) for (let j = 0; j < border; j++) own[i * border + j] += column[i] * column[j];
  }
  return {
    ...{ groups: 1, rows, inputs, weights: random.floats(rows * inputs), bias: random.floats(rows) },
    moments: { groups: 1, inputs, own, cross: undefined },
    ...{
      rowCosts: undefined,
      lambda: 1e-5,
      isPriced: true,
      clusters: undefined,
      sweeps: 3,
      damping: 0.1,
      targetDamping: 0.07,
      reach: 127,
    },
  };
}

it('threads give what one thread does', async () => {
  const seeds = [1, 2, 3, 4, 5];
  const alone = inThreadPool();
  const expected = await Promise.all(seeds.map((seed) => alone.run(jobOf(seed))));
  for (const threads of [1, 2, 4]) {
    const pool = threadPool(threads, ENTRY);
    try {
      expect(await Promise.all(seeds.map((seed) => pool.run(jobOf(seed))))).toEqual(expected);
    } finally {
      await pool.close();
    }
  }
});

it('goes on after a large layer', async () => {
  const seeds = [1, 1100, 2];
  const alone = inThreadPool();
  const pool = threadPool(1, ENTRY);
  try {
    for (const seed of seeds) expect(await pool.run(jobOf(seed))).toEqual(await alone.run(jobOf(seed)));
  } finally {
    await pool.close();
  }
});

it('fails with what the job fails with, goes on, and refuses jobs once it is closed', async () => {
  const pool = threadPool(1, ENTRY);
  try {
    await expect(pool.run({ ...jobOf(1), rows: -1 })).rejects.toThrow();
    expect((await pool.run(jobOf(2))).weights).toHaveLength(8 * 22);
  } finally {
    await pool.close();
  }
  await expect(pool.run(jobOf(1))).rejects.toThrow('closed');
});
