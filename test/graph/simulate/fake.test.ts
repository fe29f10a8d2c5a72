import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { edit } from '../../../src/graph/edit/edit.js';
import { editEmitter } from '../../../src/graph/simulate/emitter.js';
import { emitFake } from '../../../src/graph/simulate/fake.js';
import { openOnnx } from '../../../src/onnx/open.js';
import { valueAt } from '../../../src/quantize/formats/format.js';
import { formatNamed } from '../../../src/quantize/formats/parse.js';
import type { ValueRounding } from '../../../src/quantize/values.js';
import { modelProto, node, valueInfo } from '../../support/onnx-builder.js';
import { Random } from '../../support/random.js';
import { mainOf } from '../edit/support.js';

const random = new Random(9);
const VALUES = Float32Array.from([...random.floats(900).map((value) => 3 * value), 0, -0, 1e-9, 100, -100, 1, 2, -0.5]);

/** What a graph of the nodes that round makes of values. */
async function rounded(rounding: ValueRounding, opset: number, values: Float32Array, dims = [values.length]) {
  const graph = {
    nodes: [node('Identity', ['X'], ['Y'])],
    inputs: [valueInfo('X', 'float32')],
    outputs: [valueInfo('Y', 'float32')],
  };
  const editor = edit(openOnnx(modelProto({ opset, graph })));
  editor.graph.interpose('X', (value) => emitFake(editEmitter(editor, editor.graph, 'fake'), value, rounding));
  const session = await InferenceSession.create(mainOf(editor.finish()), { graphOptimizationLevel: 'disabled' });
  const { Y } = await session.run({ X: new Tensor('float32', values, dims) });
  return Array.from(Y.data, Number);
}

describe('fake quantisation', () => {
  it.each([
    ...['int8', 'int3', 'uint4', 'minmax4', 'fixed8', 'fixed6.3', 'e2m1', 'e4m3', 'e5m2', 'e3m0', 'ristretto-e4m3'],
    ...['pow4', 'lognet3', 'inq4', 'ristretto-pow4', 'ternary', 'binary', 'binaryconnect'],
  ])('rounds to %s as weights are rounded', async (name) => {
    const format = formatNamed(name);
    const fitted = format?.fit(VALUES.slice(0, 900), { percentile: 100, scaling: 'float32' });
    if (!fitted) throw new Error(name);
    const got = await rounded({ format: name, fitted, range: 'max', isOnline: false }, 11, VALUES);
    const expected = Array.from(VALUES, (x) => valueAt(fitted, fitted.set.nearest((x - fitted.offset) / fitted.scale)));
    // Halfway a last bit of the quotient decides.
    const off = expected.filter((value, i) => Math.abs(value - got[i]) > 1e-5 * (1 + Math.abs(value)));
    expect(off.length).toBeLessThanOrEqual(1);
  });

  it.each([11, 18])('takes the range of each batch from the graph (set %i)', async (opset) => {
    const set = formatNamed('int4')?.fit(VALUES, { percentile: 100, scaling: 'float32' })?.set;
    if (!set) throw new Error('int4');
    const rounding = { format: 'int4', fitted: { set, scale: 99, offset: 0 }, range: 'online', isOnline: true };
    const batch = Float32Array.of(1, -6, 2, 8, 0.4, 3);
    // Samples reach to 6 and to 8, 7 on average: steps of one.
    expect(await rounded(rounding, opset, batch, [2, 3])).toEqual([1, -6, 2, 7, 0, 3]);
    expect((await rounded(rounding, opset, new Float32Array(4), [2, 2])).every((value) => value === 0)).toBe(true);
  });
});
