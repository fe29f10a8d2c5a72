import { beforeAll, describe, expect, it } from 'vitest';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import type { Model } from '../../src/model/model.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { runStages } from '../../src/pipeline/pipeline.js';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import type { TuneOptions } from '../../src/tune/options.js';
import { tune } from '../../src/tune/tune.js';
import { expectOnlyWindowsChange, isSame, weightsOf, written } from '../stages/support.js';
import { io } from '../support/models/model.js';
import { attrFloat, attrInt, attrInts, modelProto, node } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { constantOf, externalFloats, floats } from '../support/tensors.js';
import {
  accuracyOf,
  LENET_5,
  LENET_300,
  mnist,
  nonZeros,
  SMALL_TENSORS,
  smallData,
  smallModel,
  type Tuned,
  tuned,
  valuesOf,
} from './support.js';

const error = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const bytesAfter = ({ model }: Tuned) => written(model)[0];
const lossOf = ({ model }: Tuned) => /loss=(\S+)/.exec(readRecords(model).at(-1)!.text)?.[1];
const half = (values: Float32Array) => values.map((value, i) => (i % 2 === 0 ? 0 : value));

describe('LeNet-300-100, pruned to 5 % and clustered to 3 bits', () => {
  let before: Model;
  let result: Tuned;
  beforeAll(async () => {
    const run = await runStages(openOnnx(LENET_300), [prune({ density: 0.05 }), cluster({ bits: 3 })]);
    before = openOnnx(written(run.model)[0]);
    result = await tuned(before, { dataset: mnist('train', 4000), epochs: 2, optimiser: 'adam', threads: 2 });
  });

  it('gets much of its accuracy back, on images held out and on those of the test set', async () => {
    const [first, second] = [await accuracyOf(before), await accuracyOf(result.model)];
    expect(first).toBeLessThan(0.3);
    expect(second).toBeGreaterThan(first + 0.3);
    const best = result.epochs.filter(({ isBest }) => isBest).at(-1)!;
    expect(best.accuracy).toBeGreaterThan(first + 0.3);
    expect(Math.abs(best.accuracy! - second)).toBeLessThan(0.1);
  });

  it('has its zeros where they were, and no more values than before', () => {
    const after = valuesOf(result.model);
    for (const [name, values] of Object.entries(valuesOf(before))) {
      if (name.endsWith('weight')) expect(new Set(values).size, name).toBeLessThanOrEqual(9);
      const moved = after[name].filter((value, i) => value !== values[i]).length;
      expect(moved, name).toBeGreaterThan(0);
      expect(new Set(after[name]).size, name).toBeLessThanOrEqual(new Set(values).size);
      for (let i = 0; i < values.length; i++) {
        if ((values[i] === 0) !== (after[name][i] === 0)) throw new Error(`${name}: zero at ${i} in one of them`);
      }
    }
  });

  it('changes nothing else of the file, and says what was done', () => {
    expectOnlyWindowsChange(before, result.model, ({ role }) => role === 'weight' || role === 'bias');
    expect(readRecords(result.model).map(({ text }) => text.replace(/best=\d/, 'best=…'))).toEqual([
      'prune density=0.05',
      expect.stringMatching(/^cluster bits=3/),
      'tune epochs=2 best=… loss=cross-entropy',
    ]);
  });

  it('tells how each epoch went', () => {
    expect(result.epochs).toHaveLength(2);
    for (const [i, epoch] of result.epochs.entries()) {
      expect(epoch).toMatchObject({ epoch: i + 1, epochs: 2, isBest: expect.any(Boolean) });
      for (const number of [epoch.loss, epoch.heldOutLoss, epoch.ms]) expect(number).toBeGreaterThan(0);
      expect(epoch.density).toBeGreaterThan(0.04);
      expect(epoch.density).toBeLessThan(0.06);
    }
    expect(result.epochs[1].loss).toBeLessThan(result.epochs[0].loss);
    expect([result.notes, result.checkpoints.length]).toEqual([[], 2]);
  });
});

