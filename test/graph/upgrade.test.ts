import { describe, expect, it } from 'vitest';
import { buildModel, distinct, expectGradients, jacobianGraph, node, open, run } from '../gradient/support.js';

const x = distinct(1, [2, 3, 4]);

// The differences are taken on the model as it is, in its own operator set: a rewrite that changed it would show.
describe('models of older operator sets', () => {
  it('Squeeze, Unsqueeze and Clip with attributes (set 9)', () =>
    expectGradients({
      nodes: [
        node('Unsqueeze', ['x'], ['u'], { axes: [1] }),
        node('Clip', ['u'], ['c'], { min: { float: -0.5 }, max: { float: 0.25 } }),
        node('Squeeze', ['c'], ['s'], { axes: [1] }),
        node('Shape', ['s'], ['shape']),
        node('Reshape', ['s', 'shape'], ['y']),
      ],
      inputs: { x },
      opset: 9,
    }));

  it('Clip with one bound only', () =>
    expectGradients({ nodes: [node('Clip', ['x'], ['y'], { max: { float: 0.25 } })], inputs: { x }, opset: 7 }));

  it('Dropout with a ratio and BatchNormalization with spatial (set 7)', () =>
    expectGradients(
      {
        nodes: [
          node('Dropout', ['x'], ['d'], { ratio: { float: 0.4 } }),
          node('BatchNormalization', ['d', 'scale', 'bias', 'mean', 'variance'], ['y'], {
            spatial: 1,
            momentum: { float: 0.8 },
          }),
        ],
        inputs: { x },
        stored: {
          scale: distinct(2, [3]),
          bias: distinct(3, [3]),
          mean: distinct(4, [3]),
          variance: { dims: [3], data: Float32Array.of(0.5, 1, 2) },
        },
        opset: 7,
      },
      { targets: ['x', 'scale', 'bias'] },
    ));

  it.each([1, 2, -1])('Softmax over whole rows from axis %i on (set 11)', (axis) =>
    expectGradients({ nodes: [node('Softmax', ['x'], ['y'], { axis })], inputs: { x }, opset: 11 }),
  );

  it.each([7, 10])('Slice and Pad before the model, in the form of set %i', async (opset) => {
    const integers = { from: [1], to: [3], axes: [2] };
    const slice =
      opset < 10
        ? node('Slice', ['x'], ['s'], { starts: [1], ends: [3], axes: [2] })
        : node('Slice', ['x', 'from', 'to', 'axes'], ['s']);
    const nodes = [
      slice,
      node('Pad', ['s'], ['p'], { pads: [0, 0, 1, 0, 0, 0], value: { float: 2 } }),
      node('Mul', ['p', 'w'], ['y']),
    ];
    const parts = { nodes, inputs: { x }, stored: { w: distinct(2, [3]) }, ...(opset >= 10 && { integers }), opset };
    const graph = jacobianGraph(buildModel(parts), { targets: ['w'] });
    const before = await run(await open(buildModel(parts)), { x });
    const after = await run(await open(graph.bytes), { x, ...parts.stored, [graph.seed]: before.y });
    expect(after.y).toEqual(before.y);
    await expectGradients(parts, { targets: ['w'] });
  });

  it('are refused where an operator cannot be brought up', () => {
    const bytes = buildModel({ nodes: [node('Upsample', ['x', 'scales'], ['y'])], inputs: { x }, opset: 9 });
    expect(() => jacobianGraph(bytes, { targets: ['x'] })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining("Upsample node 'y_Upsample'") }),
    );
  });
});
