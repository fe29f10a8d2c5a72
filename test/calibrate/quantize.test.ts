import { describe, expect, it } from 'vitest';
import { type CalibratedQuantizeOptions, calibratedQuantize } from '../../src/calibrate/quantize.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import type { Model } from '../../src/model/model.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { prune } from '../../src/stages/prune.js';
import { quantize } from '../../src/stages/quantize.js';
import { weightsOf, written } from '../stages/support.js';
import { Random } from '../support/random.js';
import { modelOf, node, type Parts, stored } from './support.js';

/** Inputs whose elements hang together: mixtures of a few causes, and a little of their own. */
function mixed(dims: readonly number[], count: number): Dataset {
  const random = new Random(11);
  const size = dims.slice(1).reduce((all, dim) => all * dim, 1);
  const causes = 4;
  // Causes are the same all over a picture's channel.
  const area = dims.slice(2).reduce((all, dim) => all * dim, 1);
  const parts = random.floats((causes * size) / area, 1);
  const mix = Float64Array.from({ length: causes * size }, (_, i) => parts[Math.floor(i / area)]);
  const data = new Float32Array(count * size);
  for (let n = 0; n < count; n++) {
    const cause = random.floats(causes, 1);
    for (let j = 0; j < size; j++) {
      data[n * size + j] = 0.2 * random.normal() + 0.3;
      for (let c = 0; c < causes; c++) data[n * size + j] += cause[c] * mix[c * size + j];
    }
  }
  return arrayDataset({ inputs: { x: { data, dims: [count, ...dims.slice(1)] } } });
}

const CASES: Record<string, { parts: Parts }> = {
  Gemm: {
    parts: {
      nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB: 1 })],
      tensors: [stored('w', [6, 24]), stored('b', [6])],
      inputs: { x: [1, 24] },
    },
  },
  MatMul: {
    parts: { nodes: [node('MatMul', ['x', 'w'], ['y'])], tensors: [stored('w', [24, 6])], inputs: { x: [1, 24] } },
  },
  Conv: {
    parts: {
      nodes: [node('Conv', ['x', 'w', 'b'], ['y'])],
      tensors: [stored('w', [5, 3, 3, 3]), stored('b', [5])],
      inputs: { x: [1, 3, 6, 6] },
    },
  },
  'a grouped Conv': {
    parts: {
      nodes: [node('Conv', ['x', 'w'], ['y'], { group: 2 })],
      tensors: [stored('w', [6, 2, 3, 3])],
      inputs: { x: [1, 4, 6, 6] },
    },
  },
  'a depthwise Conv': {
    parts: {
      nodes: [node('Conv', ['x', 'w'], ['y'], { group: 4 })],
      tensors: [stored('w', [4, 1, 3, 3])],
      inputs: { x: [1, 4, 6, 6] },
    },
  },
  ConvTranspose: {
    parts: {
      nodes: [node('ConvTranspose', ['x', 'w'], ['y'])],
      tensors: [stored('w', [4, 3, 2, 2])],
      inputs: { x: [1, 4, 5, 5] },
    },
  },
  LSTM: {
    parts: {
      nodes: [node('LSTM', ['x', 'w', 'r'], ['z'], { hidden_size: 6 }), node('Identity', ['z'], ['y'])],
      tensors: [stored('w', [1, 24, 8]), stored('r', [1, 24, 6])],
      inputs: { x: [1, 4, 8] },
    },
  },
};

const distinct = (values: ArrayLike<number>) => new Set(Array.from(values)).size;

async function compensated(model: Model, dataset: Dataset, options: Omit<CalibratedQuantizeOptions, 'dataset'>) {
  const notes: string[] = [];
  const stage = calibratedQuantize({ threads: 1, onNote: (text) => notes.push(text), ...options, dataset });
  return { model: await stage.run(model, {}), notes };
}

