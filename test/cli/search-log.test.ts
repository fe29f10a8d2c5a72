import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { askedOf } from '../../src/cli/goal.js';
import { openSearchLog } from '../../src/cli/search-log.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { encode } from '../../src/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { type Point, searchCalibration } from '../../src/search/calibration.js';
import { LENET } from '../stages/support.js';
import { Random } from '../support/random.js';

const folder = mkdtempSync(join(tmpdir(), 'fxq-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

const dataset = arrayDataset({ inputs: { input: { data: new Random(5).floats(64 * 784, 1), dims: [64, 784] } } });
const model = openOnnx(LENET);
const search = (known?: readonly Point[]) => {
  const tried: number[] = [];
  const onProgress = (share: number) => tried.push(share);
  const options = { dataset, maxLoss: 20, exclude: ['fc1*'], fast: true, threads: 1, onProgress };
  return searchCalibration(model, { ...options, ...(known && { known }) }).then((found) => ({ ...found, tried }));
};

describe('a search that is stopped', () => {
  it('goes on where it was, to the same result', async () => {
    const whole = await search();
    expect(whole.points.length).toBeGreaterThan(3);
    const path = join(folder, 'model.fxq.search');
    const log = openSearchLog<Point>(path, { model, options: 'a' });
    for (const point of whole.points.slice(0, -1)) log.add(point);
    const again = openSearchLog<Point>(path, { model, options: 'a' });
    expect(again.known).toEqual(whole.points.slice(0, -1));
    const rest = await search(again.known);
    expect(rest.points).toEqual(whole.points);
    expect(rest.tried.length).toBeLessThan(whole.tried.length);
    expect(await encode(rest.model)).toEqual(await encode(whole.model));
    again.end();
    expect(existsSync(path)).toBe(false);
    // What is cheap is not written down each time.
    const cheap = openSearchLog<number>(path, { model, options: 'a' });
    for (let i = 0; i < 5; i++) cheap.add(i, false);
    expect(openSearchLog<number>(path, { model, options: 'a' }).known).toEqual([0]);
    cheap.add(5);
    expect(openSearchLog<number>(path, { model, options: 'a' }).known).toEqual([0, 1, 2, 3, 4, 5]);
    expect(() => openSearchLog<number>(path, { model, options: 'b' })).toThrow('another model or other options');
  });

  it('is another one where its inputs are prepared in another way', () => {
    const asked = (flags: object) => askedOf({ calibrate: 'x', ...flags }, {}, { dataset, fast: true });
    const others = [
      { perClass: 2 },
      { scale: 2 },
      { labels: ['y'] },
      { preprocess: '{}' },
      { dim: { n: 1 } },
      { maxLoss: 1 },
    ];
    expect(new Set([{}, { time: 3, threads: 2 }, ...others].map(asked)).size).toBe(1 + others.length);
  });

  it('keeps infinities, and refuses what is of another search, or of none', () => {
    const path = join(folder, 'other.fxq.search');
    const loss = {
      value: 1,
      low: 0,
      high: Number.POSITIVE_INFINITY,
      metric: 'snr',
      unit: 'share',
      by: 'count',
      samples: 3,
    } as const;
    const point: Point = { lambda: 1e-7, bytes: 9, loss: 1, judgement: loss, divergence: 0.1 };
    openSearchLog<Point>(path, { model, options: 'a' }).add(point);
    expect(openSearchLog<Point>(path, { model, options: 'a' }).known).toEqual([point]);
    expect(() => openSearchLog<Point>(path, { model, options: 'b' })).toThrow('another model or other options');
    writeFileSync(path, 'a diary');
    expect(() => openSearchLog<Point>(path, { model, options: 'a' })).toThrow('is not of a search');
  });
});