describe('LeNet-5', () => {
  const dataset = mnist('train', 600);

  it('learns from the original what pruning has cost', async () => {
    const teacher = openOnnx(LENET_5);
    const before = await prune({ density: 0.05 }).run(teacher, {});
    const result = await tuned(before, { dataset, teacher, epochs: 2, learningRate: 0.003 });
    expect(lossOf(result)).toBe('distillation');
    const [first, second] = [await accuracyOf(before), await accuracyOf(result.model)];
    expect(second).toBeGreaterThan(first + 0.1);
    const after = valuesOf(result.model);
    for (const [name, values] of Object.entries(valuesOf(before))) expect(nonZeros(after[name])).toBe(nonZeros(values));
  });

  it.each(['cubic', 'steps'] as const)('is pruned while it trains, exactly: %s', async (schedule) => {
    const rules = [{ match: 'conv*', options: { density: 0.5 } }];
    const options = { dataset, density: 0.1, rules, epochs: 3, schedule, heldOut: 50 };
    const { model, epochs } = await tuned(LENET_5, options);
    for (const [name, values] of Object.entries(valuesOf(model))) {
      if (name.endsWith('bias')) continue;
      const density = name.startsWith('conv') ? 0.5 : 0.1;
      expect(nonZeros(values), name).toBe(Math.round(density * values.length));
    }
    expect(epochs[0].density).toBeGreaterThan(epochs[1].density + 0.01);
    expect(epochs[2].density).toBe(epochs[1].density);
    expect(epochs[0].isBest, 'too dense').toBe(false);
    // Fitted to it: far better than the same cut without training.
    expect(await accuracyOf(model)).toBeGreaterThan(0.9);
  });

  it('is pruned to one density of all layers', async () => {
    const options: TuneOptions = { dataset, density: 0.03, scope: 'global', epochs: 1, pruneShare: 1, heldOut: 50 };
    const { model } = await tuned(LENET_5, options);
    const weights = Object.entries(valuesOf(model)).filter(([name]) => name.endsWith('weight'));
    const count = weights.reduce((sum, [, values]) => sum + values.length, 0);
    expect(weights.reduce((sum, [, values]) => sum + nonZeros(values), 0)).toBe(Math.round(0.03 * count));
    const densities = weights.map(([, values]) => nonZeros(values) / values.length);
    expect(Math.max(...densities)).toBeGreaterThan(3 * Math.min(...densities));
  });
});

describe('the result', () => {
  const dataset = smallData();
  const options = { dataset, epochs: 3, batchSize: 16, learningRate: 0.01 };

  it('depends on the seed, and on nothing else', async () => {
    const [one, same, other] = [
      await tuned(smallModel(), { ...options, seed: 4 }),
      await tuned(smallModel(), { ...options, seed: 4 }),
      await tuned(smallModel(), { ...options, seed: 5 }),
    ].map(bytesAfter);
    expect(isSame(one, same)).toBe(true);
    expect(isSame(one, other)).toBe(false);
  });

  it('is the best epoch', async () => {
    // A rate so large that one epoch undoes the other.
    const wild = { ...options, learningRate: 2, optimiser: 'sgd', weightDecay: 0, epochs: 6 } as const;
    const { model, epochs } = await tuned(smallModel(), wild);
    const best = epochs.reduce((a, b) => {
      const gain = b.accuracy! - a.accuracy!;
      return gain > 0 || (gain === 0 && b.heldOutLoss < a.heldOutLoss) ? b : a;
    });
    expect(epochs.filter(({ isBest }) => isBest).at(-1)).toBe(best);
    expect(best.epoch, 'not the last one, so that it can be told apart').toBeLessThan(6);
    const { model: stopped } = await tuned(smallModel(), { ...wild, stopAfter: best.epoch });
    expect(valuesOf(stopped)).toEqual(valuesOf(model));
  });

  it('learns from images that change each time', async () => {
    const images = mnist('train', 200);
    const run = (augmentation?: TuneOptions['augmentation']) =>
      tuned(LENET_300, { dataset: images, epochs: 1, heldOut: 50, include: ['fc3.*'], augmentation });
    const [plain, none, moved, again] = [
      await run(),
      await run({ shift: 0 }),
      await run({ shift: 0.1, rotate: 10 }),
      await run({ shift: 0.1, rotate: 10 }),
    ].map(bytesAfter);
    expect(isSame(plain, none)).toBe(true);
    expect(isSame(moved, again)).toBe(true);
    expect(isSame(plain, moved)).toBe(false);
  });
});

