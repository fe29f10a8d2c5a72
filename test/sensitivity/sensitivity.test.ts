import { describe, expect, it } from 'vitest';
import { simulate } from '../../src/calibrate/simulate.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import type { Model } from '../../src/model/model.js';
import { inMemory, openOnnx } from '../../src/onnx/open.js';
import { loadRuntime, type Runtime } from '../../src/runtime/runtime.js';
import { sensitivity } from '../../src/sensitivity/sensitivity.js';
import { cluster } from '../../src/stages/cluster.js';
import { quantize } from '../../src/stages/quantize.js';
import type { Stage } from '../../src/stages/stage.js';
import { linearModel } from '../evaluate/support.js';
import { LENET, LENET_WEIGHTS, written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { generatedModel } from '../support/models.js';
import { attrGraph, attrInt, graphProto, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { constantOf, externalFloats, floats, raw } from '../support/tensors.js';
import { mnist, SMALL_TENSORS, smallData, smallModel } from '../tune/support.js';
import { changed, mixed } from './support.js';

const runtime = await loadRuntime();

/** X [N, 2] → MatMul A → Relu → MatMul B → Y [N, 1]: computes, and decides on nothing. */
const A = [1, -1, 0.5, 2];
const B = [3, -2];
const INPUTS = [1, 2, -1, 0.5, 3, -2, 0.25, 4];

function regression(): Model {
  const tensors = [floats('A', [2, 2], Float32Array.from(A)), floats('B', [2, 1], Float32Array.from(B))];
  const nodes = [node('MatMul', ['X', 'A'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'B'], ['Y'])];
  return openOnnx(modelProto({ graph: { nodes, initializers: tensors.map(({ proto }) => proto), ...io(['N', 2]) } }));
}

function computed(a: readonly number[], b: readonly number[]): number[] {
  return [0, 2, 4, 6].map((i) => {
    const [x, y] = INPUTS.slice(i, i + 2);
    return b[0] * Math.max(0, x * a[0] + y * a[2]) + b[1] * Math.max(0, x * a[1] + y * a[3]);
  });
}

const regressionData = arrayDataset({ inputs: { X: { data: Float32Array.from(INPUTS), dims: [4, 2] } } });

const sumOf = (values: readonly number[], of: (value: number, i: number) => number) =>
  values.reduce((sum, value, i) => sum + of(value, i), 0);

describe('what layers take in', () => {
  const options = { dataset: mnist('t10k', 200), batchSize: 100, threads: 1 };
  const original = openOnnx(LENET);

  it('is ranked value by value, as the model answers with that one rounded', async () => {
    const { inputs, layers, cumulative } = await sensitivity(original, original, { ...options, inputs: 'uint2' });
    expect(layers).toEqual([]);
    expect(inputs.map(({ numbers, op, format }) => [numbers, op, format]).sort()).toEqual(
      [...[784, 300, 100].map((count) => [count, 'Gemm', 'uint2'])].sort(),
    );
    const divergences = inputs.map(({ divergence }) => divergence);
    expect(divergences).toEqual(divergences.toSorted((a, b) => b - a));
    expect(cumulative.map(({ name, kind }) => [name, kind])).toEqual(
      inputs.map(({ name }) => [name, 'input']).reverse(),
    );
    // The same by a model in which one value is rounded, and by one with all of them.
    const [worst] = inputs;
    const ends = { first: 'int2', last: 'int2' } as const;
    const ranges = { dataset: options.dataset, threads: 1, samples: 200 };
    const agreementOf = async (stage: Stage) => {
      const [model] = written(await stage.run(original));
      return (await evaluate({ model, reference: LENET, dataset: options.dataset, threads: 1 })).agreement;
    };
    const values = [{ match: worst.name, format: 'uint2' }];
    expect(worst.agreement).toBe(await agreementOf(simulate({ ...ranges, values })));
    expect(cumulative[2].agreement).toBe(await agreementOf(simulate({ ...ranges, ...ends, inputs: 'uint2' })));
  });

  it('adds up with what weights do, whichever is worse', async () => {
    const rounded = await quantize({ weights: 'int2', by: 'channel' }).run(original);
    const { layers, inputs, cumulative } = await sensitivity(original, rounded, { ...options, inputs: 'uint3' });
    expect([layers.length, inputs.length]).toEqual([3, 3]);
    expect(cumulative.map(({ layers: count }) => count)).toEqual([1, 2, 3, 4, 5, 6]);
    const kinds = new Map([...layers, ...inputs].map(({ name, divergence }) => [name, divergence]));
    const order = cumulative.map(({ name }) => kinds.get(name) ?? 0);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(layers).toEqual((await sensitivity(original, rounded, options)).layers);
  });
});

describe('a model that decides on nothing', () => {
  const halve = (value: number) => value / 2;
  const original = regression();
  const compressed = changed(
    changed(original, ['A'], (value) => value + 0.25),
    ['B'],
    halve,
  );

  it('is ranked by noise by signal, exactly as computed by hand', async () => {
    const found = await sensitivity(original, compressed, { dataset: regressionData, batchSize: 3, threads: 1 });
    const before = computed(A, B);
    const alone = {
      A: computed(
        A.map((value) => value + 0.25),
        B,
      ),
      B: computed(A, B.map(halve)),
    };
    const both = computed(
      A.map((value) => value + 0.25),
      B.map(halve),
    );
    const signal = sumOf(before, (value) => value ** 2);
    const noise = (after: number[]) => sumOf(after, (value, i) => (value - before[i]) ** 2);
    const cosine = (after: number[]) =>
      sumOf(after, (value, i) => value * before[i]) / Math.sqrt(signal * sumOf(after, (value) => value ** 2));
    const expected = (after: number[]) => ({
      divergence: expect.closeTo(noise(after) / signal, 6),
      ...{ top1: null, top5: null, agreement: null, kl: null, shapeMismatches: 0 },
      loss: expect.objectContaining({ metric: 'snr', unit: 'share', value: expect.closeTo(noise(after) / signal, 6) }),
      outputs: [
        {
          name: 'Y',
          cosine: expect.closeTo(cosine(after), 6),
          snr: expect.closeTo(10 * Math.log10(signal / noise(after)), 5),
        },
      ],
    });
    // B halves all outputs: a quarter of the signal is noise. The shift of A does less.
    expect(noise(alone.A)).toBeLessThan(noise(alone.B));
    expect(noise(alone.B) / signal).toBeCloseTo(0.25, 10);
    const weights = (snr: number) => ({
      ...{ role: 'weight', op: 'MatMul', density: 1, format: null },
      weightSnr: expect.closeTo(snr, 5),
    });
    expect(found).toEqual({
      samples: 4,
      output: 'Y',
      judged: "judged by the energy of what differs, as a share: output 'Y' holds a value",
      original: { top1: null, top5: null },
      layers: [
        { name: 'B', weights: 2, clusters: 2, bits: 1, ...weights(10 * Math.log10(4)), ...expected(alone.B) },
        {
          ...{ name: 'A', weights: 4, clusters: 4, bits: 2 },
          ...weights(10 * Math.log10((1 + 1 + 0.25 + 4) / (4 * 0.0625))),
          ...expected(alone.A),
        },
      ],
      cumulative: [
        { name: 'A', kind: 'weights', layers: 1, ...expected(alone.A) },
        { name: 'B', kind: 'weights', layers: 2, ...expected(both) },
      ],
      inputs: [],
      skipped: [],
    });
  });

  it('is nothing but its accuracy where nothing differs', async () => {
    const found = await sensitivity(original, original, { dataset: regressionData });
    expect(found).toMatchObject({ samples: 4, layers: [], cumulative: [], skipped: [] });
  });
});

describe('a classifier', () => {
  /** What `evaluate` finds of a model with some layers of another. */
  const measured = async (original: Model, compressed: Model, names: readonly string[], dataset: Dataset) => {
    const [model] = written(mixed(original, compressed, names));
    const { top1, top5, agreement } = await evaluate({ model, reference: written(original)[0], dataset, threads: 1 });
    return { top1, top5, agreement };
  };

  it('is measured as evaluate measures models that are compressed in part', async () => {
    const original = openOnnx(LENET);
    const compressed = await cluster({ bits: 1, rules: [{ match: 'fc2.weight', options: { bits: 2 } }] }).run(
      original,
      {},
    );
    const dataset = mnist('t10k', 300);
    const found = await sensitivity(original, compressed, { dataset, threads: 1 });
    expect(found.samples).toBe(300);
    expect(found.original).toMatchObject({ top1: (await measured(original, original, [], dataset)).top1 });
    expect(found.layers.map(({ name }) => name).sort()).toEqual(Object.keys(LENET_WEIGHTS));
    for (const { name, ...layer } of found.layers) {
      expect(layer).toMatchObject(await measured(original, compressed, [name], dataset));
    }
    const order = found.cumulative.map(({ name }) => name);
    for (const { layers, ...step } of found.cumulative) {
      expect(step).toMatchObject(await measured(original, compressed, order.slice(0, layers), dataset));
    }
    // Ranked by divergence: the list from the worst on, the curve towards it.
    const divergences = found.layers.map(({ divergence, kl }) => [divergence, kl]);
    expect(divergences).toEqual(
      divergences.map(([divergence]) => [divergence, divergence]).sort(([a], [b]) => (b ?? 0) - (a ?? 0)),
    );
    expect(order).toEqual(found.layers.map(({ name }) => name).reverse());
    expect(found.cumulative[0].kl).toBe(found.layers[2].kl);
    expect(found.layers[2].kl).toBeGreaterThan(0);
    // The figures of weights are those that inspect has.
    for (const { name, density, clusters, bits } of found.layers) {
      const inspected = inspectOnnx(compressed).tensors.find((tensor) => tensor.name === name);
      expect(inspected).toMatchObject({ density, clusters });
      expect(bits).toBeLessThanOrEqual(name === 'fc2.weight' ? 2 : 1);
    }
  });

  it('diverges alike whether it ends in logits or in their softmax', async () => {
    const find = (end: Uint8Array) => {
      const original = openOnnx(smallModel({ end }));
      const compressed = changed(original, ['w1', 'w2', 'b1'], (value) => Math.round(2 * value) / 2);
      return sensitivity(original, compressed, { dataset: smallData(100), threads: 1 });
    };
    const logits = await find(node('Identity', ['logits'], ['Y']));
    const softmax = await find(node('Softmax', ['logits'], ['Y'], [attrInt('axis', -1)]));
    expect(logits.layers.map(({ name }) => name)).toEqual(softmax.layers.map(({ name }) => name));
    expect(logits.layers.map(({ role }) => role).sort()).toEqual(['bias', 'weight', 'weight']);
    for (const [i, { kl }] of logits.layers.entries()) expect(softmax.layers[i].kl).toBeCloseTo(kl as number, 5);
  });

  it('is ranked by its decisions where these are all it gives', async () => {
    const end = node('ArgMax', ['logits'], ['Y'], [attrInt('axis', -1), attrInt('keepdims', 0)]);
    const [input] = io(['N', 6]).inputs;
    const model = (last: Uint8Array, outputs: Uint8Array[]) => {
      const nodes = [
        node('Gemm', ['X', 'w1', 'b1'], ['a']),
        node('Relu', ['a'], ['r']),
        node('MatMul', ['r', 'w2'], ['logits']),
      ];
      const initializers = SMALL_TENSORS().map(({ proto }) => proto);
      return openOnnx(modelProto({ graph: { nodes: [...nodes, last], initializers, inputs: [input], outputs } }));
    };
    const original = model(end, [valueInfo('Y', 'int64')]);
    const compressed = changed(original, ['w1', 'w2'], (value) => Math.round(2 * value) / 2);
    const { layers, original: accuracy } = await sensitivity(original, compressed, { dataset: smallData(100) });
    expect(accuracy.top1).toBeGreaterThan(0);
    for (const { divergence, kl, agreement, outputs } of layers) {
      expect({ kl, outputs }).toEqual({ kl: null, outputs: [] });
      expect(divergence).toBe(1 - (agreement as number));
      expect(divergence).toBeGreaterThan(0);
    }
  });

  it('takes a batch size that is fixed, and weights that old files list as inputs', async () => {
    const dataset = arrayDataset({ inputs: { x: { data: new Random(3).floats(40, 1), dims: [10, 4] } } });
    for (const model of [{}, { batch: 3 }, { oldStyle: true }]) {
      const original = openOnnx(linearModel(model));
      const compressed = changed(original, ['w'], (value, i) => value + (i % 3));
      const { samples, layers } = await sensitivity(original, compressed, { dataset, limit: 7, threads: 1 });
      expect(samples).toBe(7);
      const [fixed] = written(compressed);
      const known = await evaluate({ model: fixed, reference: written(original)[0], dataset, limit: 7 });
      expect(layers[0].agreement).toBe(known.agreement);
      expect(layers[0].agreement).toBeLessThan(1);
    }
  });

  it('reads the data twice, in one session, and leaves both models as they were', async () => {
    let sessions = 0;
    let passes = 0;
    const counting: Runtime = {
      Tensor: runtime.Tensor,
      InferenceSession: {
        create(model: never, options?: object) {
          sessions++;
          return runtime.InferenceSession.create(model, options) as never;
        },
      },
    };
    const data = smallData(100);
    const dataset: Dataset = (options) => {
      passes++;
      return data(options);
    };
    const original = openOnnx(smallModel());
    const compressed = changed(original, ['w1', 'w2'], (value) => value / 2);
    const before = [original, compressed].map((model) => written(model)[0]);
    const progress: [number, number][] = [];
    await sensitivity(original, compressed, {
      ...{ dataset, runtime: counting, batchSize: 40, limit: 90 },
      onProgress: ({ pass, samples }) => progress.push([pass, samples]),
    });
    expect([sessions, passes]).toEqual([1, 2]);
    expect(progress).toEqual([
      [1, 40],
      [1, 80],
      [1, 90],
      [2, 40],
      [2, 80],
      [2, 90],
    ]);
    expect([original, compressed].map((model) => written(model)[0])).toEqual(before);
  });
});

describe('weights in other places', () => {
  it('are measured in branches, as constants, and as float16', async () => {
    const half = raw(
      'H',
      'float16',
      [3, 3],
      bytesOf(Uint16Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8], (i) => 0x3c00 + 40 * i)),
    );
    const yes = floats('Y1', [4, 3]);
    const constant = floats('C', [3, 3]);
    const branch = (nodes: Uint8Array[], initializers: Uint8Array[] = []) =>
      graphProto({ nodes, initializers, outputs: [valueInfo('y', 'float32')] });
    const branches = [
      attrGraph('then_branch', branch([node('MatMul', ['X', 'Y1'], ['y'])], [yes.proto])),
      attrGraph('else_branch', branch([constantOf(floats('Z', [4, 3])), node('MatMul', ['X', 'Z'], ['y'])])),
    ];
    const nodes = [
      node('If', ['cond'], ['a'], branches),
      constantOf(constant),
      node('MatMul', ['a', 'C'], ['b']),
      node('Cast', ['H'], ['h'], [attrInt('to', 1)]),
      node('MatMul', ['b', 'h'], ['Y']),
    ];
    const inputs = [valueInfo('X', 'float32', ['N', 4]), valueInfo('cond', 'bool', [])];
    const outputs = [valueInfo('Y', 'float32')];
    const original = openOnnx(modelProto({ graph: { nodes, initializers: [half.proto], inputs, outputs } }));
    const compressed = changed(original, ['H', 'Y1', 'C', 'Z'], (value) => Math.round(4 * value) / 4);
    const dataset = arrayDataset({
      inputs: {
        X: { data: new Random(5).floats(32, 1), dims: [8, 4] },
        cond: { data: Uint8Array.of(1), dims: [], type: 'bool' },
      },
    });
    const { layers, skipped } = await sensitivity(original, compressed, { dataset, threads: 1 });
    expect(skipped).toEqual([]);
    for (const {
      name,
      outputs: [{ snr }],
    } of layers) {
      const [model] = written(mixed(original, compressed, [name]));
      const { maxAbsDiff } = await evaluate({ model, reference: written(original)[0], dataset });
      // The other branch is not taken.
      expect(maxAbsDiff === 0, name).toBe(name === 'Z');
      expect(snr === Number.POSITIVE_INFINITY, name).toBe(name === 'Z');
    }
    expect(layers.map(({ name }) => name).sort()).toEqual(['C', 'H', 'Y1', 'Z']);
  });

  it('are measured in external files', async () => {
    const { bytes, external = {} } = generatedModel('external: several files');
    const original = openOnnx(bytes, { external: (name) => inMemory(name, external[name]) });
    const compressed = changed(original, ['A', 'C'], (value) => Math.fround(value * 0.75));
    const dataset = arrayDataset({ inputs: { X: { data: new Random(6).floats(20, 1), dims: [5, 4] } } });
    const { layers } = await sensitivity(original, compressed, { dataset, threads: 1 });
    expect(layers.map(({ name }) => name).sort()).toEqual(['A', 'C']);
    // Three quarters of a factor are three quarters of the product: a quarter is missing.
    for (const { outputs } of layers) expect(outputs[0].snr).toBeCloseTo(20 * Math.log10(4), 3);
  });

  it('are fed to each place that they stand in, under its own shape', async () => {
    const values = new Random(8).floats(6, 1);
    const place = (name: string, dims: number[]) => externalFloats(name, dims, 'w', bytesOf(values));
    const initializers = [place('A', [2, 3]), place('B', [3, 2])].map(({ proto }) => proto);
    const nodes = [node('MatMul', ['X', 'A'], ['h']), node('MatMul', ['h', 'B'], ['Y'])];
    const bytes = modelProto({ graph: { nodes, initializers, ...io(['N', 2]) } });
    const original = openOnnx(bytes, { external: (name) => inMemory(name, bytesOf(values)) });
    expect(original.tensors).toHaveLength(1);
    const compressed = changed(original, [original.tensors[0].name], (value) => value / 2);
    const { layers } = await sensitivity(original, compressed, { dataset: regressionData, threads: 1 });
    // Half of both factors is a quarter of the product: three quarters are missing.
    expect(layers).toHaveLength(1);
    expect(layers[0].outputs[0].snr).toBeCloseTo(20 * Math.log10(4 / 3), 3);
  });

  it('are replaced in the file where they cannot be fed', async () => {
    const { bytes } = generatedModel('function with a Constant weight, called twice');
    const original = openOnnx(bytes);
    const compressed = changed(original, [original.tensors[0].name], (value) => value / 2);
    const dataset = arrayDataset({ inputs: { X: { data: new Random(6).floats(20, 1), dims: [5, 4] } } });
    const { layers, skipped } = await sensitivity(original, compressed, { dataset });
    expect(layers.map(({ name }) => name)).toEqual([original.tensors[0].name]);
    // Both calls add up, so half of the weight is half of the output.
    expect(layers[0].outputs[0].snr).toBeCloseTo(20 * Math.log10(2), 3);
    expect(skipped).toEqual([]);
  });

  it('are named where they cannot be measured', async () => {
    const aside = [node('MatMul', ['X', 'A'], ['Y']), node('MatMul', ['X', 'B'], ['unused'])];
    const initializers = ['A', 'B'].map((name) => floats(name, [2, 2]).proto);
    const dead = openOnnx(modelProto({ graph: { nodes: aside, initializers, ...io(['N', 2]) } }));
    const partly = await sensitivity(
      dead,
      changed(dead, ['A', 'B'], (value) => value / 2),
      { dataset: regressionData },
    );
    expect(partly.layers.map(({ name }) => name)).toEqual(['A']);
    expect(partly.skipped).toEqual([{ name: 'B', reason: 'no output depends on it' }]);
    const small = openOnnx(smallModel());
    const without = { ...small, tensors: small.tensors.filter(({ name }) => name !== 'w2') };
    const rest = await sensitivity(small, without, { dataset: smallData(20) });
    expect(rest.skipped).toEqual([{ name: 'w2', reason: 'not in the compressed model' }]);
  });
});

