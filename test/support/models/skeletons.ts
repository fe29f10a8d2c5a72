/** What stands around the tensors: unknown fields, groups, overlong varints, garbage. */
import { attrTensor, graphProto, modelProto, node, tensorProto } from '../onnx-builder.js';
import {
  bytesField,
  concat,
  fixed32Field,
  fixed64Field,
  groupField,
  tag,
  utf8,
  varint,
  varintField,
  WIRE,
} from '../protobuf.js';
import { Random } from '../random.js';
import { bias, expected, floats, type TestTensor, weight } from '../tensors.js';
import { type GeneratedModel, generated, io, matmul, matmulGraph } from './model.js';

/** One unknown field of every wire type, groups nested and groups that hold all the others. */
function unknowns(first = 200): Uint8Array {
  const scalars = concat(
    varintField(first, 2n ** 64n - 1n),
    fixed32Field(first + 1, 0xdeadbeef),
    fixed64Field(first + 2, 0x0123456789abcdefn),
    bytesField(first + 3, utf8('kept as it is')),
    bytesField(first + 4, new Uint8Array(0)),
  );
  const nested = groupField(first + 5, groupField(first + 6, scalars));
  // The largest field number there is.
  return concat(scalars, nested, groupField(first + 7, new Uint8Array(0)), varintField(2 ** 29 - 1, 1));
}

export function skeletonModels(): GeneratedModel[] {
  const w = floats('W', [6, 4]);
  const wrapped = floats('W', [6, 4], undefined, { before: unknowns(), after: unknowns(300) });
  const metadata = { author: 'nobody', empty: '', 'naïve key': 'ünïcode', json: '{"classes":["cat","dog"]}' };
  return [
    matmul('unknown fields in the model', w, { before: unknowns(), between: unknowns(300), after: unknowns(400) }),
    matmul('unknown fields in the tensor', wrapped),
    generated(
      'unknown fields in graph, node and attribute',
      {
        graph: {
          ...io(['batch', 6]),
          before: unknowns(),
          between: unknowns(300),
          after: unknowns(400),
          nodes: [
            concat(unknowns(), node('Constant', [], ['W'], [concat(unknowns(), attrTensor('value', wrapped.proto))])),
            concat(node('MatMul', ['X', 'W'], ['Y']), unknowns()),
          ],
        },
      },
      [weight(wrapped, 'MatMul')],
    ),
    matmul('metadata_props', w, { metadata }),
    overlong(w),
    overlongInside(),
    garbage(),
    graphInTwoParts(),
  ];
}

/** Tags and lengths of model and graph padded to the five bytes that readers of protobuf allow them, numbers to ten. */
function overlong(w: TestTensor): GeneratedModel {
  const long = (field: number, payload: Uint8Array) =>
    concat(tag(field, WIRE.bytes, 5), varint(payload.length, 5), payload);
  const short = matmulGraph(w);
  const graph = concat(
    ...short.nodes.map((bytes) => long(1, bytes)),
    long(2, utf8('graph')),
    ...short.initializers.map((bytes) => long(5, bytes)),
    ...short.inputs.map((bytes) => long(11, bytes)),
    ...short.outputs.map((bytes) => long(12, bytes)),
  );
  const bytes = concat(varintField(1, 8, 10), long(7, graph), long(8, varintField(2, 17, 3)));
  return { name: 'overlong varints', bytes, runnable: true, expect: { tensors: [weight(w, 'MatMul')] } };
}

/** The same inside the tensor: dims, type and the payload's length. */
function overlongInside(): GeneratedModel {
  const w = floats('W', [6, 4]);
  const content = concat(
    varintField(1, 6, 10),
    varintField(1, 4, 2),
    concat(tag(9, WIRE.bytes, 3), varint(w.payload.length, 5), w.payload),
  );
  const proto = tensorProto({ name: 'W', dataType: 1, dims: [], content });
  return matmul('overlong varints in the tensor', { ...w, proto });
}

/** Large random bytes in fields nobody knows, between every two known ones. */
function garbage(): GeneratedModel {
  const random = new Random(9);
  const junk = (length: number) => bytesField(1000 + random.below(1000), random.bytes(length));
  const w = floats('W', [6, 4], undefined, { before: junk(3000), after: junk(1) });
  const b = floats('B', [4], undefined, { before: junk(0), after: junk(777) });
  const graph = {
    ...io(['batch', 6]),
    before: junk(20_000),
    between: junk(40_000),
    after: junk(5),
    nodes: [concat(junk(100), node('Gemm', ['X', 'W', 'B'], ['Y']), junk(300))],
    initializers: [w.proto, b.proto],
  };
  const fields = { graph, before: junk(1234), between: junk(70_000), after: junk(4321) };
  return generated('garbage between all fields', fields, [weight(w, 'Gemm'), bias(b)]);
}

/** A message field that occurs twice is one message, merged. A reader that does not link the two finds no role. */
function graphInTwoParts(): GeneratedModel {
  const w = floats('W', [6, 4]);
  const { initializers, ...rest } = matmulGraph(w);
  const second = bytesField(7, concat(...initializers.map((bytes) => bytesField(5, bytes))));
  const bytes = modelProto({ graph: graphProto(rest), after: second });
  return { name: 'graph in two parts', bytes, runnable: true, expect: { tensors: [expected(w)] } };
}
