import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { decode, decodeForOrt, type OrtModel } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode, readBytes } from '../support/container.js';
import { generatedModels } from '../support/models.js';
import {
  attrGraph,
  attrTensor,
  constant,
  DATA_TYPE,
  externalData,
  floatData,
  graphProto,
  modelProto,
  node,
  rawData,
  tensorProto,
  valueInfo,
} from '../support/onnx-builder.js';
import { packageModels } from '../support/packages.js';
import { bytesOf, concat, groupField, varintField } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';

const WIDTH = 64;
const random = new Random(3);

/** A square matrix of few values, as TensorProto. */
function matrix(
  name: string | undefined,
  values = random.clustered(WIDTH * WIDTH, 12),
  content = raw(values),
  rest = {},
) {
  const dims = [WIDTH, WIDTH];
  return tensorProto({ ...(name !== undefined && { name }), dataType: DATA_TYPE.float32, dims, content, ...rest });
}

const raw = (values: Float32Array) => rawData(bytesOf(values));

const io = {
  inputs: [valueInfo('X', 'float32', [1, WIDTH])],
  outputs: [valueInfo('Y', 'float32', [1, WIDTH])],
};

/** X through one MatMul for each of the names. */
function chain(names: readonly string[]): Uint8Array[] {
  return names.map((name, i) =>
    node('MatMul', [i === 0 ? 'X' : `h${i}`, name], [i === names.length - 1 ? 'Y' : `h${i + 1}`]),
  );
}

const withInitializers = (tensors: Record<string, Uint8Array>, rest = {}) =>
  modelProto({ graph: { nodes: chain(Object.keys(tensors)), initializers: Object.values(tensors), ...io }, ...rest });

/** All outputs of a model for inputs that are the same each time, as bytes. */
async function outputs(
  model: Uint8Array,
  externalData: OrtModel['externalData'] = [],
): Promise<Record<string, Buffer>> {
  const session = await ort.InferenceSession.create(model, { externalData, logSeverityLevel: 3 });
  const values = new Random(7);
  const feeds: Record<string, ort.Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor) throw new Error(`${input.name} is no tensor`);
    const dims = input.shape.map((dim, i) => (typeof dim === 'number' ? dim : (FREE[input.name]?.[i] ?? 1)));
    const count = dims.reduce((product, dim) => product * dim, 1);
    const floats = values.floats(count);
    if (input.type === 'int64')
      feeds[input.name] = new ort.Tensor('int64', new BigInt64Array(count).fill(16000n), dims);
    else if (input.type === 'bool') feeds[input.name] = new ort.Tensor('bool', new Uint8Array(count).fill(1), dims);
    else feeds[input.name] = new ort.Tensor('float32', floats, dims);
  }
  const results = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => {
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      return [name, Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)];
    }),
  );
}

/** What a free dimension is, by input. */
const FREE: Record<string, number[]> = {
  x: [1, 3, 64, 64],
  input: [1, 512],
  h: [2, 1, 64],
  c: [2, 1, 64],
  state: [2, 1, 128],
};

/** Expects sessions of both forms to give the same; returns how many bytes of weights are outside of the model. */
async function expectSame(original: Uint8Array): Promise<{ outside: number; result: OrtModel }> {
  const container = await encode(original);
  const result = await decodeForOrt(container, { verify: 'all' });
  expect(await outputs(result.model, result.externalData)).toEqual(await outputs(original));
  const outside = result.externalData.reduce((sum, { data }) => sum + data.length, 0);
  return { outside, result };
}

