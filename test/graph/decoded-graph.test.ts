import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { bytesOf, graphOf } from '../../src/graph/decoded-graph.js';
import { openModel } from '../../src/graph/open-model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { modelOf, node, stored } from '../calibrate/support.js';
import { bytesField, concat, textField, varintField } from '../support/protobuf.js';

const bytes = modelOf({
  nodes: [
    node('Constant', [], ['w'], { value: stored('w', [4, 3]) }),
    node('Conv', ['x', 'k'], ['c'], { auto_pad: 'SAME_UPPER' }),
    node('Flatten', ['c'], ['f']),
    node('MatMul', ['f', 'w'], ['y']),
  ],
  tensors: [stored('k', [1, 1, 3, 3])],
  inputs: { x: [2, 1, 2, 2] },
});

it('keeps no copy of what is in memory already', () => {
  const model = openOnnx(bytes);
  const { records } = graphOf(model);
  expect(new Set(records.values())).toEqual(new Set(model.tensors));
  for (const { rawData } of records.keys()) expect(rawData?.buffer).toBe(bytes.buffer);
});

it('takes payloads as the stages before have left them', () => {
  const model = openOnnx(bytes);
  const tensors = model.tensors.map((tensor) => ({
    ...tensor,
    payload: { read: () => new Uint8Array(tensor.length).fill(1) },
  }));
  const { records } = graphOf({ ...model, tensors });
  for (const [{ rawData }, { length }] of records) expect(rawData).toEqual(new Uint8Array(length).fill(1));
});

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
const INT64 = TensorProto.DataType.INT64;

/** Payloads of every form: raw, packed elements and varints, both packed and one field an element, strings, lists. */
const forms = ModelProto.encode({
  irVersion: 8,
  opsetImport: [{ version: 17 }],
  graph: {
    input: [{ name: 'x' }],
    output: [{ name: 'y' }],
    initializer: [
      { name: 'raw', dataType: 1, dims: [2], rawData: new Uint8Array(Float32Array.of(1, 2).buffer) },
      { name: 'fixed', dataType: 1, dims: [2], floatData: [3, 4] },
      { name: 'varint', dataType: INT64, dims: [2], int64Data: [5, -6] },
      { name: 'text', dataType: 8, dims: [1], stringData: [new TextEncoder().encode('seven')] },
      { name: 'empty', dataType: 1, dims: [0], rawData: new Uint8Array() },
    ],
    node: [
      {
        opType: 'Sum',
        input: ['x', 'raw', 'fixed', 'varint', 'text', 'empty'],
        output: ['y'],
        attribute: [
          { name: 'list', type: AttributeProto.AttributeType.INTS, ints: [8, -9] },
          { name: 'floats', type: AttributeProto.AttributeType.FLOATS, floats: [0.5, 0.25] },
        ],
      },
    ],
  },
}).finish();

describe('every form of payload', () => {
  it('is back in its place, in a model that means the same', () => {
    const { initializer, node: nodes } = ModelProto.decode(bytesOf(graphOf(openOnnx(forms)))).graph!;
    const [raw, fixed, varint, text, empty] = initializer!;
    const floats = ({ rawData }: typeof raw) => [...new Float32Array(Uint8Array.from(rawData!).buffer)];
    expect(floats(raw)).toEqual([1, 2]);
    expect(floats(fixed)).toEqual([3, 4]);
    expect(varint.int64Data!.map(Number)).toEqual([5, -6]);
    expect(new TextDecoder().decode(text.stringData![0])).toBe('seven');
    expect(empty.dims!.map(Number)).toEqual([0]);
    expect(nodes![0].attribute![0].ints!.map(Number)).toEqual([8, -9]);
    expect(nodes![0].attribute![1].floats).toEqual([0.5, 0.25]);
  });

  it('is what stages have made of it, packed elements included', () => {
    const model = openOnnx(forms);
    const tensors = model.tensors.map((tensor) =>
      tensor.name === 'fixed'
        ? { ...tensor, payload: { read: () => new Uint8Array(Float32Array.of(30, 40).buffer) } }
        : tensor,
    );
    const { initializer } = ModelProto.decode(bytesOf(graphOf({ ...model, tensors }))).graph!;
    expect([...new Float32Array(Uint8Array.from(initializer![1].rawData!).buffer)]).toEqual([30, 40]);
  });

  it('is left out of what is kept with the model, one field an element as well', () => {
    const { initializer, ...graph } = ModelProto.decode(forms).graph!;
    const count = 1000;
    // What other writers do: a tag before every element.
    const loose = concat(varintField(1, count), varintField(2, 7), ...range(count).map((i) => varintField(7, i)));
    const list = concat(textField(1, 'long'), varintField(20, 7), ...range(count).map((i) => varintField(8, i)));
    const node = concat(textField(1, 'raw'), textField(2, 'y'), textField(4, 'Sum'), bytesField(5, list));
    const model = concat(
      bytesField(7, concat(bytesField(1, node), bytesField(5, concat(loose, textField(8, 'raw'))))),
      bytesField(7, onnxProto.onnx.GraphProto.encode({ output: graph.output! }).finish()),
    );
    const opened = openOnnx(new Uint8Array(model));
    expect(ModelProto.encode(opened.structure.proto).finish().length).toBeLessThan(100);
    const written = ModelProto.decode(bytesOf(graphOf(opened))).graph!;
    expect(written.initializer![0].int64Data!.map(Number)).toEqual(range(count));
    expect(written.node![0].attribute![0].ints!.map(Number)).toEqual(range(count));
  });
});

it('edits a copy: what is kept with the model stays as it was', () => {
  const { structure, ...model } = openOnnx(bytes);
  const before = ModelProto.encode(structure.proto).finish();
  const graph = graphOf({ ...model, structure });
  bytesOf(graph);
  openModel(graph.open);
  for (const each of graph.open.builder.graph.node!) each.input!.push('more');
  for (const each of graph.open.builder.graph.initializer!) each.name = 'other';
  graph.open.builder.emit('Relu', ['y']);
  expect(ModelProto.encode(structure.proto).finish()).toEqual(before);
  expect(graphOf({ ...model, structure }).stored.has('k')).toBe(true);
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