describe('training that is stopped', () => {
  const options = { dataset: smallData(), epochs: 5, batchSize: 16, learningRate: 0.01 };

  it('after an epoch gives the best so far, and a note', async () => {
    const result = await tuned(smallModel(), { ...options, stopAfter: 2 });
    expect(result.epochs).toHaveLength(2);
    expect(result.notes).toEqual(['stopped after 2 of 5 epochs; this is the best of them']);
    expect(valuesOf(result.model)).not.toEqual(valuesOf(openOnnx(smallModel())));
    expect(readRecords(result.model).at(-1)?.text).toMatch(/^tune epochs=5 best=[12] loss=cross-entropy$/);
  });

  it('before that is an error', async () => {
    const controller = new AbortController();
    const running = tune({ ...options, threads: 1 }).run(openOnnx(smallModel()), {
      signal: controller.signal,
      onProgress: () => controller.abort('SIGINT'),
    });
    await expect(running).rejects.toThrow(error('ABORTED', ''));
    const reading = tune(options).run(openOnnx(smallModel()), { signal: AbortSignal.abort('SIGINT') });
    await expect(reading).rejects.toThrow(error('ABORTED', ''));
  });

  it('before the density is reached is an error, too', async () => {
    const pruned = { ...options, density: 0.5, pruneShare: 1, stopAfter: 2 };
    await expect(tuned(smallModel(), pruned)).rejects.toThrow(error('ABORTED', ''));
  });
});

