import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';
import { tunable } from '../../src/gradient/tunable.js';
import { distinct, expectLossGradients, open, storedIn } from './support.js';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../models/${name}.onnx`, import.meta.url)));

describe('the gradient graphs of our own models', () => {
  it.each([
    ['lenet-300-100', 266_610],
    ['lenet-5', 431_080],
  ])('%s trains %i parameters', async (name, count) => {
    const bytes = read(name);
    const graph = gradientGraph(bytes);
    const sizes = graph.parameters.map(({ dims }) => dims.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b)).toBe(count);
    expect([...graph.gradients.keys()]).toEqual(graph.parameters.map((parameter) => parameter.name));
    expect(tunable(bytes)).toEqual({ parameters: [...graph.gradients.keys()], blocked: new Map() });
    // Weights are fed, not stored: what is left is the graph itself.
    expect(graph.bytes.length).toBeLessThan(6000);

    const images = { dims: [3, 1, 28, 28], data: distinct(1, [3, 1, 28, 28]).data.map(Math.abs) };
    const labels = { dims: [3, 10], data: Float32Array.from({ length: 30 }, (_, i) => (i % 11 === 0 ? 1 : 0)) };
    const feeds = { ...storedIn(bytes), [graph.inputs[0]]: images, [graph.targets[0].name]: labels };
    await expectLossGradients(await open(graph.bytes), graph, feeds, { epsilon: 2e-3, tolerance: 1e-2 });
  });
});
