/** Tensors whose payloads stand in files beside the model. */
import { attrTensor, DATA_TYPE, externalData, node, tensorProto, valueInfo } from '../onnx-builder.js';
import { bytesOf, concat } from '../protobuf.js';
import { Random } from '../random.js';
import { constantOf, expected, externalFloats, floats, type TestTensor, weight } from '../tensors.js';
import { type GeneratedModel, generated, io } from './model.js';

const random = (seed: number, count: number) => bytesOf(new Random(seed).floats(count));
const at = (offset: number, length?: number) => ({
  offset: String(offset),
  ...(length === undefined ? {} : { length: String(length) }),
});

/** X [batch, 4] through one MatMul a tensor, each of dims [4, 4]. */
function layers(
  name: string,
  tensors: TestTensor[],
  external: Record<string, Uint8Array>,
  demands: Parameters<typeof weight>[2][] = [],
): GeneratedModel {
  const nodes = tensors.map((tensor, i) =>
    node('MatMul', [i === 0 ? 'X' : `h${i}`, tensor.name], [i === tensors.length - 1 ? 'Y' : `h${i + 1}`]),
  );
  const graph = { nodes, initializers: tensors.map((tensor) => tensor.proto), ...io(['batch', 4]) };
  return generated(
    name,
    { graph },
    tensors.map((tensor, i) => weight(tensor, 'MatMul', demands[i])),
    { external },
  );
}

export function externalModels(): GeneratedModel[] {
  const a = random(11, 16);
  const b = random(12, 16);
  const c = random(13, 16);
  const tensor = (name: string, location: string, payload: Uint8Array, entries = {}) =>
    externalFloats(name, [4, 4], location, payload, entries);
  const gap = new Random(14).bytes(100);
  const aligned = concat(a, new Uint8Array(4096 - 64), b, gap, c, gap);
  const file = concat(gap.subarray(0, 4), a, gap);
  return [
    layers('external: one tensor', [tensor('A', 'model.data', a, at(4, 64))], { 'model.data': file }),
    layers('external: offset without length', [tensor('A', 'model.data', a, at(4))], { 'model.data': file }),
    layers('external: whole file', [tensor('A', 'A', a)], { A: a }),
    layers(
      'external: several tensors with gaps',
      [tensor('A', 'w', a, at(0, 64)), tensor('B', 'w', b, at(4096, 64)), tensor('C', 'w', c, at(4260, 64))],
      { w: aligned },
    ),
    layers(
      'external: tensors against the order of the file',
      [tensor('C', 'w', c, at(4260, 64)), tensor('A', 'w', a, at(0, 64)), tensor('B', 'w', b, at(4096, 64))],
      { w: aligned },
    ),
    layers('external: several files', [tensor('B', 'b.bin', b), tensor('A', 'a.bin', a), tensor('C', 'c.bin', c)], {
      'a.bin': a,
      'b.bin': b,
      'c.bin': c,
    }),
    layers('external: folder', [tensor('A', 'weights/a.bin', a, { ...at(0, 64), checksum: 'da39a3ee' })], {
      'weights/a.bin': a,
    }),
    mixed(a),
    inConstants(a, b),
    ...shared(a, b),
  ];
}

/** One weight outside, one inside; raw float16 outside. */
function mixed(a: Uint8Array): GeneratedModel {
  const outside = externalFloats('A', [4, 4], 'model.data', a, at(0, 64));
  const inside = floats('B', [4, 4]);
  const halves = bytesOf(Uint16Array.from({ length: 16 }, (_, i) => 0x3000 + i));
  const content = externalData({ location: 'model.data', ...at(64, 32) });
  const proto = tensorProto({ name: 'H', dataType: DATA_TYPE.float16, dims: [4, 4], content });
  const half: TestTensor = { ...outside, name: 'H', dtype: 'float16', payload: halves, proto };
  const nodes = [
    node('MatMul', ['X', 'A'], ['h']),
    node('MatMul', ['h', 'B'], ['Y']),
    node('MatMul', ['Z', 'H'], ['Q']),
  ];
  const frame = io(['batch', 4]);
  const graph = {
    nodes,
    initializers: [outside.proto, inside.proto, proto],
    inputs: [...frame.inputs, valueInfo('Z', 'float16', ['batch', 4])],
    outputs: [...frame.outputs, valueInfo('Q', 'float16')],
  };
  return generated(
    'external: beside a tensor in the model file',
    { graph },
    [weight(outside, 'MatMul'), weight(inside, 'MatMul'), weight(half, 'MatMul')],
    { external: { 'model.data': concat(a, halves) } },
  );
}

/** Constant nodes, and a foreign operator's attribute. */
function inConstants(a: Uint8Array, b: Uint8Array): GeneratedModel {
  const w = externalFloats('A', [4, 4], 'model.data', a, at(0, 64));
  const table = externalFloats('B', [4, 4], 'model.data', b, at(64, 64));
  const nodes = [
    constantOf(w),
    node('MatMul', ['X', 'A'], ['h']),
    node('TestOp', ['h'], ['Y'], [attrTensor('table', table.proto)], { domain: 'test' }),
  ];
  return generated(
    'external: Constant and attribute',
    { domains: ['test'], graph: { nodes, ...io(['batch', 4]) } },
    [weight(w, 'MatMul'), expected(table, 'other', undefined, { anyName: true })],
    { external: { 'model.data': concat(a, b) }, runnable: false },
  );
}

/** Windows may be shared: a reader lists one once. They may overlap: which of them it lists is its own choice. */
function shared(a: Uint8Array, b: Uint8Array): GeneratedModel[] {
  const both = concat(a, b);
  const model = (name: string, second: number) =>
    layers(
      name,
      [
        externalFloats('A', [4, 4], 'w', both.slice(0, 64), at(0, 64)),
        externalFloats('B', [4, 4], 'w', both.slice(second, second + 64), at(second, 64)),
      ],
      { w: both },
      [{ optional: second !== 0 }, { optional: true }],
    );
  return [model('external: two tensors, one window', 0), model('external: overlapping windows', 32)];
}