describe('training that is resumed', () => {
  const dataset = smallData();
  const shared = new Random(1).clustered(96, 8, 0.5);
  const base: TuneOptions = { dataset, epochs: 5, batchSize: 16, learningRate: 0.01 };

  it.each<[string, Partial<TuneOptions>, Float32Array?]>([
    ['with Adam', {}],
    ['with SGD', { optimiser: 'sgd', momentum: 0.8 }],
    ['of shared values', {}, shared],
    ['of float16 values', {}, shared.map((value) => Math.round(value * 64) / 64)],
    ['of shared values that weights may change between', { reassign: true }, shared],
    ['while it prunes', { density: 0.2, pruneShare: 0.8 }],
    ['while it prunes and weights come back', { density: 0.2, pruneShare: 0.8, regrow: 0.5 }],
    ['while it prunes in steps', { density: 0.2, pruneShare: 0.8, schedule: 'steps', optimiser: 'sgd' }],
    ['of a teacher', { teacher: openOnnx(smallModel({ w1: new Random(9).floats(96, 0.5) })), temperature: 2 }],
  ])('gives the bytes of one that was not stopped, %s', async (_, more, w1) => {
    const model = smallModel({ w1 });
    const options = { ...base, ...more };
    const whole = await tuned(model, options);
    for (const stopAfter of [1, 3]) {
      const resumed = await tuned(model, { ...options, resume: whole.checkpoints[stopAfter - 1] });
      expect(resumed.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5].slice(stopAfter));
      expect(resumed.epochs.map(({ ms, ...rest }) => rest)).toEqual(
        whole.epochs.slice(stopAfter).map(({ ms, ...rest }) => rest),
      );
      expect(isSame(bytesAfter(resumed), bytesAfter(whole))).toBe(true);
    }
  });

  it('of LeNet-300-100 as well, with images that change', async () => {
    const options: TuneOptions = {
      ...{ dataset: mnist('train', 200), heldOut: 40, epochs: 2, density: 0.1, pruneShare: 1 },
      augmentation: { shift: 0.1, flip: 0.5 },
    };
    const whole = await tuned(LENET_300, options);
    const resumed = await tuned(LENET_300, { ...options, resume: whole.checkpoints[0] });
    expect(isSame(bytesAfter(resumed), bytesAfter(whole))).toBe(true);
  });

  it('after its last epoch gives its result again', async () => {
    const whole = await tuned(smallModel(), base);
    const resumed = await tuned(smallModel(), { ...base, resume: whole.checkpoints.at(-1) });
    expect([resumed.epochs, isSame(bytesAfter(resumed), bytesAfter(whole))]).toEqual([[], true]);
  });

  it.each<[string, Partial<TuneOptions>, Uint8Array?]>([
    ['another model', {}, smallModel({ w1: half(smallW1()) })],
    ['more data', { dataset: smallData(301) }],
    ['other data', { dataset: shifted(dataset) }],
    ['another teacher', { teacher: openOnnx(smallModel()), loss: 'distillation' }],
    ['another number of epochs', { epochs: 6 }],
    ['another density', { density: 0.6 }],
    ['other rules', { rules: [{ match: 'w2', options: { density: 0.3 } }] }],
    ['other tensors', { exclude: ['w2'] }],
    ['other samples held out', { heldOut: 31 }],
    ['another optimiser', { optimiser: 'sgd' }],
  ])('has to be of %s no more than of other bytes', async (_, more, model = smallModel()) => {
    const options: TuneOptions = { ...base, epochs: 2, density: 0.5, loss: 'cross-entropy' };
    const { checkpoints } = await tuned(smallModel(), { ...options, stopAfter: 2 });
    const resumed = tuned(model, { ...options, ...more, resume: checkpoints[0] });
    await expect(resumed).rejects.toThrow(error('CONFIG', 'of another model, other data or other options'));
  });

  it('takes nothing else for a checkpoint', async () => {
    const { checkpoints } = await tuned(smallModel(), { ...base, epochs: 1 });
    for (const [resume, message] of [
      [smallModel(), 'not one of fxq-compress tune'],
      [checkpoints[0].subarray(0, -1), 'the file is not whole'],
    ] as const) {
      await expect(tuned(smallModel(), { ...base, epochs: 1, resume })).rejects.toThrow(error('CONFIG', message));
    }
  });
});

describe('the loss', () => {
  const short = { epochs: 1, batchSize: 32 };
  const labelled = smallData(120);
  const bare = smallData(120, false);
  const teacher = openOnnx(smallModel());

  it.each<[string, string, Partial<TuneOptions> & Pick<TuneOptions, 'dataset'>, Uint8Array?]>([
    ['cross-entropy', 'labels', { dataset: labelled }],
    ['distillation', 'a teacher beside labels', { dataset: labelled, teacher }],
    ['distillation', 'a teacher without labels', { dataset: bare, teacher }],
    ['distillation', 'the model itself without labels', { dataset: bare }],
    ['distillation', 'a Softmax', { dataset: bare }, smallModel({ end: node('Softmax', ['logits'], ['Y']) })],
    ['cross-entropy', 'labels if told so', { dataset: labelled, teacher, loss: 'cross-entropy' }],
    ['mean-squared-error', 'a teacher if told so', { dataset: labelled, teacher, loss: 'mean-squared-error' }],
    [
      'mean-squared-error',
      'a model that computes one number',
      { dataset: bare },
      smallModel({ end: node('ReduceMean', ['logits'], ['Y'], [attrInts('axes', [1])]) }),
    ],
    [
      'mean-squared-error',
      'a model of another shape',
      { dataset: bare },
      smallModel({ end: node('Unsqueeze', ['logits'], ['Y'], [attrInts('axes', [1])]) }, 11),
    ],
  ])('is %s with %s', async (loss, _, options, model = smallModel()) => {
    const result = await tuned(model, { ...short, ...options });
    expect(lossOf(result)).toBe(loss);
    const [{ accuracy }] = result.epochs;
    if (loss === 'mean-squared-error') expect(accuracy).toBeNull();
    else expect(accuracy).toBeGreaterThan(0);
  });

  it('from itself is almost nothing at first', async () => {
    const { epochs } = await tuned(smallModel(), { ...short, dataset: bare, learningRate: 1e-6, weightDecay: 0 });
    expect([epochs[0].accuracy, epochs[0].loss, epochs[0].heldOutLoss]).toEqual([
      1,
      expect.closeTo(0, 6),
      expect.closeTo(0, 6),
    ]);
  });

  it('by labels needs them', async () => {
    const running = tuned(smallModel(), { ...short, dataset: bare, loss: 'cross-entropy' });
    await expect(running).rejects.toThrow(error('DATASET', 'expected labels, got none'));
  });

  it('by labels needs classes of the model', async () => {
    const { inputs } = await first(labelled);
    const dataset = arrayDataset({ inputs, labels: Array.from({ length: inputs.x.dims[0] }, () => 4) });
    await expect(tuned(smallModel(), { ...short, dataset })).rejects.toThrow(
      error('DATASET', 'expected whole numbers from 0 to 3 as labels of a model with 4 classes, got 4'),
    );
  });

  it('that is no number any more is an error', async () => {
    const options: TuneOptions = { dataset: labelled, optimiser: 'sgd', learningRate: 1e30, epochs: 3 };
    await expect(tuned(smallModel(), options)).rejects.toThrow(error('RUNTIME', 'give a smaller learning rate'));
    const once: TuneOptions = { ...options, epochs: 1, batchSize: 1000 };
    await expect(tuned(smallModel(), once)).rejects.toThrow(error('RUNTIME', 'in epoch 1; give a smaller'));
  });
});

