import onnxProto, { type onnx } from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { appendJacobian, type GradientGraph } from '../../src/gradient/gradient-graph.js';
import { floatValue, openModel, writeModel } from '../../src/graph/open-model.js';
import { createRandom, shuffle } from '../../src/random.js';

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
const OPTIONS = {
  intraOpNumThreads: 1,
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
} as const;

export interface Values {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Values in [-1, 1), no two closer than 2 / count and none nearer to zero than half of that: no kink within reach of ε. */
export function distinct(seed: number, dims: readonly number[]): Values {
  const count = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, i) => (2 * i + 1) / count - 1 || 1 / count);
  return { dims, data: shuffle(data, createRandom(seed)) };
}

/** Attributes from plain values: an integer, a list of integers or a string; `{ float }` for a float. */
export type Attributes = Record<string, number | readonly number[] | string | { float: number }>;

export function node(opType: string, input: string[], output: string[], attributes: Attributes = {}): onnx.INodeProto {
  const types = AttributeProto.AttributeType;
  const attribute = Object.entries(attributes).map(([name, value]): onnx.IAttributeProto => {
    if (typeof value === 'number') return { name, type: types.INT, i: value };
    if (typeof value === 'string') return { name, type: types.STRING, s: new TextEncoder().encode(value) };
    if ('float' in value) return { name, type: types.FLOAT, f: value.float };
    return { name, type: types.INTS, ints: [...value] };
  });
  return { opType, name: `${output[0]}_${opType}`, input, output, attribute };
}

export interface ModelParts {
  nodes: onnx.INodeProto[];
  /** Fed float32 values; their first dimension is declared symbolic. */
  inputs: Record<string, Values>;
  stored?: Record<string, Values>;
  /** Stored int64 vectors. */
  integers?: Record<string, readonly number[]>;
  output?: string;
  opset?: number;
}

export function buildModel({
  nodes,
  inputs,
  stored = {},
  integers = {},
  output = 'y',
  opset = 17,
}: ModelParts): Uint8Array {
  const floats = Object.entries(stored).map(([name, { dims, data }]) => {
    return {
      name,
      dims: [...dims],
      dataType: TensorProto.DataType.FLOAT,
      rawData: new Uint8Array(data.slice().buffer),
    };
  });
  const int64 = Object.entries(integers).map(([name, values]) => {
    return { name, dims: [values.length], dataType: TensorProto.DataType.INT64, int64Data: [...values] };
  });
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'test',
      node: nodes,
      input: Object.entries(inputs).map(([name, { dims }]) => floatValue(name, ['N', ...dims.slice(1)])),
      output: [floatValue(output)],
      initializer: [...floats, ...int64],
    },
  }).finish();
}

export function open(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, OPTIONS);
}

export async function run(
  session: ort.InferenceSession,
  feeds: Record<string, Values>,
): Promise<Record<string, Values>> {
  const tensors = Object.entries(feeds).map(([name, { dims, data }]) => [
    name,
    new ort.Tensor('float32', data, [...dims]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: data as Float32Array }]),
  );
}

/**
 * Compares every gradient of a model, with respect to all its float inputs and stored tensors (or `targets`), with central
 * differences. The loss is the product of the output with a random seed, summed in float64.
 */
