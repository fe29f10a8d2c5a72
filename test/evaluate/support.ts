import onnxProto from 'onnx-proto';
import type { Batch, Dataset } from '../../src/data/dataset.js';
import type { DatasetReader } from '../../src/data/reader.js';

const { onnx } = onnxProto;

/** ONNX element types by wire value, those the models here use. */
export const FLOAT = 1;
export const UINT8 = 2;
export const INT64 = 7;
export const FLOAT16 = 10;

interface ModelOptions {
  /** Batch dimension: a number is fixed, a string dynamic. */
  batch?: number | string;
  sample?: (number | string)[];
  classes?: number;
  /** Of the input; cast to float inside the model. */
  type?: number;
  /** Lists the weights among the inputs, as exporters did before IR version 4. */
  oldStyle?: boolean;
  /** Added to every weight. */
  shift?: number;
  inputName?: string;
}

/**
 * Cast → Flatten → MatMul. The weight of input i for class c is 1 where `i % classes == c`, so the class of a sample is
 * where it is largest: expected results can be read off the inputs.
 */
export function linearModel(options: ModelOptions = {}): Uint8Array {
  const {
    batch = 'N',
    sample = [4],
    classes = 4,
    type = FLOAT,
    oldStyle = false,
    shift = 0,
    inputName = 'x',
  } = options;
  const features = sample.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const weights = Array.from({ length: features * classes }, (_, i) => {
    const right = Math.floor(i / classes) % classes === i % classes;
    return (right ? 1 : 0) + shift;
  });
  return makeModel({
    irVersion: oldStyle ? 3 : 8,
    inputs: [
      valueInfo(inputName, type, [batch, ...sample]),
      ...(oldStyle ? [valueInfo('w', FLOAT, [features, classes])] : []),
    ],
    outputs: [valueInfo('scores', FLOAT, [batch, classes])],
    initializers: [{ name: 'w', dataType: FLOAT, dims: [features, classes], floatData: weights }],
    nodes: [
      { opType: 'Cast', input: [inputName], output: ['f'], attribute: [{ name: 'to', type: 2, i: FLOAT }] },
      { opType: 'Flatten', input: ['f'], output: ['flat'], attribute: [{ name: 'axis', type: 2, i: 1 }] },
      { opType: 'MatMul', input: ['flat', 'w'], output: ['scores'] },
    ],
  });
}

/** A recurrent shape of model: `out = x + sum of state over its layers`, `next = state`, and a scalar that is ignored. */
export function statefulModel(): Uint8Array {
  return makeModel({
    irVersion: 8,
    inputs: [valueInfo('x', FLOAT, ['N', 3]), valueInfo('state', FLOAT, [2, 'N', 3]), valueInfo('rate', INT64, [])],
    outputs: [valueInfo('out', FLOAT, ['N', 3]), valueInfo('next', FLOAT, [2, 'N', 3]), valueInfo('r', INT64, [])],
    initializers: [{ name: 'zero', dataType: INT64, dims: [1], int64Data: [0] }],
    nodes: [
      {
        opType: 'ReduceSum',
        input: ['state', 'zero'],
        output: ['sum'],
        attribute: [{ name: 'keepdims', type: 2, i: 0 }],
      },
      { opType: 'Add', input: ['x', 'sum'], output: ['out'] },
      { opType: 'Identity', input: ['state'], output: ['next'] },
      { opType: 'Identity', input: ['rate'], output: ['r'] },
    ],
  });
}

interface Graph {
  irVersion: number;
  inputs: object[];
  outputs: object[];
  initializers: object[];
  nodes: object[];
}

function makeModel({ irVersion, inputs, outputs, initializers, nodes }: Graph): Uint8Array {
  const model = onnx.ModelProto.fromObject({
    irVersion,
    opsetImport: [{ domain: '', version: 13 }],
    graph: { name: 'g', input: inputs, output: outputs, initializer: initializers, node: nodes },
  });
  return onnx.ModelProto.encode(model).finish();
}

function valueInfo(name: string, elemType: number, dims: (number | string)[]): object {
  const dim = dims.map((value) => (typeof value === 'number' ? { dimValue: value } : { dimParam: value }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** A `.npy` file by hand, as the format's description (NEP 1) has it. */
export function npyBytes(descr: string, shape: number[], payload: ArrayBufferView, change: NpyChange = {}): Uint8Array {
  const {
    fortran = 'False',
    version = 1,
    shapeText = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`,
  } = change;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shapeText}, }`.padEnd(101, ' ');
  const text = new TextEncoder().encode(`${header}\n`);
  const start = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(start + text.length + payload.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, start);
  bytes.set(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength), start + text.length);
  return bytes;
}

interface NpyChange {
  fortran?: string;
  version?: number;
  shapeText?: string;
}

/** An IDX file of unsigned bytes. */
export function idxBytes(dims: number[], values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + values.length);
  bytes.set([0, 0, 8, dims.length]);
  const view = new DataView(bytes.buffer);
  for (const [axis, dim] of dims.entries()) view.setUint32(4 + 4 * axis, dim);
  bytes.set(values, 4 + 4 * dims.length);
  return bytes;
}

/** A reader over files in memory; folders are the parts of their paths. */
export function memoryReader(files: Record<string, Uint8Array>, modules: Record<string, unknown> = {}): DatasetReader {
  const paths = [...Object.keys(files), ...Object.keys(modules)];
  const inside = (folder: string) => paths.filter((path) => path.startsWith(`${folder.replace(/\/$/, '')}/`));
  return {
    readFile: async (path) => files[path],
    exists: async (path) => paths.includes(path) || inside(path).length > 0,
    list: async (path) => {
      const names = inside(path).map((name) => name.slice(path.replace(/\/$/, '').length + 1).split('/')[0]);
      return names.length > 0 ? [...new Set(names)] : undefined;
    },
    importModule: async (path) => modules[path],
  };
}

export async function collect(batches: ReturnType<Dataset>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

/** Rows of 4 numbers of which the one at `label` is the largest, and the labels. */
export function easySamples(count: number): { data: Float32Array; labels: number[] } {
  const labels = Array.from({ length: count }, (_, i) => (i * 3) % 4);
  const data = Float32Array.from({ length: count * 4 }, (_, i) =>
    i % 4 === labels[Math.floor(i / 4)] ? 1 : 0.01 * (i % 7),
  );
  return { data, labels };
}