describe('a density', () => {
  it('is not for what shares values already', async () => {
    const model = smallModel({ w1: new Random(1).clustered(96, 8) });
    const result = await tuned(model, { dataset: smallData(100), epochs: 1, density: 0.25 });
    expect(result.notes).toEqual(['w1: not pruned, its weights share values already; prune before clustering']);
    expect([weightsOf(result.model, 'w1'), weightsOf(result.model, 'w2')].map(nonZeros)).toEqual([96, 16]);
    expect(result.epochs[0].density, 'of the layers that are pruned').toBe(0.25);
  });

  it.each([0, 1])('can be reached in a share of %d of the time', async (pruneShare) => {
    const options = { dataset: smallData(100), epochs: 2, density: 0.25, pruneShare };
    const { model, epochs } = await tuned(smallModel(), options);
    expect([weightsOf(model, 'w1'), weightsOf(model, 'w2')].map(nonZeros)).toEqual([24, 16]);
    expect(epochs[0].density === 0.25).toBe(pruneShare === 0);
    expect(nonZeros(weightsOf(model, 'b1')), 'a bias').toBe(16);
  });

  it('leaves weights that are trained on', async () => {
    const [before, after] = [
      openOnnx(smallModel()),
      (await tuned(smallModel(), { dataset: smallData(), epochs: 4, density: 0.4, pruneShare: 0.5 })).model,
    ].map(valuesOf);
    for (const name of ['w1', 'w2']) {
      for (const [i, value] of after[name].entries()) {
        if (value !== 0) expect(Math.abs(value - before[name][i]), `${name} at ${i}`).toBeGreaterThan(1e-5);
      }
    }
  });
});

