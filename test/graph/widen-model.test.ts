import onnxProto, { type onnx } from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { withFloat32 } from '../../src/graph/widen-model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { modelOf, node, stored } from '../calibrate/support.js';
import { complaints, mainOf } from './edit/support.js';

const HALF = 10;

function branch(output: string, nodes: onnx.INodeProto[]): onnx.IGraphProto {
  return { name: output, node: nodes, output: [{ name: output, type: { tensorType: { elemType: HALF } } }] };
}

it('makes float32 of halves that are stored, filled in, cast to and declared, in branches, too', async () => {
  const fill = { dims: [1], dataType: HALF, rawData: new Uint8Array(Uint16Array.of(toHalf(0.5)).buffer) };
  const bytes = modelOf({
    nodes: [
      node('Shape', ['x'], ['shape']),
      node('ConstantOfShape', ['shape'], ['filled'], { value: fill }),
      node('Add', ['x', 'filled'], ['moved']),
      node('Cast', ['shape'], ['sizes'], { to: HALF }),
      node('ReduceMax', ['sizes'], ['most'], { keepdims: 0 }),
      node('Cast', ['most'], ['isLarge'], { to: 9 }),
      node('If', ['isLarge'], ['chosen'], {
        then_branch: branch('then', [
          node('Constant', [], ['inner'], { value: stored('inner', [4, 3], 'half') }),
          node('MatMul', ['moved', 'inner'], ['then']),
        ]),
        else_branch: branch('else', [node('Identity', ['moved'], ['else'])]),
      }),
      node('Mul', ['chosen', 'scale'], ['y']),
    ],
    tensors: [stored('scale', [3], 'half')],
    inputs: { x: [0, 4] },
    type: HALF,
  });
  const widened = withFloat32(openOnnx(bytes));
  expect(complaints(widened)).toEqual([]);
  const types = JSON.stringify(onnxProto.onnx.ModelProto.decode(mainOf(widened)).graph, (key, value) =>
    key === 'rawData' ? undefined : value,
  );
  // The input, the output, and the Cast in front of that.
  expect(types.match(/"(?:elemType|dataType)":10\b/g)).toHaveLength(2);
  expect(types.match(/"i":"?10\b/g)).toHaveLength(1);
  const x = Uint16Array.from([1, 2, -3, 0.25, 4, -1, 0.5, 2], toHalf);
  const [expected, actual] = await Promise.all(
    [bytes, mainOf(widened)].map(async (each) => {
      const session = await InferenceSession.create(each, { logSeverityLevel: 3 });
      const { y } = await session.run({ x: new Tensor('float16', x, [2, 4]) });
      expect(y.type).toBe('float16');
      return Array.from(y.data as Uint16Array, fromHalf);
    }),
  );
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i], 1);
});
