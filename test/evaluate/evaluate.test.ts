import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { arrayDataset, type Batch, type Dataset } from '../../src/data/dataset.js';
import { mnistDataset } from '../../src/data/mnist.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { loadRuntime, openSession, type Runtime } from '../../src/runtime/session.js';
import { easySamples, FLOAT16, INT64, idxBytes, linearModel, statefulModel, UINT8 } from './support.js';

const runtime: Runtime = ort;
const { data, labels } = easySamples(10);
const wrongOnce = labels.map((label, i) => (i === 4 ? (label + 1) % 4 : label));
const dataset = arrayDataset({ inputs: { x: { data, dims: [10, 4] } }, labels: wrongOnce });

/** A data set of batches just as they are. */
const asGiven = (...batches: Batch[]): Dataset =>
  async function* batchesAsGiven() {
    yield* batches;
  };

describe('loadRuntime', () => {
  it('finds the installed package', async () => {
    expect((await loadRuntime()).InferenceSession).toBe(ort.InferenceSession);
  });

  const absent = (name: string) => () =>
    Promise.reject(new Error(`Cannot find package '${name}' imported from /app/a.js`));
  const stack = '- /app/node_modules/onnxruntime-node/dist/binding.js';
  const broken = () => Promise.reject(new Error(`Cannot find module '../bin/binding.node'\nRequire stack:\n${stack}`));

  it('names the package and the command when it is missing, and says so when it is only broken', async () => {
    const missing = [absent('onnxruntime-node'), absent('onnxruntime-web')];
    await expect(loadRuntime(missing)).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      message: expect.stringContaining('npm install onnxruntime-node'),
    });
    await expect(loadRuntime([broken, absent('onnxruntime-web')])).rejects.toMatchObject({ code: 'RUNTIME' });
  });

  it.each([
    ['is missing', absent('onnxruntime-node')],
    ['has no binary', broken],
  ])('falls back to WebAssembly where the native package %s', async (_, native) => {
    const web = await loadRuntime([native, () => import('onnxruntime-web')]);
    expect(web.InferenceSession).not.toBe(ort.InferenceSession);
    const result = await evaluate({ model: linearModel(), dataset, runtime: web });
    expect(result).toEqual(await evaluate({ model: linearModel(), dataset, runtime }));
  });
});

describe('openSession', () => {
  it('takes bytes and paths, and tells the real inputs of an old model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fxq-'));
    const path = join(folder, 'old.onnx');
    await writeFile(path, linearModel({ oldStyle: true }));
    const session = await openSession(runtime, path, { threads: 1 });
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['N', 4] }]);
    expect((await session.run({ inputs: { x: { data, dims: [10, 4] } } })).outputs.scores.dims).toEqual([10, 4]);
    await session.release();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['a dynamic batch', 'N', [10, 4]],
    ['batches of one', 1, [10, 4]],
    ['batches of three, the last padded', 3, [10, 4]],
    ['batches larger than the data', 16, [10, 4]],
    ['batches of just the data', 10, [10, 4]],
  ])('gives the same outputs for %s', async (_, batch, dims) => {
    const session = await openSession(runtime, linearModel({ batch }));
    const { samples, outputs } = await session.run({ inputs: { x: { data, dims: [10, 4] } } });
    expect(samples).toBe(10);
    expect(outputs.scores).toEqual({ type: 'float32', dims, data });
    const cut = await session.run({ inputs: { x: { data, dims: [10, 4] } } }, 5);
    expect(cut.outputs.scores).toEqual({ type: 'float32', dims: [5, 4], data: data.slice(0, 20) });
    await session.release();
  });

  it.each([
    ['float16', FLOAT16],
    ['int64', INT64],
    ['uint8', UINT8],
  ])('casts to %s', async (_, type) => {
    const session = await openSession(runtime, linearModel({ type }));
    const { outputs } = await session.run({ inputs: { x: { data: Int32Array.of(1, 2, 3, 4), dims: [1, 4] } } });
    expect(outputs.scores.data).toEqual(Float32Array.of(1, 2, 3, 4));
    await session.release();
  });

  it('runs models with state and scalars as they are given', async () => {
    const session = await openSession(runtime, statefulModel());
    const { samples, outputs } = await session.run({
      inputs: {
        x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] },
        state: { data: Float32Array.of(10, 10, 10, 5, 5, 5), dims: [2, 1, 3] },
        rate: { data: Int32Array.of(16000), dims: [] },
      },
    });
    expect(samples).toBe(1);
    expect(outputs.out.data).toEqual(Float32Array.of(16, 17, 18));
    expect(outputs.next.dims).toEqual([2, 1, 3]);
    expect(outputs.r).toEqual({ type: 'int64', dims: [], data: Float64Array.of(16000) });
    await session.release();
  });

  it('wraps what ONNX Runtime throws', async () => {
    const garbage = openSession(runtime, Uint8Array.of(1, 2, 3), { name: 'bad.onnx' });
    await expect(garbage).rejects.toMatchObject({ code: 'RUNTIME', file: 'bad.onnx', cause: expect.any(Error) });
    const session = await openSession(runtime, statefulModel());
    const run = session.run({
      inputs: {
        x: { data: new Float32Array(6), dims: [2, 3] },
        state: { data: new Float32Array(18), dims: [2, 3, 3] },
        rate: { data: Int32Array.of(1), dims: [] },
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'RUNTIME', cause: expect.any(Error) });
    await session.release();
  });
});

