import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { scanTensors } from '../../src/onnx/scan.js';
import { type Edit, splice } from '../../src/onnx/splice.js';
import {
  attrGraph,
  attrTensor,
  constant,
  type GraphFields,
  graphProto,
  modelProto,
  node,
  rawData,
  tensorProto,
} from '../support/onnx-builder.js';
import { bytesField, concat, groupField, textField, varint, varintField } from '../support/protobuf.js';
import { Random } from '../support/random.js';

const { ModelProto } = onnxProto.onnx;

/** Fields of the future, a group and an overlong varint: what a library that decodes and encodes would lose. */
const STRANGE = concat(
  varintField(900, 5, 9),
  groupField(901, textField(1, 'group')),
  bytesField(902, textField(1, 'a message from the future')),
);

const uint8 = (name: string, payload: Uint8Array) =>
  tensorProto({ name, dataType: 2, dims: [payload.length], content: rawData(payload) });

/** A model with a tensor at the top, one in a Constant, and one inside the branch of an If, strange fields between. */
function model(top: Uint8Array, inConstant: Uint8Array, inBranch: Uint8Array): Uint8Array {
  const branch = graphProto({ name: 'branch', initializers: [uint8('deep', inBranch)], after: STRANGE });
  const graph: GraphFields = {
    nodes: [
      constant('c', attrTensor('value', uint8('c', inConstant))),
      concat(node('If', ['cond'], ['y'], [attrGraph('then_branch', branch)]), STRANGE),
    ],
    initializers: [uint8('top', top)],
    between: STRANGE,
  };
  return modelProto({ before: STRANGE, graph, after: STRANGE });
}

/** Edits that put other payloads into the tensors of a model, in the order of the file. */
function replaceAll(bytes: Uint8Array, payloads: readonly (Uint8Array | undefined)[]): Edit[] {
  const windows = scanTensors(bytes).tensors.map(({ window }) => window);
  expect(windows).toHaveLength(payloads.length);
  return payloads.flatMap((payload, i) => {
    const within = windows[i];
    return payload && within ? [{ start: within.start, end: within.end, bytes: payload, within }] : [];
  });
}

/** The payloads of {@link model} as onnx-proto reads them: in the Constant, in the branch, at the top. */
function payloadsOf(bytes: Uint8Array): (number[] | undefined)[] {
  const { graph } = ModelProto.decode(bytes);
  const plain = (payload: Uint8Array | null | undefined) => payload && [...payload];
  return [
    plain(graph?.node?.[0].attribute?.[0].t?.rawData),
    plain(graph?.node?.[1].attribute?.[0].g?.initializer?.[0].rawData),
    plain(graph?.initializer?.[0].rawData),
  ] as (number[] | undefined)[];
}

