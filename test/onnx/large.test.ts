import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../src/onnx/open.js';
import { node, valueInfo } from '../support/onnx-builder.js';
import { bytesField, concat, lyingField, tag, textField, varint, varintField, WIRE } from '../support/protobuf.js';

/** A run of a file: bytes, or so many zeros that are nowhere. */
type Run = Uint8Array | number;

const sizeOf = (run: Run) => (typeof run === 'number' ? run : run.length);

/** A file of these runs that counts what is read of it. */
function sourceOf(runs: readonly Run[]) {
  const size = runs.reduce<number>((sum, run) => sum + sizeOf(run), 0);
  const told = { most: 0, total: 0 };
  const read = (start: number, end: number) => {
    told.most = Math.max(told.most, end - start);
    told.total += end - start;
    const bytes = new Uint8Array(end - start);
    let at = 0;
    for (const run of runs) {
      const from = Math.max(start, at);
      const to = Math.min(end, at + sizeOf(run));
      if (typeof run !== 'number' && to > from) bytes.set(run.subarray(from - at, to - at), from - start);
      at += sizeOf(run);
    }
    return bytes;
  };
  return { source: { name: 'model.onnx', size, read }, told };
}

describe('a model file of nearly 2 GB', () => {
  const COUNT = 120_000_000;
  // Four tensors of 480 MB each, with raw_data at the end of each message.
  const tensors = Array.from({ length: 4 }, (_, i): Run[] => {
    const fields = concat(varintField(1, COUNT), varintField(2, 1), textField(8, `w${i}`));
    const raw = concat(tag(9, WIRE.bytes), varint(4 * COUNT));
    const length = fields.length + raw.length + 4 * COUNT;
    return [concat(lyingField(5, length, fields), raw), 4 * COUNT];
  }).flat();
  const nodes = tensors.flatMap((_, i) => (i % 2 ? [] : bytesField(1, node('Gemm', ['X', `w${i / 2}`], [`y${i}`]))));
  const ends = concat(bytesField(11, valueInfo('X', 'float32', [1])), bytesField(12, valueInfo('y0', 'float32')));
  const head = concat(nodes);
  const graph = [head, ...tensors, ends];
  const length = graph.reduce<number>((sum, run) => sum + sizeOf(run), 0);
  const opset = bytesField(8, concat(textField(1, ''), varintField(2, 17)));
  const runs = [concat(varintField(1, 8), lyingField(7, length, new Uint8Array())), ...graph, opset];

  it('is opened by the few bytes around its tensors', () => {
    const { source, told } = sourceOf(runs);
    expect(source.size).toBeGreaterThan(1.9e9);
    const model = openOnnx(source);
    expect(model.tensors.map(({ name, count, role }) => [name, count, role])).toEqual(
      [0, 1, 2, 3].map((i) => [`w${i}`, COUNT, 'weight']),
    );
    expect(model.tensors[3].offset + model.tensors[3].length).toBe(source.size - ends.length - opset.length);
    expect(told.most).toBeLessThanOrEqual(1 << 16);
    expect(told.total).toBeLessThan(1 << 21);
  });
});