describe('what is trained', () => {
  const options = { dataset: smallData(100), epochs: 1 };
  const changed = (before: Uint8Array | Model, { model }: Tuned) => {
    const values = valuesOf(before instanceof Uint8Array ? openOnnx(before) : before);
    const after = valuesOf(model);
    return Object.keys(values).filter((name) => after[name].some((value, i) => value !== values[name][i]));
  };

  it('is chosen', async () => {
    expect(changed(smallModel(), await tuned(smallModel(), options))).toEqual(['w1', 'b1', 'w2']);
    expect(changed(smallModel(), await tuned(smallModel(), { ...options, include: ['op:MatMul'] }))).toEqual(['w2']);
    expect(changed(smallModel(), await tuned(smallModel(), { ...options, exclude: ['w*'] }))).toEqual(['b1']);
  });

  it('has to be something', async () => {
    await expect(tuned(smallModel(), { ...options, exclude: ['*'] })).rejects.toThrow(
      error('CONFIG', 'no selected tensor of the model is one that the loss depends on'),
    );
    await expect(tuned(smallModel(), { ...options, include: ['nothing'] })).rejects.toThrow(error('CONFIG', 'tune: '));
  });

  it('stops at an operator without a rule, which is named with what it cuts off and what is left', async () => {
    const model = smallModel({ between: node('Sin', ['a'], ['b'], [], { name: 'wave' }) });
    const message = /Sin node 'wave': no gradient rule.*it cuts off (w1, b1|b1, w1); what can be tuned is w2$/;
    await expect(tuned(model, options)).rejects.toThrow(error('UNSUPPORTED', message));
    expect(changed(model, await tuned(model, { ...options, exclude: ['w1', 'b1'] }))).toEqual(['w2']);
  });

  it('may stand behind an LRN', async () => {
    const shape = convolutions();
    const dataset = imageData(60);
    await expect(tuned(shape, { dataset, epochs: 1 })).rejects.toThrow(
      error('UNSUPPORTED', /LRN node 'norm'.*it cuts off c1; what can be tuned is c2, w$/),
    );
    expect(changed(shape, await tuned(shape, { dataset, epochs: 1, exclude: ['c1'] }))).toEqual(['c2', 'w']);
  });

  it('is a normalisation’s scale and bias, but not its statistics', async () => {
    const [w1, b1, w2] = SMALL_TENSORS();
    const statistics = [
      ...[floats('scale', [16]), floats('shift', [16]), floats('mean', [16])],
      floats(
        'variance',
        [16],
        new Float32Array(16).map((_, i) => 1 + i / 16),
      ),
    ];
    const nodes = [
      node('Gemm', ['X', 'w1', 'b1'], ['a']),
      node('BatchNormalization', ['a', 'scale', 'shift', 'mean', 'variance'], ['n']),
      node('Relu', ['n'], ['r']),
      node('MatMul', ['r', 'w2'], ['Y']),
    ];
    const initializers = [w1, b1, w2, ...statistics].map(({ proto }) => proto);
    const model = modelProto({ graph: { nodes, initializers, ...io(['N', 6]) } });
    expect(changed(model, await tuned(model, options))).toEqual(['w1', 'b1', 'w2', 'scale', 'shift']);
  });

  it('may stand in Constant nodes', async () => {
    const [w1, b1, w2] = SMALL_TENSORS();
    const nodes = [
      constantOf(w1),
      constantOf(b1),
      constantOf(w2),
      node('Gemm', ['X', 'w1', 'b1'], ['a']),
      node('Relu', ['a'], ['r']),
      node('MatMul', ['r', 'w2'], ['Y']),
    ];
    const model = modelProto({ graph: { nodes, ...io(['N', 6]) } });
    const result = await tuned(model, options);
    expect(changed(model, result)).toEqual(['w1', 'b1', 'w2']);
    expect(valuesOf(result.model)).toEqual(valuesOf((await tuned(smallModel(), options)).model));
  });

  it('may stand in external data', async () => {
    const [w1, b1, w2] = SMALL_TENSORS();
    const outside = [externalFloats('w1', w1.dims, 'w.bin', w1.payload), b1, w2];
    const nodes = [
      node('Gemm', ['X', 'w1', 'b1'], ['a']),
      node('Relu', ['a'], ['r']),
      node('MatMul', ['r', 'w2'], ['Y']),
    ];
    const initializers = outside.map(({ proto }) => proto);
    const bytes = modelProto({ graph: { nodes, initializers, ...io(['N', 6]) } });
    const model = openOnnx(bytes, { external: memoryFiles({ 'w.bin': w1.payload }) });
    const result = await tuned(model, options);
    expect(valuesOf(result.model)).toEqual(valuesOf((await tuned(smallModel(), options)).model));
    expect(written(result.model)[1]).toEqual(bytesOf(weightsOf(result.model, 'w1')));
  });
});