describe('splice', () => {
  const random = new Random(1);
  /** Payloads around the lengths at which a varint grows: their messages, a few bytes longer, pass them one by one. */
  const lengths = [0, 1, 100, 110, 120, 126, 127, 128, 129, 300, 16_200, 16_340, 16_383, 16_384, 16_385, 20_000];

  it('makes the file that would have been written with the other payload, whatever the lengths', () => {
    const start = random.bytes(5);
    for (const from of [0, 120, 128, 16_384]) {
      const bytes = model(start, start, random.bytes(from));
      for (const to of lengths) {
        const payload = random.bytes(to);
        const spliced = splice(bytes, replaceAll(bytes, [undefined, payload, undefined]));
        // Only the payload and lengths differ; the shape still says what it said.
        expect(payloadsOf(spliced), `${from} to ${to}`).toEqual([[...start], [...payload], [...start]]);
        // Back again gives the first file: nothing else was touched on the way.
        const original = payloadsOf(bytes)[1] ?? [];
        const back = splice(spliced, backEdits(spliced, payload, Uint8Array.from(original)));
        expect(Buffer.compare(back, bytes), `${from} to ${to}`).toBe(0);
      }
    }
  });

  it('moves every length around an edit by one step at 127/128 and at 16383/16384', () => {
    for (const edge of [128, 16_384]) {
      for (let size = edge - 40; size <= edge + 2; size++) {
        const payload = new Uint8Array(size).fill(7);
        const tensor = (content: Uint8Array) =>
          tensorProto({ name: 'w', dataType: 2, dims: [3], content: rawData(content) });
        const wrap = (content: Uint8Array) => modelProto({ graph: { initializers: [tensor(content)] } });
        const bytes = wrap(new Uint8Array(3));
        expect(Buffer.compare(splice(bytes, replaceAll(bytes, [payload])), wrap(payload)), String(size)).toBe(0);
      }
    }
  });

  it('takes several edits at once, in any order', () => {
    const bytes = model(random.bytes(10), random.bytes(200), random.bytes(30));
    const payloads = [random.bytes(3), random.bytes(16_500), random.bytes(140)];
    const edits = replaceAll(bytes, payloads);
    const spliced = splice(bytes, edits);
    expect(payloadsOf(spliced)).toEqual(payloads.map((payload) => [...payload]));
    for (const order of [
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      const shuffled = order.map((i) => edits[i]);
      expect(Buffer.compare(splice(bytes, shuffled), spliced)).toBe(0);
    }
  });

  it('keeps every byte where no edit and no length around one is', () => {
    const payload = random.bytes(50);
    const bytes = model(payload, payload, payload);
    const same = splice(bytes, replaceAll(bytes, [payload, payload, payload]));
    expect(Buffer.compare(same, bytes)).toBe(0);
    expect(Buffer.compare(splice(bytes, []), bytes)).toBe(0);
    // Strange fields stand in the model twice, in the graph, in the node and in the branch.
    const cut = splice(bytes, replaceAll(bytes, [new Uint8Array(), new Uint8Array(), random.bytes(17_000)]));
    const occurrences = Buffer.from(cut).toString('latin1').split(Buffer.from(STRANGE).toString('latin1')).length - 1;
    expect(occurrences).toBe(5);
  });

  it('changes neither the file nor the edits', () => {
    const bytes = model(random.bytes(9), random.bytes(9), random.bytes(9));
    const before = bytes.slice();
    const edits = replaceAll(bytes, [random.bytes(200), undefined, undefined]);
    const spliced = splice(bytes, edits);
    expect(spliced.length).toBeGreaterThan(bytes.length);
    expect(Buffer.compare(bytes, before)).toBe(0);
    expect(edits[0].end - edits[0].start).toBe(9);
  });

  it('appends to a message, and inserts at its start', () => {
    const bytes = modelProto({ graph: { initializers: [uint8('w', Uint8Array.of(1, 2, 3))] } });
    const [{ window }] = scanTensors(bytes).tensors;
    const tensor = window?.parent;
    if (!tensor) throw new Error('no window');
    const doc = textField(12, 'd'.repeat(130));
    for (const at of [tensor.start, tensor.end]) {
      const spliced = splice(bytes, [{ start: at, end: at, bytes: doc, within: tensor }]);
      expect(ModelProto.decode(spliced).graph?.initializer?.[0]).toMatchObject({
        name: 'w',
        docString: 'd'.repeat(130),
        rawData: expect.objectContaining({ length: 3 }),
      });
      expect(spliced.length).toBeGreaterThan(bytes.length + doc.length);
    }
  });

  it('rewrites a length that was longer than it need be in its shortest form', () => {
    const payload = random.bytes(20);
    const content = concat(varint((9 << 3) | 2), varint(20, 5), payload);
    const tensor = tensorProto({ name: 'w', dataType: 2, dims: [20], content });
    const graph = bytesField(5, tensor, 4);
    const bytes = modelProto({ graph: graphProto({ after: graph }) });
    const spliced = splice(bytes, replaceAll(bytes, [payload]));
    expect(spliced.length).toBe(bytes.length - 4 - 3);
    expect([...(ModelProto.decode(spliced).graph?.initializer?.[0].rawData ?? [])]).toEqual([...payload]);
  });
});

/** The edit that undoes another: found by the payload, as the shape no longer fits it and a scan would refuse. */
function backEdits(spliced: Uint8Array, payload: Uint8Array, original: Uint8Array): Edit[] {
  // A tensor's window survives the scan only if its shape fits, so the enclosures are built by walking the path anew.
  const path = enclosuresOf(spliced, [7, 1, 5, 6, 5, 9], [0, 1, 0, 0, 0, 0]);
  expect(path.end - path.start).toBe(payload.length);
  return [{ start: path.start, end: path.end, bytes: original, within: path }];
}

/** Walks into the nth field of each number, with a varint reader of its own. */
function enclosuresOf(bytes: Uint8Array, numbers: readonly number[], nth: readonly number[]): Edit['within'] {
  let message: Edit['within'] = { tag: -1, lengthAt: -1, start: 0, end: bytes.length, parent: undefined };
  for (const [level, number] of numbers.entries()) {
    let left = nth[level];
    let at = message.start;
    const next = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++];
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
    };
    for (let found = false; !found; ) {
      expect(at).toBeLessThan(message.end);
      const tag = at;
      const key = next();
      const type = key % 8;
      if (type === 0) next();
      if (type !== 2) continue;
      const lengthAt = at;
      const length = next();
      const start = at;
      at += length;
      if (key >> 3 !== number || left-- > 0) continue;
      message = { tag, lengthAt, start, end: start + length, parent: message };
      found = true;
    }
  }
  return message;
}
