import { describe, expect, it } from 'vitest';
import { arrayDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { openOnnx } from '../../src/onnx/open.js';
import { recordedFormats } from '../../src/quantize/record.js';
import type { WidthOptions, WidthPoint } from '../../src/search/widths/options.js';
import { allocate, bitsOf, exchanges, type Subject, widening } from '../../src/search/widths/path.js';
import { searchWidths } from '../../src/search/widths/search.js';
import { changed } from '../sensitivity/support.js';
import { LENET, weightsOf, written } from '../stages/support.js';
import { Random } from '../support/random.js';

/** A layer whose noise falls by 6 dB a bit. */
const subject = (count: number, noise: number, widths = [2, 3, 4, 5]): Subject => ({
  count,
  widths: widths.map((bits) => ({ bits, noise: noise * 4 ** -bits })),
});

describe('the path of widths', () => {
  it('gives the next bits to the layer that gains most by them', () => {
    const path = [...widening([subject(100, 1), subject(1, 1)])];
    expect(path[0]).toEqual([0, 0]);
    // The small layer first, as its bits cost a hundredth.
    expect(path.slice(1, 4)).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
    expect(path.at(-1)).toEqual([3, 3]);
    for (const [i, setting] of path.slice(1).entries()) expect(setting).not.toEqual(path[i]);
  });

  it('stays within its limit, and uses what is left of it for smaller layers', () => {
    const subjects = [subject(10, 1), subject(7, 1), subject(2, 1)];
    for (const limit of [38, 45, 52, 60, 76, 95]) {
      const setting = allocate(subjects, limit);
      expect(bitsOf(subjects, setting)).toBeLessThanOrEqual(limit);
      for (const [i, { count, widths }] of subjects.entries()) {
        if (setting[i] + 1 < widths.length) expect(bitsOf(subjects, setting) + count).toBeGreaterThan(limit);
      }
    }
  });

  it('leaves no large layer behind for the sake of small ones', () => {
    // The small one alone would go to five bits, and then there is no room for another bit of the large one.
    const subjects = [subject(100, 1), subject(1, 1)];
    expect(allocate(subjects, 303)).toEqual([1, 1]);
  });

  it('offers exchanges within the limit, the least harm first', () => {
    const subjects = [subject(2, 1), subject(2, 12), subject(1, 1)];
    const found = exchanges(subjects, [1, 0, 0], 12);
    expect(found[0]).toEqual([0, 1, 0]);
    for (const setting of found) expect(bitsOf(subjects, setting)).toBeLessThanOrEqual(12);
    expect(exchanges(subjects, [0, 0, 0], 100)).toEqual([]);
  });
});

const random = new Random(5);
const dataset = arrayDataset({ inputs: { input: { data: random.floats(96 * 784, 1), dims: [96, 784] } } });

async function widths(options: Partial<WidthOptions>) {
  const points: WidthPoint[] = [];
  const found = await searchWidths(openOnnx(LENET), {
    ...{ weights: 'int4', by: 'channel', exclude: ['fc1*'], threads: 1 },
    ...options,
    onPoint: (point) => points.push(point),
  });
  expect(found.points).toEqual(points);
  return found;
}

describe('widths', () => {
  it('of so many bits on average, without data', async () => {
    const { model, layers, chosen, isReached } = await widths({ equivalentBits: 3.1 });
    expect(isReached).toBe(true);
    expect(chosen).toEqual({ equivalentBits: expect.any(Number), inputBits: null, judgement: null, loss: null });
    expect(chosen.equivalentBits).toBeLessThanOrEqual(3.1);
    expect(layers).toMatchObject([
      { name: 'fc2.weight', weights: 'int3', bits: 3 },
      { name: 'fc3.weight', weights: 'int6', bits: 6 },
    ]);
    const formats = recordedFormats(openOnnx(written(model)[0]));
    expect(formats.get('fc3.weight')).toEqual({ weights: 'int6', by: 'channel' });
    expect(new Set(weightsOf(model, 'fc2.weight').subarray(0, 300)).size).toBeLessThanOrEqual(7);
  });

  it('leave every layer enough of its signal, where the others could have more for that', async () => {
    // Two bits by layer are an error of .89 in the largest layer and of .75 to .98 in the others: less in all than three bits everywhere.
    const { layers } = await widths({ by: 'layer', exclude: [], equivalentBits: 3 });
    expect(layers.map(({ bits }) => bits)).toEqual([3, 3, 3]);
    for (const { noise } of layers) expect(noise).toBeLessThan(0.5);
  });

  it('keep to what rules fix', async () => {
    const rules = [{ match: 'fc3*', options: { weights: 'int8' } }];
    const { layers, model } = await widths({ equivalentBits: 4, rules });
    expect(layers).toMatchObject([{ name: 'fc2.weight', bits: 4 }]);
    expect(recordedFormats(openOnnx(written(model)[0])).get('fc3.weight')?.weights).toBe('int8');
  });

  it('keep to the reduced range of qdq, unless the full one is asked for', async () => {
    const options = { weights: 'int4', as: 'qdq', dataset, samples: 32, threads: 1 } as const;
    // A loss of nothing at all: the widest, whatever it is.
    const goal = { maxLoss: 1e-9, minBits: 6 };
    for (const [fullRange, widest] of [
      [false, 7],
      [true, 8],
    ] as const) {
      const { layers } = await searchWidths(openOnnx(LENET), { ...options, ...goal, fullRange });
      expect(new Set(layers.map(({ bits }) => bits))).toEqual(new Set([widest]));
    }
    await expect(searchWidths(openOnnx(LENET), { ...options, ...goal, minBits: 8 })).rejects.toThrow(
      /expected minBits below 8 for qdq in its reduced range, or fullRange, got 8/,
    );
  });

  it('are the narrowest of the path that lose no more', async () => {
    const { chosen, points, isReached, samples, heldOut, metric } = await widths({ dataset, samples: 32, maxLoss: 20 });
    expect({ isReached, samples, heldOut, metric }).toEqual({
      ...{ isReached: true, samples: 32, heldOut: 64, metric: 'agreement' },
    });
    expect(chosen.loss).toBeLessThanOrEqual(20);
    for (const { equivalentBits, judgement } of points) {
      if (equivalentBits < chosen.equivalentBits) expect(judgement?.high).toBeGreaterThan(20);
    }
    // Once the path has nothing narrower, answers decide which layers could give up more.
    const narrowed = points.filter(({ equivalentBits }) => equivalentBits <= 0.97 * chosen.equivalentBits);
    expect(points.at(-1) === chosen || narrowed.includes(points[points.length - 1])).toBe(true);
  });

  it('are exchanged by what the model answers, within the budget', async () => {
    const plain = await widths({ equivalentBits: 3.1 });
    const refined = await widths({ equivalentBits: 3.1, dataset, samples: 32 });
    expect(refined.chosen.equivalentBits).toBeLessThanOrEqual(3.1);
    expect(refined.layers.map(({ name }) => name)).toEqual(plain.layers.map(({ name }) => name));
  });

  it('refuse points where losses are no points', async () => {
    // Scores that are next to nothing are taken for an embedding, whose loss is a share.
    const small = changed(openOnnx(LENET), ['fc3.weight', 'fc3.bias'], (weight) => weight / 1e3);
    const options: WidthOptions = { weights: 'int4', exclude: ['fc1*'], dataset, samples: 32, threads: 1 };
    await expect(searchWidths(small, { ...options, maxLoss: 20 })).rejects.toMatchObject({
      code: 'CONFIG',
      message:
        'goal: outputs of this model are no decisions, and what is lost is told as a share (--max-error 1%): expected maxError, got maxLoss',
    });
    const { chosen, isReached } = await searchWidths(small, { ...options, maxError: 0.05 });
    expect(isReached).toBe(true);
    expect(chosen.judgement).toMatchObject({ unit: 'share', metric: 'cosine' });
    expect(chosen.judgement?.high).toBeLessThanOrEqual(0.05);
  });

  it('of weights and of what layers take in are found together, and judged together', async () => {
    const options = { dataset, samples: 32, maxLoss: 20, inputs: 'uint4' } as const;
    const all = { ...options, first: 'int4', last: 'int4' };
    const { model, layers, inputs, points, isReached } = await widths(all);
    expect(isReached).toBe(true);
    expect(layers.map(({ name }) => name)).toEqual(['fc2.weight', 'fc3.weight']);
    expect(inputs.map(({ format, bits }) => [format, bits])).toEqual(inputs.map(({ bits }) => [`uint${bits}`, bits]));
    expect(inputs.length).toBe(2);
    for (const { inputBits } of points) expect(inputBits).toBeGreaterThanOrEqual(2);
    // It is run as it was judged: with sums in their order.
    const [whole] = written(model);
    const { warnings } = await evaluate({ model: whole, dataset, reference: LENET, limit: 32, threads: 1 });
    expect(warnings).toContainEqual(expect.stringContaining('level extended'));
    const again = await widths({ ...all, values: [{ match: '*', format: 'uint8' }] });
    expect(again.inputs).toEqual([]);
    expect(again.chosen.inputBits).toBe(null);
  });

  it.each<[Partial<WidthOptions>, string]>([
    [{}, 'expected a goal for widths'],
    [{ equivalentBits: 3, maxLoss: 1 }, 'expected a goal for widths'],
    [{ equivalentBits: 1.5 }, 'equivalentBits of at least minBits, 2'],
    [{ equivalentBits: 3, minBits: 5, maxBits: 4 }, 'expected minBits up to maxBits'],
    [{ equivalentBits: 4, weights: 'e4m3' }, 'equivalentBits of at least 5, the narrowest width of e4m3, got 4'],
    [{ equivalentBits: 3, dataset, isCompensated: true, by: 64 }, 'not by runs of 64 weights'],
    [{ equivalentBits: 3, dataset, isCompensated: true, maxBits: 16 }, 'at most 15 bits, and int16 needs none'],
    [{ equivalentBits: 3, weights: 'ternary' }, 'several widths, such as int4, got ternary'],
    [{ equivalentBits: 3, weights: 'fixed8.4' }, 'several widths, such as int4, got fixed8.4'],
  ])('refuse %j', async (options, message) => {
    await expect(widths(options)).rejects.toThrow(RangeError);
    await expect(widths(options)).rejects.toThrow(message);
  });
});