describe('a model of a fixed batch size', () => {
  const dataset = smallData(100);
  const options: TuneOptions = { dataset, epochs: 2, batchSize: 20, heldOut: 20, learningRate: 0.01, optimiser: 'sgd' };

  it.each([1, 5, 20])('of %d gets steps of several runs, as long as those of a free one', async (batch) => {
    const [fixed, free] = [await tuned(smallModel({ batch }), options), await tuned(smallModel(), options)];
    const [one, other] = [fixed, free].map(({ model }) => valuesOf(model));
    for (const [name, values] of Object.entries(one)) {
      for (const [i, value] of values.entries()) expect(Math.abs(value - other[name][i]), name).toBeLessThan(1e-5);
    }
    expect(fixed.epochs[1].loss).toBeCloseTo(free.epochs[1].loss, 5);
    expect(fixed.epochs[1].accuracy).toBeCloseTo(free.epochs[1].accuracy!, 10);
  });

  it('learns from itself as well', async () => {
    const result = await tuned(smallModel({ batch: 8 }), { ...options, dataset: smallData(100, false) });
    expect(lossOf(result)).toBe('distillation');
  });

  it('is told of steps that are smaller', async () => {
    await expect(tuned(smallModel({ batch: 32 }), options)).rejects.toThrow(
      error('CONFIG', 'expected steps of at least 32 samples, as the model takes them, got 20'),
    );
  });
});

describe('the data', () => {
  it('has to hold more than is held out', async () => {
    await expect(tuned(smallModel(), { dataset: smallData(10), heldOut: 10 })).rejects.toThrow(
      error('DATASET', 'expected more samples than the 10 to be held out, got 10'),
    );
    await expect(tuned(smallModel(), { dataset: smallData(1) })).rejects.toThrow(error('DATASET', 'got 1'));
  });

  it('may be as little as two samples', async () => {
    expect((await tuned(smallModel(), { dataset: smallData(2), epochs: 1 })).epochs).toHaveLength(1);
  });

  it('is used up to a limit', async () => {
    const base = { epochs: 1, samples: 50 };
    const [limited, short] = [
      await tuned(smallModel(), { ...base, dataset: smallData(100) }),
      await tuned(smallModel(), { ...base, dataset: await firstOf(smallData(100), 50) }),
    ].map(bytesAfter);
    expect(isSame(limited, short)).toBe(true);
  });

  it('has to fit the model', async () => {
    const dataset = arrayDataset({ inputs: { x: { data: new Float32Array(30), dims: [10, 3] } } });
    await expect(tuned(smallModel(), { dataset, epochs: 1 })).rejects.toThrow(error('DATASET', 'expected shape'));
  });
});

