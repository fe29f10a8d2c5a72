import { expect, it } from 'vitest';
import { arrayDataset, type Batch, type DatasetOptions } from '../../src/data/dataset.js';
import { splitDataset } from '../../src/data/split.js';

const COUNT = 203;
const dataset = arrayDataset({
  inputs: { x: { data: Float32Array.from({ length: COUNT }, (_, i) => i), dims: [COUNT, 1] } },
});

async function collect(batches: AsyncIterable<Batch>): Promise<number[]> {
  const all: number[] = [];
  for await (const { inputs } of batches) all.push(...Array.from(inputs.x.data, Number));
  return all;
}

it.each([
  [32, 64, 32, 64],
  [32, 1000, 32, 171],
  [1000, 64, 155, 48],
  [1000, 0, 203, 0],
])(
  '%d inputs to calibrate on and %d to judge by come from different batches',
  async (samples, heldOut, most, apart) => {
    const split = await splitDataset(dataset, 8, samples, heldOut, 0);
    const [calibration, judges] = [await collect(split.calibration()), await collect(split.heldOut())];
    expect(new Set([...calibration, ...judges]).size).toBe(calibration.length + judges.length);
    // The last batch has three inputs only.
    expect(calibration.length).toBeLessThanOrEqual(most);
    expect(calibration.length).toBeGreaterThanOrEqual(most - 5);
    expect(judges.length).toBeLessThanOrEqual(apart);
    expect(judges.length).toBeGreaterThanOrEqual(apart - 5);
    expect(split.calibrationBatches).toBe(Math.ceil(calibration.length / 8));
    expect(split.heldOutBatches).toBe(Math.ceil(judges.length / 8));
  },
);

it.each([
  [undefined, 32],
  [1, 29],
  [2, 30],
  [3, 30],
])('cuts what is calibrated on to pieces of %s', async (piece, count) => {
  const split = await splitDataset(dataset, 8, 29, 64, 1, { piece });
  const all = await collect((await splitDataset(dataset, 8, 32, 64, 1)).calibration());
  expect(await collect(split.calibration())).toEqual(all.slice(0, count));
  expect([split.calibrationSamples, split.heldOutSamples]).toEqual([count, 64]);
  // Of what a model takes whole, the three behind the last piece are left out.
  const ofEight = await splitDataset(dataset, 8, COUNT, 0, 1, { piece: 8 });
  expect(ofEight.calibrationSamples).toBe(200);
});

it('keeps apart only what calibration leaves, where that is asked for', async () => {
  const split = await splitDataset(dataset, 8, 180, 64, 2, { isRest: true });
  const whole = await splitDataset(dataset, 8, 180, 0, 2);
  expect(await collect(split.calibration())).toEqual(await collect(whole.calibration()));
  const [calibration, apart] = [await collect(split.calibration()), await collect(split.heldOut())];
  expect(new Set([...calibration, ...apart]).size).toBe(COUNT);
  expect((await splitDataset(dataset, 8, COUNT, 64, 2, { isRest: true })).heldOutSamples).toBe(0);
});

it('gives the same inputs in each pass, and others for another seed', async () => {
  const split = await splitDataset(dataset, 8, 40, 40, 3);
  const first = await collect(split.calibration());
  expect(await collect(split.calibration())).toEqual(first);
  expect(await collect((await splitDataset(dataset, 8, 40, 40, 3)).calibration())).toEqual(first);
  expect(await collect((await splitDataset(dataset, 8, 40, 40, 4)).calibration())).not.toEqual(first);
});

it('asks data sets that know their size for the wanted batches only, which are the same ones', async () => {
  const asked: (number | undefined)[] = [];
  const sized = Object.assign(
    async function* (options: DatasetOptions = {}) {
      asked.push(options.batchSize);
      let index = 0;
      for await (const batch of dataset(options)) if (options.isWanted?.(index++) ?? true) yield batch;
    },
    { samples: COUNT },
  );
  const [known, plain] = await Promise.all([sized, dataset].map((each) => splitDataset(each, 8, 40, 40, 3)));
  expect(asked).toEqual([]);
  for (const part of ['calibration', 'heldOut'] as const) {
    expect(await collect(known[part]())).toEqual(await collect(plain[part]()));
  }
  expect(asked).toEqual([8, 8]);
});