describe('what does not work', () => {
  const original = openOnnx(smallModel());
  const compressed = changed(original, ['w1', 'w2'], (value) => value / 2);
  const dataset = smallData(50);

  it('is told with a code: other models, other data, no data', async () => {
    const other = sensitivity(original, openOnnx(LENET), { dataset });
    await expect(other).rejects.toMatchObject({
      code: 'MISMATCH',
      message: expect.stringMatching(/named as in the original/),
    });
    const tensors = compressed.tensors.map((tensor) => (tensor.name === 'w1' ? { ...tensor, dims: [16, 6] } : tensor));
    await expect(sensitivity(original, { ...compressed, tensors }, { dataset })).rejects.toMatchObject({
      ...{ code: 'MISMATCH', tensor: 'w1', expected: [6, 16], actual: [16, 6] },
    });
    await expect(sensitivity(original, compressed, { dataset, output: 'Z' })).rejects.toThrow(/which are 'Y'/);
    await expect(sensitivity(original, compressed, { dataset: regressionData })).rejects.toMatchObject({
      code: 'DATASET',
    });
    const none: Dataset = async function* () {};
    await expect(sensitivity(original, compressed, { dataset: none })).rejects.toThrow(/at least one sample, got none/);
    await expect(sensitivity(original, compressed, { dataset, limit: 0 })).rejects.toThrow(RangeError);
    await expect(sensitivity(original, compressed, { dataset, threads: 1.5 })).rejects.toThrow(RangeError);
  });

  it('stops when it is told to, in either pass', async () => {
    for (const last of [1, 2]) {
      const controller = new AbortController();
      const seen: number[] = [];
      const stopped = sensitivity(original, compressed, {
        ...{ dataset, batchSize: 10, signal: controller.signal },
        onProgress: ({ pass }) => {
          seen.push(pass);
          if (pass === last) controller.abort();
        },
      });
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
      expect(seen).toEqual(last === 1 ? [1] : [1, 1, 1, 1, 1, 2]);
    }
  });
});
