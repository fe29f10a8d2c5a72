import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../../models/${name}.onnx`, import.meta.url)));

describe('the gradient graphs of our own models', () => {
  it.each([
    ['lenet-300-100', 266_610],
    ['lenet-5', 431_080],
  ])('%s trains %i parameters', (name, count) => {
    const bytes = read(name);
    const graph = gradientGraph(bytes);
    const sizes = graph.parameters.map(({ dims }) => dims.reduce((a, b) => a * b, 1));
    expect(sizes.reduce((a, b) => a + b)).toBe(count);
    expect([...graph.gradients.keys()]).toEqual(graph.parameters.map((parameter) => parameter.name));
    // Weights are fed, not stored: what is left is the graph itself.
    expect(graph.bytes.length).toBeLessThan(6000);
  });
});
