import { describe, expect, it } from 'vitest';
import { FxqError } from '../../src/errors.js';
import type { Model, Tensor } from '../../src/model/model.js';
import { finiteWeights, mapWeights, selectLayers } from '../../src/model/patch.js';
import { memorySource } from '../support/sources.js';

/** A model of three float32 tensors of two weights each, that counts how often each is read. */
function countingModel(): { model: Model; bytes: Uint8Array; reads: number[] } {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  const reads = [0, 0, 0];
  const tensors = reads.map(
    (_, i): Tensor => ({
      name: `w${i}`,
      dtype: 'float32',
      dims: [2],
      count: 2,
      role: 'weight',
      op: 'MatMul',
      form: 'raw',
      file: 0,
      offset: 8 * i,
      length: 8,
      payload: {
        read: () => {
          reads[i]++;
          return bytes.subarray(8 * i, 8 * i + 8);
        },
      },
    }),
  );
  return {
    model: {
      files: [memorySource('m', bytes)],
      tensors,
      structure: { proto: {}, tensors: [] },
      appendix: new Uint8Array(),
    },
    bytes,
    reads,
  };
}

const valuesOf = ({ payload }: Tensor) => [...new Float32Array(payload.read().slice().buffer)];
const double = (weights: Float32Array, factor: number) => weights.map((weight) => weight * factor);

describe('mapWeights', () => {
  it('changes the chosen layers, each by its options, and no other', () => {
    const { model, bytes } = countingModel();
    const before = bytes.slice();
    const layers = new Map([
      [model.tensors[0], 2],
      [model.tensors[2], 10],
    ]);
    const mapped = mapWeights(model, layers, double);
    expect(mapped.tensors.map(valuesOf)).toEqual([
      [2, 4],
      [3, 4],
      [50, 60],
    ]);
    expect(mapped.tensors[1]).toBe(model.tensors[1]);
    expect(mapped.files).toBe(model.files);
    expect(model.tensors.map(valuesOf)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(bytes).toEqual(before);
  });

  it('reads nothing until it is asked, and then only what is asked', () => {
    const { model, reads } = countingModel();
    const all = new Map(model.tensors.map((tensor) => [tensor, 2]));
    const mapped = mapWeights(mapWeights(model, all, double), new Map(), double);
    expect(reads).toEqual([0, 0, 0]);
    mapped.tensors[1].payload.read();
    expect(reads).toEqual([0, 1, 0]);
    mapped.tensors[1].payload.read();
    expect(reads).toEqual([0, 2, 0]);
  });

  it('runs changes one after the other, and lets a change overwrite what it is given', () => {
    const { model } = countingModel();
    const layers = (of: Model) => new Map(of.tensors.map((tensor) => [tensor, 1]));
    const plusOne = mapWeights(model, layers(model), (weights) => {
      for (let i = 0; i < weights.length; i++) weights[i] += 1;
      return weights;
    });
    const squared = mapWeights(plusOne, layers(plusOne), (weights) => weights.map((weight) => weight ** 2));
    expect(squared.tensors.map(valuesOf)).toEqual([
      [4, 9],
      [16, 25],
      [36, 49],
    ]);
    expect(squared.tensors.map(valuesOf)[0]).toEqual([4, 9]);
    expect(valuesOf(model.tensors[0])).toEqual([1, 2]);
  });

  it('keeps every field of a tensor but its payload', () => {
    const { model } = countingModel();
    const [tensor] = mapWeights(model, new Map([[model.tensors[0], 2]]), double).tensors;
    expect({ ...tensor, payload: 0 }).toEqual({ ...model.tensors[0], payload: 0 });
  });
});

describe('finiteWeights', () => {
  it.each([Number.NaN, Infinity, -Infinity])('refuses %d by tensor, element and byte', (bad) => {
    const { model } = countingModel();
    const values = Float32Array.of(1, bad);
    const tensor = { ...model.tensors[1], payload: { read: () => new Uint8Array(values.buffer) } };
    expect(() => finiteWeights(tensor)).toThrow(FxqError);
    expect(() => finiteWeights(tensor)).toThrow(
      expect.objectContaining({ code: 'WEIGHTS', tensor: 'w1', offset: 8 + 4, actual: bad }),
    );
    expect(() => finiteWeights(tensor)).toThrow(/w1: .*element 1 is/);
  });
});

describe('selectLayers', () => {
  it('asks only about tensors whose weights can be changed', () => {
    const { model, reads } = countingModel();
    const tensors = [
      model.tensors[0],
      { ...model.tensors[1], dtype: 'int8' as const },
      { ...model.tensors[2], form: 'varint' as const },
    ];
    const asked: string[] = [];
    const layers = selectLayers({ ...model, tensors }, ({ name }) => {
      asked.push(name);
      return { name };
    });
    expect(asked).toEqual(['w0']);
    expect([...layers]).toEqual([[tensors[0], { name: 'w0' }]]);
    expect(reads).toEqual([0, 0, 0]);
  });

  it('leaves out what is given no options', () => {
    const { model } = countingModel();
    const layers = selectLayers(model, ({ name }) => (name === 'w1' ? 0 : undefined));
    expect([...layers.keys()].map(({ name }) => name)).toEqual(['w1']);
  });
});