describe('evaluate', () => {
  it('measures accuracy alone, in shares, and reports progress', async () => {
    const seen: number[] = [];
    const result = await evaluate({
      runtime,
      model: linearModel(),
      dataset,
      batchSize: 4,
      threads: 1,
      onProgress: (samples) => seen.push(samples),
    });
    const none = {
      output: 'scores',
      doubt: null,
      loss: null,
      score: null,
      kind: null,
      isUndecided: false,
      outputs: [],
      warnings: [],
      agreement: null,
      maxAbsDiff: null,
      meanAbsDiff: null,
      shapeMismatches: null,
    };
    expect(result).toEqual({ samples: 10, top1: 0.9, top5: null, ...none });
    expect(seen).toEqual([4, 8, 10]);
  });

  it('compares with a reference on the same batches', async () => {
    const same = await evaluate({ model: linearModel(), reference: linearModel({ batch: 3 }), dataset });
    expect(same).toMatchObject({ top1: 0.9, agreement: 1, maxAbsDiff: 0, meanAbsDiff: 0, shapeMismatches: 0 });
    // A shift of all weights by s adds s times the sum of a sample to each of its scores, and moves no class.
    const shifted = await evaluate({ model: linearModel({ shift: 0.5 }), reference: linearModel(), dataset });
    const sums = labels.map((_, i) => data.subarray(4 * i, 4 * i + 4).reduce((sum, value) => sum + value, 0));
    expect(shifted).toMatchObject({ top1: 0.9, agreement: 1 });
    expect(shifted.maxAbsDiff).toBeCloseTo(Math.max(...sums) / 2, 5);
    expect(shifted.meanAbsDiff).toBeCloseTo(sums.reduce((a, b) => a + b, 0) / 20, 5);
  });

  it('keeps the limit where the data set does not', async () => {
    const batch = { inputs: { x: { data, dims: [10, 4] } }, labels };
    const result = await evaluate({ runtime, model: linearModel(), dataset: asGiven(batch, batch), limit: 14 });
    expect(result).toMatchObject({ samples: 14, top1: 1 });
  });

  it('scales the pixels of an IDX pair', async () => {
    const images = idxBytes([2, 2, 2], [0, 0, 255, 0, 255, 0, 0, 0]);
    const pair = { images, labels: idxBytes([2], [2, 0]) };
    const model = linearModel({ batch: 1, sample: [1, 2, 2], inputName: 'Input3' });
    expect(await evaluate({ runtime, model, dataset: mnistDataset(pair) })).toMatchObject({ samples: 2, top1: 1 });
    const session = await openSession(runtime, model);
    for (const [scale, largest] of [
      [undefined, 1],
      [1, 255],
    ] as const) {
      for await (const batch of mnistDataset(pair, { scale })()) {
        expect(Math.max(...Array.from((await session.run(batch)).outputs.scores.data))).toBe(largest);
      }
    }
    await session.release();
  });

  it('runs several outputs and lets one be named', async () => {
    const batch = {
      inputs: {
        x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] },
        state: { data: new Float32Array(6), dims: [2, 1, 3] },
        rate: { data: Int32Array.of(1), dims: [] },
      },
      labels: [2],
    };
    const options = { runtime, model: statefulModel(), reference: statefulModel(), dataset: asGiven(batch, batch) };
    expect(await evaluate(options)).toMatchObject({ samples: 2, top1: 1, agreement: 1, maxAbsDiff: 0 });
    expect(await evaluate({ ...options, output: 'out' })).toMatchObject({ top1: 1 });
    await expect(evaluate({ ...options, output: 'none' })).rejects.toThrow(/which are 'out', 'next', 'r'/);
    // Two layers of state are no scores of one sample.
    await expect(evaluate({ ...options, output: 'next' })).rejects.toMatchObject({ code: 'DATASET' });
  });

  it('refuses empty data, wrong options and data for another model', async () => {
    const options = { runtime, model: linearModel(), dataset };
    await expect(evaluate({ ...options, dataset: asGiven() })).rejects.toThrow(/at least one sample, got none/);
    await expect(evaluate({ ...options, limit: 0 })).rejects.toThrow(RangeError);
    await expect(evaluate({ ...options, batchSize: 1.5 })).rejects.toThrow(RangeError);
    await expect(evaluate({ ...options, model: linearModel({ sample: [5] }) })).rejects.toMatchObject({
      code: 'DATASET',
    });
  });

  it('stops when it is told to, and frees the models whatever happens', async () => {
    let open = 0;
    const counting: Runtime = {
      Tensor: runtime.Tensor,
      InferenceSession: {
        async create(model: never, options?: object) {
          const session = await runtime.InferenceSession.create(model, options);
          open++;
          const release = async () => {
            open--;
            await session.release();
          };
          return {
            inputNames: session.inputNames,
            outputNames: session.outputNames,
            inputMetadata: session.inputMetadata ?? [],
            outputMetadata: session.outputMetadata ?? [],
            run: session.run.bind(session),
            release,
          };
        },
      },
    };
    const options = { runtime: counting, model: linearModel(), reference: linearModel(), dataset, batchSize: 1 };
    const controller = new AbortController();
    const seen: number[] = [];
    const stopped = evaluate({
      ...options,
      signal: controller.signal,
      onProgress: (samples) => {
        seen.push(samples);
        if (samples === 3) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen).toEqual([1, 2, 3]);
    await expect(evaluate({ ...options, reference: Uint8Array.of(1) })).rejects.toMatchObject({ file: 'reference' });
    await evaluate(options);
    expect(open).toBe(0);
  });
});
