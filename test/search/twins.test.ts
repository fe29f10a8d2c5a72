import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibratedPrune } from '../../src/calibrate/prune.js';
import { writeContainer } from '../../src/container/write/container.js';
import { arrayDataset } from '../../src/data/dataset.js';
import type { Model, Tensor } from '../../src/model/model.js';
import { twinsAmong } from '../../src/model/twins.js';
import { openOnnx } from '../../src/onnx/open.js';
import { searchBudget } from '../../src/search/allocation/search.js';
import { cluster } from '../../src/stages/cluster.js';
import { tune } from '../../src/tune/tune.js';
import { attrInt, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats, type TestTensor } from '../support/tensors.js';

const SIZE = 16;
const matrix = (seed: number) => new Random(seed).floats(SIZE * SIZE, 0.5);
const square = (name: string, seed: number): TestTensor => floats(name, [SIZE, SIZE], matrix(seed));
const layer = (from: string, weight: string, to: string) => [
  node('MatMul', [from, weight], [`${to}_`]),
  node('Tanh', [`${to}_`], [to]),
];

/** Networks that hold `a` and `b`, twins, and `c`, and what there is of `b` that cannot be calibrated. */
const NETWORKS: Record<string, Uint8Array[]> = {
  'both are layers': [...layer('X', 'a', 'u'), ...layer('u', 'c', 'v'), node('MatMul', ['v', 'b'], ['Y'])],
  'the second is scaled first': [
    ...layer('X', 'a', 'u'),
    node('Add', ['b', 'b'], ['bb']),
    ...layer('u', 'bb', 'v'),
    node('MatMul', ['v', 'c'], ['Y']),
  ],
  'the first is read twice': [
    ...layer('X', 'a', 'u'),
    ...layer('u', 'a', 'v'),
    ...layer('v', 'b', 'w'),
    node('MatMul', ['w', 'c'], ['Y']),
  ],
  'the later one runs first': [...layer('X', 'b', 'u'), ...layer('u', 'a', 'v'), node('MatMul', ['v', 'c'], ['Y'])],
  'one is transposed where it is read': [
    ...layer('X', 'a', 'u'),
    node('Gemm', ['u', 'b'], ['v'], [attrInt('transB', 1)]),
    node('MatMul', ['v', 'c'], ['Y']),
  ],
};

function modelOf(nodes: readonly Uint8Array[]): Model {
  const tensors = [square('a', 1), square('b', 1), square('c', 2)];
  return openOnnx(
    modelProto({
      opset: 17,
      graph: {
        initializers: tensors.map(({ proto }) => proto),
        nodes: [...nodes],
        inputs: [valueInfo('X', 'float32', ['N', SIZE])],
        outputs: [valueInfo('Y', 'float32', ['N', SIZE])],
      },
    }),
  );
}

const dataset = arrayDataset({
  inputs: { X: { type: 'float32', dims: [160, SIZE], data: new Random(5).floats(160 * SIZE) } },
});

const payloadOf = (model: Model, name: string) =>
  Buffer.from((model.tensors.find((tensor) => tensor.name === name) as Tensor).payload.read());
const bytesOf = async (model: Model) => (await writeContainer(model)).reduce((sum, { length }) => sum + length, 0);

describe('tensors of the same bytes', () => {
  for (const [name, nodes] of Object.entries(NETWORKS)) {
    it(`stay the same when they are calibrated, pruned, searched for and tuned: ${name}`, async () => {
      const model = modelOf(nodes);
      const before = payloadOf(model, 'a');
      const results = {
        calibrate: await calibrate({ dataset, lambda: 1e-6, threads: 1 }).run(model),
        prune: await calibratedPrune({ dataset, density: 0.5, threads: 1 }).run(model),
        search: (await searchBudget(model, { dataset, targetSize: 1200, threads: 1 })).model,
        tune: await tune({
          dataset,
          epochs: 1,
          batchSize: 32,
          loss: 'mean-squared-error',
          teacher: modelOf(NETWORKS['both are layers']),
          threads: 1,
        }).run(model),
        cluster: await cluster({ bits: 4 }).run(model),
      };
      for (const [stage, made] of Object.entries(results)) {
        expect([stage, payloadOf(made, 'b').equals(payloadOf(made, 'a'))]).toEqual([stage, true]);
        if (name !== 'the first is read twice' || stage !== 'tune') {
          expect([stage, payloadOf(made, 'a').equals(before)]).toEqual([stage, false]);
        }
      }
      // The second costs a reference, and no payload.
      const alone = await bytesOf(await cluster({ bits: 4, exclude: ['b'] }).run(model));
      expect(await bytesOf(results.cluster)).toBeLessThan(alone - 500);
    }, 120_000);
  }
});

describe('twinsAmong', () => {
  const groupsOf = (...tensors: TestTensor[]) => {
    const model = openOnnx(modelProto({ graph: { initializers: tensors.map(({ proto }) => proto), nodes: [] } }));
    return twinsAmong(model.tensors).map((group) => group.map(({ name }) => name));
  };

  it('finds pairs and more', () => {
    expect(
      groupsOf(square('a', 1), square('b', 2), square('c', 1), square('d', 2), square('e', 1), square('f', 3)),
    ).toEqual([
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
  });
  it('also of different shapes', () => {
    expect(groupsOf(square('a', 1), floats('b', [4, 64], matrix(1)))).toEqual([['a', 'b']]);
  });
  it('not where one element differs', () => {
    const other = matrix(1);
    other[SIZE * SIZE - 1] += 1;
    expect(groupsOf(square('a', 1), floats('b', [SIZE, SIZE], other))).toEqual([]);
  });
  it('not where all elements are the same, nor where there are few', () => {
    expect(groupsOf(floats('a', [64], new Float32Array(64)), floats('b', [64], new Float32Array(64)))).toEqual([]);
    expect(
      groupsOf(floats('a', [64], new Float32Array(64).fill(1)), floats('b', [64], new Float32Array(64).fill(1))),
    ).toEqual([]);
    expect(groupsOf(floats('a', [4], matrix(1).slice(0, 4)), floats('b', [4], matrix(1).slice(0, 4)))).toEqual([]);
  });
  it('not where the sign of a zero differs', () => {
    const [zero, negative] = [matrix(1), matrix(1)];
    zero[3] = 0;
    negative[3] = -0;
    expect(groupsOf(floats('a', [SIZE, SIZE], zero), floats('b', [SIZE, SIZE], negative))).toEqual([]);
  });
});
