import { describe, expect, it } from 'vitest';
import { decodeFiles, decodeForOrt, decodeTensors, inspect } from '../../src/decode/index.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../support/container.js';
import { type ExternalMatrix, externalChain, MATRIX_BYTES } from '../support/external.js';
import { DATA_TYPE, modelProto, node, rawData, tensorProto, valueInfo } from '../support/onnx-builder.js';
import { bytesField, bytesOf, concat, textField } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { memoryFiles } from '../support/sources.js';
import { decodeBySpecification } from '../support/specification/container.js';

const random = new Random(41);
const matrix = () => bytesOf(random.floats(MATRIX_BYTES / 4));
const floats = (bytes: number) => bytesOf(random.floats(bytes / 4));
const zeros = (bytes: number) => new Uint8Array(bytes);
const text = (bytes: number) => new TextEncoder().encode('as it was '.repeat(bytes / 10 + 1)).slice(0, bytes);
const at = (offset: number): ExternalMatrix => ({ location: 'm.data', offset, length: MATRIX_BYTES });

/** What `m.data` holds, and where its tensors stand. */
const cases: Record<string, { data: Uint8Array; tensors: ExternalMatrix[] }> = {
  'data saved twice': (() => {
    const data = concat(matrix(), matrix());
    return { data: concat(data, data), tensors: [at(0), at(MATRIX_BYTES)] };
  })(),
  'old weights before the tensor': { data: concat(floats(300_000), matrix()), tensors: [at(300_000)] },
  'bytes without order in the middle': {
    data: concat(matrix(), random.bytes(70_001), matrix()),
    tensors: [at(0), at(MATRIX_BYTES + 70_001)],
  },
  'zeros behind it': { data: concat(matrix(), zeros(200_000)), tensors: [at(0)] },
  'zeros of more than a piece': { data: concat(matrix(), zeros(5 << 20)), tensors: [at(0)] },
  'text before and weights behind': {
    data: concat(text(50_000), matrix(), floats((2 << 20) + 12)),
    tensors: [at(50_000)],
  },
  'tensors that overlap': {
    data: concat(matrix(), matrix(), matrix()),
    tensors: [at(0), at(512), at(2 * MATRIX_BYTES)],
  },
  'one tensor of many': { data: floats(100_000), tensors: [at(8_192)] },
};

describe('a stretch that no tensor claims', () => {
  it.each(Object.entries(cases))('%s: comes back', async (_, { data, tensors }) => {
    const model = externalChain(tensors);
    const container = await encode(model, { 'm.data': data });
    const files = await decodeFiles(container, { verify: 'all' });
    expect(files.map(({ name }) => name)).toEqual(['', 'm.data']);
    expect(Buffer.compare(files[0].bytes, model)).toBe(0);
    expect(Buffer.compare(files[1].bytes, data)).toBe(0);
    const again = decodeBySpecification(container);
    expect(Buffer.compare(again[1], data)).toBe(0);
    expect(await encode(model, { 'm.data': data })).toEqual(container);
  });

  it.each(Object.entries(cases))('%s: is in sections, no tensor, and counted', async (_, { data, tensors }) => {
    const container = await encode(externalChain(tensors), { 'm.data': data });
    const { tensors: entries } = await inspect(container);
    const stretches = entries.filter(({ name }) => name === '');
    expect(stretches.length).toBeGreaterThan(0);
    for (const { layout, length } of stretches) {
      expect(layout).not.toBe('inline');
      expect(length).toBeLessThanOrEqual(1 << 20);
    }
    for await (const { name } of decodeTensors(container)) expect(name).not.toBe('');
    const report = await inspectContainer(container);
    expect(report.tensors.map(({ name }) => name)).toEqual(entries.filter(({ name }) => name).map(({ name }) => name));
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(sum(report.tensors.map(({ bytes }) => bytes)) + sum(Object.values(report.overhead))).toBe(container.length);
  });

  it('takes little where it is little: zeros once, however many', async () => {
    const { data, tensors } = cases['zeros of more than a piece'];
    expect((await encode(externalChain(tensors), { 'm.data': data })).length).toBeLessThan(MATRIX_BYTES + 30_000);
  });

  it('that only aligns a tensor stays in the skeleton', async () => {
    const data = concat(matrix(), zeros(4095), matrix());
    const container = await encode(externalChain([at(0), at(MATRIX_BYTES + 4095)]), { 'm.data': data });
    expect((await inspect(container)).tensors.map(({ name }) => name)).toEqual(['w0', 'w1']);
  });
});

describe('a long field of the model file that holds no message', () => {
  const long = (5 << 20) + 17;
  const w = (content: Uint8Array, dataType: number = DATA_TYPE.float32) =>
    tensorProto({ name: 'w', dataType, dims: [32, 32], content });
  const plain = w(rawData(matrix()));
  const io = { inputs: [valueInfo('X', 'float32', [1, 32])], outputs: [valueInfo('Y', 'float32', [1, 32])] };
  const graph = { nodes: [node('MatMul', ['X', 'w'], ['Y'])], initializers: [plain], ...io };
  const noise = random.bytes(long);
  const models: Record<string, Uint8Array> = {
    'a documentation of the model': concat(modelProto({ graph }), bytesField(6, text(long))),
    metadata: concat(modelProto({ graph }), bytesField(14, concat(textField(1, 'k'), bytesField(2, noise)))),
    'a field from the future': concat(bytesField(99, noise), modelProto({ graph })),
    'a string of a tensor': modelProto({
      graph: {
        ...graph,
        initializers: [tensorProto({ name: 's', dataType: 8, dims: [1], content: bytesField(6, noise) }), plain],
      },
    }),
    'a payload in two fields': modelProto({
      graph: {
        ...graph,
        initializers: [
          tensorProto({ name: 'u', dataType: 2, dims: [2 * long], content: concat(rawData(noise), rawData(noise)) }),
          plain,
        ],
      },
    }),
    'the name of a node': modelProto({
      graph: { ...graph, nodes: [...graph.nodes, concat(node('Identity', ['Y'], ['Z']), bytesField(3, text(long)))] },
    }),
  };

  it.each(Object.entries(models))('%s: is in sections', async (_, model) => {
    const container = await encode(model);
    const { tensors } = await inspect(container);
    expect(tensors.filter(({ name }) => name === '').length).toBeGreaterThanOrEqual(5);
    const [{ bytes }] = await decodeFiles(container, { verify: 'all' });
    expect(Buffer.compare(bytes, model)).toBe(0);
    const report = await inspectContainer(container);
    expect(report.tensors.find(({ name }) => name === 'w')?.op).toBe('MatMul');
  });

  it.each(Object.entries(models))('%s: leaves decodeForOrt its way through the graph', async (_, model) => {
    const { model: edited, externalData } = await decodeForOrt(await encode(model));
    expect(externalData.length).toBe(1);
    expect(edited.length).toBeLessThan(model.length - MATRIX_BYTES + 100);
    expect(
      openOnnx(edited, { external: memoryFiles({ [externalData[0].path]: externalData[0].data }) }).tensors.map(
        ({ name }) => name,
      ),
    ).toContain('w');
  });
});