export async function expectGradients(
  parts: ModelParts,
  { targets, epsilon = 1e-2, tolerance = 2e-3 }: GradientCheck = {},
) {
  const stored = parts.stored ?? {};
  const values = { ...parts.inputs, ...stored };
  const names = targets ?? Object.keys(values);
  const bytes = buildModel(parts);
  // The model with its stored tensors fed instead, so that they can be moved without a new session each time.
  const forward = await open(exposed(bytes, stored));
  const output = parts.output ?? 'y';
  const { dims, data: y } = (await run(forward, values))[output];
  const seed = distinct(99, [y.length]).data;
  const loss = async (feeds: Record<string, Values>) => {
    const { data } = (await run(forward, feeds))[output];
    return data.reduce((sum, value, i) => sum + value * seed[i], 0);
  };

  const graph = jacobianGraph(bytes, { targets: names });
  const session = await open(graph.bytes);
  const fed = Object.fromEntries(Object.entries(values).filter(([name]) => session.inputNames.includes(name)));
  const results = await run(session, { ...fed, [graph.seed]: { dims, data: seed } });

  for (const name of names) {
    const analytic = results[graph.gradients.get(name)!].data;
    const { dims: shape, data } = values[name];
    expect(analytic.length, name).toBe(data.length);
    const scale = Math.max(1, ...analytic.map(Math.abs));
    for (let i = 0; i < data.length; i++) {
      const moved = async (by: number) => {
        const copy = data.slice();
        copy[i] += by;
        return loss({ ...values, [name]: { dims: shape, data: copy } });
      };
      const numeric = ((await moved(epsilon)) - (await moved(-epsilon))) / (2 * epsilon);
      expect(
        Math.abs(analytic[i] - numeric) / scale,
        `d ${name}[${i}]: ${analytic[i]} against ${numeric}`,
      ).toBeLessThan(tolerance);
    }
  }
}

/** A model that multiplies a seed with the Jacobian of its first output. */
export function jacobianGraph(bytes: Uint8Array, { targets }: { targets: readonly string[] }) {
  const model = openModel(bytes);
  const output = model.builder.graph.output![0].name!;
  const { seed, gradients } = appendJacobian(model, { output, targets });
  const outputs = [output, ...gradients.values()].map((name) => floatValue(name));
  return { bytes: writeModel(model, outputs), seed, gradients };
}

export interface GradientCheck {
  targets?: string[];
  epsilon?: number;
  /** Largest allowed difference, relative to the largest gradient of the tensor (or to 1 when all are smaller). */
  tolerance?: number;
}

function exposed(bytes: Uint8Array, stored: Record<string, Values>): Uint8Array {
  const model = ModelProto.decode(bytes);
  const graph = model.graph!;
  graph.initializer = graph.initializer!.filter(({ name }) => !(name! in stored));
  graph.input = [...graph.input!, ...Object.entries(stored).map(([name, { dims }]) => floatValue(name, dims))];
  return ModelProto.encode(model).finish();
}

/**
 * Compares the gradient of every parameter of a loss graph with central differences of its own loss output, in two
 * directions each: that of the gradient itself and a random one.
 */
export async function expectLossGradients(
  session: ort.InferenceSession,
  { parameters, gradients, loss }: GradientGraph,
  feeds: Record<string, Values>,
  { epsilon = 1e-2, tolerance = 2e-3 }: Omit<GradientCheck, 'targets'> = {},
) {
  const results = await run(session, feeds);
  for (const [index, { name, dims }] of parameters.entries()) {
    const gradient = results[gradients.get(name)!];
    expect(gradient.dims, name).toEqual(dims);
    const { data } = feeds[name];
    for (const direction of [gradient.data, distinct(index, dims).data]) {
      const length = norm(direction) || 1;
      const moved = async (by: number) => {
        const values = data.map((value, i) => value + (by * direction[i]) / length);
        return (await run(session, { ...feeds, [name]: { dims, data: values } }))[loss].data[0];
      };
      const numeric = ((await moved(epsilon)) - (await moved(-epsilon))) / (2 * epsilon);
      const analytic = gradient.data.reduce((sum, value, i) => sum + (value * direction[i]) / length, 0);
      const scale = Math.max(1e-1, norm(gradient.data));
      expect(Math.abs(analytic - numeric) / scale, `d ${name}: ${analytic} against ${numeric}`).toBeLessThan(tolerance);
    }
  }
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** The float32 tensors a model stores as initializers. */
export function storedIn(bytes: Uint8Array): Record<string, Values> {
  const { graph } = ModelProto.decode(bytes);
  const floats = graph!.initializer!.filter(({ dataType }) => dataType === TensorProto.DataType.FLOAT);
  return Object.fromEntries(
    floats.map(({ name, dims, rawData, floatData }) => {
      const data = rawData?.length ? new Float32Array(Uint8Array.from(rawData).buffer) : Float32Array.from(floatData!);
      return [name!, { dims: dims!.map(Number), data }];
    }),
  );
}
