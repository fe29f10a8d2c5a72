import { describe, expect, it } from 'vitest';
import { buildModel, distinct, jacobianGraph, type ModelParts, node, open, run, type Values } from './support.js';

const scalar = (value: number): Values => ({ dims: [], data: Float32Array.of(value) });
const X = { dims: [3, 4], data: distinct(1, [3, 4]).data.map((value) => 3 * value) };
const SEED = distinct(2, [3, 4]);

/** The gradients of a model with respect to `x` and `s`, for a seed. */
async function gradientsOf(parts: ModelParts, targets: string[]) {
  const graph = jacobianGraph(buildModel(parts), { targets });
  const session = await open(graph.bytes);
  const values = { ...parts.inputs, ...parts.stored };
  const fed = Object.fromEntries(Object.entries(values).filter(([name]) => session.inputNames.includes(name)));
  const results = await run(session, { ...fed, [graph.seed]: SEED });
  return targets.map((name) => results[graph.gradients.get(name)!].data);
}

/** A value that is rounded to codes of a step, and its surrogate: where it is cut, nothing passes. */
function surrogate(step: number, low: number, high: number) {
  const toX = X.data.map((x, i) => (x / step >= low - 0.5 && x / step <= high + 0.5 ? SEED.data[i] : 0));
  let toStep = 0;
  for (const [i, x] of X.data.entries()) {
    const code = Math.min(high, Math.max(low, Math.round(x / step)));
    toStep += SEED.data[i] * (code - (toX[i] === 0 ? 0 : x / step));
  }
  return [toX, Float32Array.of(toStep)];
}

function expectClose(got: Float32Array, wanted: Float32Array) {
  expect(got).toHaveLength(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(got[i], `${i} of ${wanted.length}`).toBeCloseTo(wanted[i], 4);
}

describe('values that are rounded in the graph', () => {
  it('pass gradients straight through where nothing is cut, and a step learns from all of them', async () => {
    const nodes = [
      node('Div', ['x', 's'], ['v']),
      node('Round', ['v'], ['r']),
      node('Clip', ['r', 'low', 'high'], ['c']),
      node('Mul', ['c', 's'], ['y']),
    ];
    const stored = { s: scalar(0.72), low: scalar(-3), high: scalar(3) };
    const got = await gradientsOf({ nodes, inputs: { x: X }, stored }, ['x', 's']);
    const wanted = surrogate(Math.fround(0.72), -3, 3);
    for (const [i, values] of wanted.entries()) expectClose(got[i], values);
    expect(got[0].some((value) => value === 0)).toBe(true);
  });

  it('do the same in QuantizeLinear and DequantizeLinear', async () => {
    const nodes = [node('QuantizeLinear', ['x', 's'], ['q']), node('DequantizeLinear', ['q', 's'], ['y'])];
    // Unsigned bytes from zero on: what is negative is cut.
    const got = await gradientsOf({ nodes, inputs: { x: X }, stored: { s: scalar(0.021) } }, ['x', 's']);
    const wanted = surrogate(Math.fround(0.021), 0, 255);
    for (const [i, values] of wanted.entries()) expectClose(got[i], values);
  });

  it('may have scales of an axis', async () => {
    const scales = Float32Array.of(0.01, 0.02, 0.03, 0.04);
    const nodes = [
      node('QuantizeLinear', ['x', 's'], ['q'], { axis: 1 }),
      node('DequantizeLinear', ['q', 's'], ['y'], { axis: 1 }),
    ];
    const parts = { nodes, inputs: { x: X }, stored: { s: { dims: [4], data: scales } } };
    const [got] = await gradientsOf(parts, ['x']);
    const wanted = X.data.map((x, i) => (x >= 0 && x / scales[i % 4] <= 255.5 ? SEED.data[i] : 0));
    expectClose(got, wanted);
    await expect(gradientsOf(parts, ['s'])).rejects.toThrow('scales of an axis');
  });
});
