import { expect, it } from 'vitest';
import { loadRuntime } from '../../src/runtime/runtime.js';
import { openSession } from '../../src/runtime/session.js';
import { buildModel, node } from '../gradient/support.js';

it('arrays that a session holds are fed in every run, as they are at that time, and to no sample', async () => {
  const x = { dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const w = { dims: [2, 1], data: Float32Array.of(10, 1) };
  const bytes = buildModel({ nodes: [node('MatMul', ['x', 'w'], ['y'])], inputs: { x, w } });
  const session = await openSession(await loadRuntime(), bytes, { threads: 1, held: { w } });
  expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
  const run = async () => [...(await session.run({ inputs: { pixels: x } })).outputs.y.data];
  expect(await run()).toEqual([12, 34]);
  w.data.set([0, 1]);
  expect(await run()).toEqual([2, 4]);
  await session.release();
});

it('what is wrong with a model is told in a few lines, however long ONNX Runtime says it', async () => {
  const x = { dims: [2], data: Float32Array.of(1, 2) };
  // It lists the types of all inputs before it says that the axis is missing.
  const joined = node('Concat', Array(2000).fill('x'), ['y']);
  const opened = openSession(await loadRuntime(), buildModel({ nodes: [joined], inputs: { x } }), { name: 'm.onnx' });
  const message = await opened.then(
    () => '',
    (error: Error) => error.message,
  );
  expect(message).toMatch(/^m\.onnx: ONNX Runtime does not take this model: .* … .*'axis' is missing/);
  expect(message.length).toBeLessThan(700);
});