describe('options', () => {
  it.each<[Partial<Record<keyof TuneOptions, unknown>>, string]>([
    [{ epochs: 0 }, 'tune: expected a whole number of epochs of at least 1, got 0'],
    [{ batchSize: 1.5 }, 'tune: expected a whole number of batchSize of at least 1'],
    [{ samples: 0 }, 'tune: expected a whole number of samples of at least 1'],
    [{ heldOut: 0 }, 'tune: expected a whole number of heldOut of at least 1'],
    [{ threads: -1 }, 'tune: expected a whole number of threads of at least 1'],
    [{ pruneSteps: 0 }, 'tune: expected a whole number of pruneSteps of at least 1'],
    [{ learningRate: -1 }, 'tune: expected a learningRate of at least 0, got -1'],
    [{ learningRate: Number.POSITIVE_INFINITY }, 'learningRate'],
    [{ momentum: 1.1 }, 'tune: expected a momentum from 0 to 1, got 1.1'],
    [{ weightDecay: -1 }, 'weightDecay'],
    [{ clip: -1 }, 'clip'],
    [{ temperature: 0 }, 'tune: expected a temperature above 0, got 0'],
    [{ temperature: Number.NaN }, 'temperature'],
    [{ density: 1.5 }, 'tune: expected a density from 0 to 1, got 1.5'],
    [{ pruneShare: -0.1 }, 'pruneShare'],
    [{ seed: 0.5 }, 'tune: expected a whole number of seed'],
    [{ seed: -1 }, 'seed'],
    [{ loss: 'hinge' }, 'tune: expected loss cross-entropy, distillation or mean-squared-error, got hinge'],
    [{ optimiser: 'lion' }, 'tune: expected optimiser sgd or adam, got lion'],
    [{ schedule: 'linear' }, 'tune: expected schedule cubic or steps, got linear'],
    [{ scope: 'model' }, 'tune: expected scope layer or global, got model'],
    [{ augmentation: { flip: 2 } }, 'tune: expected a flip from 0 to 1, got 2'],
    [{ rules: [{ match: 'w1', options: { density: 2 } }] }, 'tune: expected a density from 0 to 1, got 2'],
    [
      { scope: 'global', rules: [{ match: 'w1', options: { density: 0.2 } }] },
      'rules of single layers need scope layer',
    ],
  ])('%j is out of range', (options, message) => {
    const make = () => tune({ dataset: smallData(2), ...options } as TuneOptions);
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });

  it('need a data set', () => {
    expect(() => tune({} as TuneOptions)).toThrow(new TypeError('tune: expected a dataset, got undefined'));
  });

  it('name an output that there is', async () => {
    await expect(tuned(smallModel(), { dataset: smallData(20), output: 'Z' })).rejects.toThrow(error('CONFIG', '^Z: '));
    const result = await tuned(smallModel(), { dataset: smallData(20), output: 'logits', epochs: 1 });
    expect(result.epochs).toHaveLength(1);
  });

  it('take a runtime of one’s own', async () => {
    const runtime = await loadRuntime();
    let sessions = 0;
    const { InferenceSession, Tensor } = runtime;
    const create = (...args: Parameters<typeof InferenceSession.create>) => {
      sessions++;
      return InferenceSession.create(...args);
    };
    const own = { Tensor, InferenceSession: { create } } as typeof runtime;
    await tuned(smallModel(), { dataset: smallData(20), epochs: 1, runtime: own });
    // That of gradients, that of answers, and that of the model as it came.
    expect(sessions).toBe(3);
  });
});

function smallW1(): Float32Array {
  return new Random(1).floats(96, 0.5);
}

async function first(dataset: Dataset) {
  for await (const batch of dataset({ batchSize: 1000 })) return batch;
  throw new Error('no batch');
}

async function firstOf(dataset: Dataset, count: number): Promise<Dataset> {
  for await (const batch of dataset({ batchSize: count })) return arrayDataset(batch);
  throw new Error('no batch');
}

function shifted(dataset: Dataset): Dataset {
  return async function* (options) {
    for await (const { inputs, labels } of dataset(options)) {
      const { data, dims } = inputs.x;
      yield { inputs: { x: { data: (data as Float32Array).map((value) => value + 1), dims } }, labels };
    }
  };
}

/** Conv → LRN → Conv → flat → MatMul. */
function convolutions(): Uint8Array {
  const tensors = [floats('c1', [4, 1, 3, 3]), floats('c2', [2, 4, 3, 3]), floats('w', [32, 3])];
  const nodes = [
    node('Conv', ['X', 'c1'], ['a']),
    node('LRN', ['a'], ['b'], [attrInt('size', 3), attrFloat('alpha', 0.1)], { name: 'norm' }),
    node('Conv', ['b', 'c2'], ['c']),
    node('Flatten', ['c'], ['flat']),
    node('MatMul', ['flat', 'w'], ['Y']),
  ];
  return modelProto({ graph: { nodes, initializers: tensors.map(({ proto }) => proto), ...io(['N', 1, 8, 8]) } });
}

function imageData(count: number): Dataset {
  const data = new Random(3).floats(count * 64, 1);
  return arrayDataset({
    inputs: { x: { data, dims: [count, 1, 8, 8] } },
    labels: Array.from({ length: count }, (_, i) => i % 3),
  });
}