describe('decodeForOrt', () => {
  const BYTES = 4 * WIDTH * WIDTH;

  it('puts initializers outside of the model, as ONNX has it', async () => {
    const a = random.clustered(WIDTH * WIDTH, 12);
    const original = withInitializers({ A: matrix('A', a), B: matrix('B'), C: matrix('C') });
    const { outside, result } = await expectSame(original);
    expect(outside).toBe(3 * BYTES);
    expect(result.model.length).toBeLessThan(1000);
    const files = Object.fromEntries(result.externalData.map(({ path, data }) => [path, data]));
    const opened = openOnnx(result.model, { external: memoryFiles(files) });
    expect(opened.tensors.map(({ name, dims, dtype }) => [name, dims, dtype])).toEqual(
      ['A', 'B', 'C'].map((name) => [name, [WIDTH, WIDTH], 'float32']),
    );
    expect(Buffer.compare(result.externalData[0].data, bytesOf(a))).toBe(0);
    expect(result.externalData.every(({ data }) => data.byteOffset === 0)).toBe(true);
  });

  it('puts Constants outside', async () => {
    const nodes = [constant('A', attrTensor('value', matrix(undefined))), ...chain(['A'])];
    expect((await expectSame(modelProto({ graph: { nodes, ...io } }))).outside).toBe(BYTES);
  });

  it('puts a payload that repeats outside once', async () => {
    const values = random.clustered(WIDTH * WIDTH, 12);
    const { outside, result } = await expectSame(
      withInitializers({ A: matrix('A', values), B: matrix('B'), C: matrix('C', values) }),
    );
    expect(outside).toBe(2 * BYTES);
    expect(result.externalData.map(({ path }) => path)).toEqual(['fxq/0', 'fxq/1']);
  });

  it('takes payloads in float_data, and a data_location that is there', async () => {
    const values = random.clustered(WIDTH * WIDTH, 12);
    const said = varintField(14, 0);
    const { outside } = await expectSame(
      withInitializers({
        A: matrix('A', values, floatData([...values])),
        B: matrix('B', undefined, undefined, { after: said }),
        C: matrix('C', undefined, undefined, { before: said }),
      }),
    );
    expect(outside).toBe(3 * BYTES);
  });

  it('leaves subgraphs and what they repeat in the model', async () => {
    const values = random.clustered(WIDTH * WIDTH, 12);
    const branch = (name: string, weight: Float32Array) =>
      graphProto({
        name,
        nodes: [node('MatMul', ['h', `w${name}`], [name])],
        initializers: [matrix(`w${name}`, weight)],
        outputs: [valueInfo(name, 'float32', [1, WIDTH])],
      });
    const attributes = [
      attrGraph('then_branch', branch('then', values)),
      attrGraph('else_branch', branch('else', random.clustered(WIDTH * WIDTH, 9))),
    ];
    const original = modelProto({
      graph: {
        nodes: [node('MatMul', ['X', 'A'], ['h']), node('If', ['C'], ['Y'], attributes)],
        initializers: [matrix('A', values)],
        inputs: [...io.inputs, valueInfo('C', 'bool', [])],
        outputs: io.outputs,
      },
    });
    expect((await expectSame(original)).outside).toBe(BYTES);
  });

  it('leaves small tensors, and those of other nodes, in the model', async () => {
    const small = new Random(1).clustered(255, 4);
    const tensor = tensorProto({ name: 's', dataType: DATA_TYPE.float32, dims: [255], content: raw(small) });
    const other = node('Other', [], ['o'], [attrTensor('value', matrix(undefined))], { domain: 'test' });
    const model = modelProto({ graph: { nodes: [other], initializers: [tensor] } });
    const result = await decodeForOrt(await encode(model));
    expect(result.externalData).toEqual([]);
    expect(Buffer.compare(result.model, model)).toBe(0);
  });

  it('gives what is not well-formed back as it was', async () => {
    const good = withInitializers({ A: matrix('A') });
    const group = concat(good, groupField(30, varintField(1, 1)));
    const result = await decodeForOrt(await encode(group));
    expect(result.externalData).toEqual([]);
    expect(Buffer.compare(result.model, group)).toBe(0);
  });

  it('gives external data files by their names beside, and takes a name that is free', async () => {
    const [a, b] = [random.clustered(WIDTH * WIDTH, 12), random.clustered(WIDTH * WIDTH, 12)];
    const content = externalData({ location: 'fxq/1' });
    const outer = tensorProto({ name: 'A', dataType: DATA_TYPE.float32, dims: [WIDTH, WIDTH], content });
    const initializers = [matrix('C'), matrix('B', b), outer];
    const original = modelProto({ graph: { nodes: chain(['A', 'B', 'C']), initializers, ...io } });
    const result = await decodeForOrt(await encode(original, { 'fxq/1': bytesOf(a) }), { verify: 'all' });
    expect(result.externalData.map(({ path }) => path)).toEqual(['fxq/1', 'fxq/0', 'fxq/1-']);
    expect(await outputs(result.model, result.externalData)).toEqual(
      await outputs(original, [{ path: 'fxq/1', data: bytesOf(a) }]),
    );
  });

  it('keeps every tensor of every generated model', async () => {
    for (const { name, bytes, external } of generatedModels()) {
      const { model, externalData } = await decodeForOrt(await encode(bytes, external), { verify: 'all' });
      const files = Object.fromEntries(externalData.map(({ path, data }) => [path, data]));
      // The order is that of the files, and payloads are in other files now.
      const list = (bytes: Uint8Array, files: Record<string, Uint8Array> = {}) =>
        openOnnx(bytes, { external: memoryFiles(files) })
          .tensors.map((tensor) => `${tensor.name} ${tensor.dims} ${tensor.dtype}`)
          .sort();
      expect(list(model, files), name).toEqual(list(bytes, external));
    }
  });

  const bundled = ['lenet-300-100', 'lenet-5'].map((name) =>
    fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url)),
  );
  for (const path of [...bundled, ...packageModels()]) {
    it(`${basename(path)}: outputs as of the original`, async () => {
      const original = readBytes(path);
      const { outside } = await expectSame(original);
      // All of Silero is in branches of an If.
      if (!path.includes('silero')) expect(outside).toBeGreaterThan(0.7 * original.length);
    });
  }

  it('damage is what it is for decode', async () => {
    const container = await encode(withInitializers({ A: matrix('A') }));
    container[container.length - 5] ^= 1;
    await expect(decodeForOrt(container)).rejects.toMatchObject({ code: 'CHECKSUM', tensor: 'A' });
    await expect(decode(container)).rejects.toMatchObject({ code: 'CHECKSUM', tensor: 'A' });
    await expect(decodeForOrt(container.subarray(0, -9))).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED' });
  });
});