describe('rounding that the other weights make up for', () => {
  it.each(Object.entries(CASES))('leaves less error at the output of %s', async (_, { parts }) => {
    const bytes = modelOf(parts);
    const model = openOnnx(bytes);
    const dataset = mixed(parts.inputs.x, 128);
    const off = async (quantized: Model) => {
      const result = await evaluate({ model: written(quantized)[0], reference: bytes, dataset, threads: 1 });
      return result.meanAbsDiff ?? Number.NaN;
    };
    for (const weights of ['int3', 'uint3']) {
      const plain = await quantize({ weights, by: 'channel', range: 'mse' }).run(model);
      const { model: made } = await compensated(model, dataset, { weights, by: 'channel' });
      expect(await off(made)).toBeLessThan(await off(plain));
      const { count } = model.tensors[0];
      expect(weightsOf(made, 'w')).toHaveLength(count);
    }
  });

  const { parts } = CASES.Gemm;
  const bytes = modelOf(parts);
  const dataset = mixed(parts.inputs.x, 128);

  it.each([
    ['int2', 3],
    ['int4', 15],
    ['uint2', 4],
    ['minmax2', 4],
    ['fixed4', 16],
    ['fixed4.1', 16],
    ['e2m1', 15],
    ['pow3', 7],
    ['lognet3', 8],
    ['ternary', 3],
    ['binary', 2],
  ])('gives %s weights no more than its %i values', async (weights, most) => {
    const whole = weightsOf((await compensated(openOnnx(bytes), dataset, { weights })).model, 'w');
    expect(distinct(whole)).toBeLessThanOrEqual(most);
    expect(distinct(whole)).toBeGreaterThan(1);
    const rows = weightsOf((await compensated(openOnnx(bytes), dataset, { weights, by: 'channel' })).model, 'w');
    for (let row = 0; row < 6; row++)
      expect(distinct(rows.subarray(24 * row, 24 * row + 24))).toBeLessThanOrEqual(most);
    expect(rows.some((value) => Object.is(value, -0))).toBe(false);
  });

  it('keeps zeros, and moves the bias', async () => {
    const pruned = await prune({ density: 0.5 }).run(openOnnx(bytes));
    const { model } = await compensated(pruned, dataset, { weights: 'int4', by: 'channel' });
    const [before, after] = [weightsOf(pruned, 'w'), weightsOf(model, 'w')];
    expect(after.every((value, i) => before[i] !== 0 || value === 0)).toBe(true);
    expect(weightsOf(model, 'b')).not.toEqual(weightsOf(pruned, 'b'));
  });

  it('names what it rounds to the nearest, and records what it has done', async () => {
    const table: Parts = {
      nodes: [node('Gather', ['t', 'i'], ['z']), node('MatMul', ['x', 'w'], ['v']), node('Add', ['z', 'v'], ['y'])],
      tensors: [stored('t', [3, 6]), stored('i', [1], [0]), stored('w', [24, 6])],
      inputs: { x: [1, 24] },
    };
    const { model, notes } = await compensated(openOnnx(modelOf(table)), dataset, { weights: 'int3', by: 'channel' });
    expect(notes).toContain('t: rounded to the nearest, its rows are looked up, nothing is multiplied by it');
    expect(distinct(weightsOf(model, 't').subarray(0, 6))).toBeLessThanOrEqual(7);
    expect(readRecords(openOnnx(written(model)[0])).map(({ text }) => text)).toEqual([
      'quantize weights=int3 by=channel rounding=compensated',
    ]);
  });

  it.each<[Partial<CalibratedQuantizeOptions>, string]>([
    [{ weights: 'int8', by: 64 }, 'by layer, channel or group, not by runs of 64 weights'],
    [{ weights: 'fixed16' }, 'at most 15 bits, and fixed16 needs none'],
    [{ weights: 'int4', first: 'int16' }, 'at most 15 bits, and int16 needs none'],
    [{ weights: 'int4', last: 'fixed32' }, 'at most 15 bits, and fixed32 needs none'],
    [{ weights: 'int99' }, 'got int99'],
    [{}, 'quantize: expected weights as a number format'],
    [{ weights: 'int8', samples: 0 }, 'samples'],
  ])('refuses %j', (options, message) => {
    expect(() => calibratedQuantize({ dataset, ...options })).toThrow(RangeError);
    expect(() => calibratedQuantize({ dataset, ...options })).toThrow(message);
  });
});
