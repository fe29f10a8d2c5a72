import type { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { type GradientGraphOptions, gradientGraph } from '../../src/gradient/gradient-graph.js';
import { type Attributes, buildModel, distinct, expectLossGradients, type ModelParts, node, open } from './support.js';

/** A model in the making, by one operator after the other. */
function network() {
  const nodes: onnx.INodeProto[] = [];
  const stored: NonNullable<ModelParts['stored']> = {};
  let count = 0;
  return {
    nodes,
    stored,
    op(opType: string, inputs: string[], attributes: Attributes = {}): string {
      const output = `v${count++}`;
      nodes.push(node(opType, inputs, [output], attributes));
      return output;
    },
    /** Numbers around `centre`, as far from it as leaves signals their size. */
    weight(dims: number[], centre = 0, reach = Math.sqrt(3 / dims.slice(1).reduce((a, b) => a * b, 1))): string {
      const name = `w${count++}`;
      stored[name] = { dims, data: distinct(count, dims).data.map((value) => centre + reach * value) };
      return name;
    },
  };
}

/** A residual net of two blocks, the second of which halves the image and projects its shortcut. */
function residualNet() {
  const { nodes, stored, op, weight } = network();
  const statistics: string[] = [];
  const conv = (x: string, rows: number, channels: number, extent: number, stride: number) => {
    const pad = (extent - 1) / 2;
    const kernel = weight([rows, channels, extent, extent]);
    const y = op('Conv', [x, kernel], { strides: [stride, stride], pads: [pad, pad, pad, pad] });
    const moments = [weight([rows], 0, 0.2), weight([rows], 1, 0.5)];
    statistics.push(...moments);
    return op('BatchNormalization', [y, weight([rows], 1, 0.3), weight([rows], 0, 0.3), ...moments]);
  };
  const block = (x: string, rows: number, channels: number, stride: number) => {
    const inner = op('Relu', [conv(x, rows, channels, 3, stride)]);
    const shortcut = stride === 1 ? x : conv(x, rows, channels, 1, stride);
    return op('Relu', [op('Add', [conv(inner, rows, rows, 3, 1), shortcut])]);
  };
  const start = op('Relu', [conv('x', 4, 3, 3, 1)]);
  const pooled = op('GlobalAveragePool', [block(block(start, 4, 4, 1), 6, 4, 2)]);
  const output = op('Gemm', [op('Flatten', [pooled]), weight([5, 6]), weight([5], 0, 0.1)], { transB: 1 });
  return { parts: { nodes, stored, inputs: { x: distinct(1, [3, 3, 7, 6]) }, output }, statistics };
}

/** A transformer's block: attention in two heads and two layers with GELU, each normalised before and with a shortcut. */
function attentionBlock(gelu: 'Gelu' | 'Erf'): ModelParts {
  const [width, heads, inside] = [6, 2, 10];
  const { nodes, stored, op, weight } = network();
  const integers = { heads: [0, 0, heads, -1], flat: [0, 0, width] };
  const constant = (value: number) => {
    const name = `c${Object.keys(stored).length}`;
    stored[name] = { dims: [], data: Float32Array.of(value) };
    return name;
  };
  const linear = (x: string, from: number, to: number) =>
    op('Add', [op('MatMul', [x, weight([from, to])]), weight([to], 0, 0.2)]);
  const normal = (x: string) => op('LayerNormalization', [x, weight([width], 1, 0.3), weight([width], 0, 0.2)]);
  const split = (x: string) => {
    const parts = ['q', 'k', 'v'];
    const equal: Attributes = gelu === 'Gelu' ? { num_outputs: 3 } : {};
    nodes.push(node('Split', [x], parts, { axis: -1, ...equal }));
    const perms = [
      [0, 2, 1, 3],
      [0, 2, 3, 1],
      [0, 2, 1, 3],
    ];
    return parts.map((part, i) => op('Transpose', [op('Reshape', [part, 'heads'])], { perm: perms[i] }));
  };
  const activate = (x: string) => {
    if (gelu === 'Gelu') return op('Gelu', [x]);
    const erf = op('Erf', [op('Div', [x, constant(Math.SQRT2)])]);
    return op('Mul', [op('Mul', [x, op('Add', [erf, constant(1)])]), constant(0.5)]);
  };
  const [q, k, v] = split(linear(normal('x'), width, 3 * width));
  const scores = op('Softmax', [op('Div', [op('MatMul', [q, k]), constant(Math.sqrt(width / heads))])], { axis: -1 });
  const mixed = op('Transpose', [op('MatMul', [scores, v])], { perm: [0, 2, 1, 3] });
  const attended = op('Add', ['x', linear(op('Reshape', [mixed, 'flat']), width, width)]);
  const widened = activate(linear(normal(attended), width, inside));
  const output = op('Add', [attended, linear(widened, inside, width)]);
  return {
    nodes,
    stored,
    integers,
    inputs: { x: distinct(1, [2, 3, width]) },
    output,
    opset: gelu === 'Gelu' ? 20 : 17,
  };
}

async function check(parts: ModelParts, dims: number[], options: GradientGraphOptions, epsilon: number) {
  const graph = gradientGraph(buildModel(parts), options);
  const target = distinct(3, dims);
  const feeds = { ...parts.inputs, ...parts.stored, [graph.targets[0].name]: target };
  const names = graph.parameters.map(({ name }) => name);
  const fed = Object.entries(feeds).filter(([name]) => !parts.stored?.[name] || names.includes(name));
  await expectLossGradients(await open(graph.bytes), graph, Object.fromEntries(fed), { epsilon, tolerance: 1e-2 });
  return names;
}

describe('whole networks', () => {
  it('a residual net; the statistics of its batch normalisations stay as they are', async () => {
    const { parts, statistics } = residualNet();
    const trained = await check(parts, [3, 5], { loss: 'distillation', temperature: 2 }, 5e-3);
    expect(trained.sort()).toEqual(
      Object.keys(parts.stored)
        .filter((name) => !statistics.includes(name))
        .sort(),
    );
  });

  it.each(['Gelu', 'Erf'] as const)('a transformer block with %s', async (gelu) => {
    const parts = attentionBlock(gelu);
    const trained = await check(parts, [2, 3, 6], { loss: 'mean-squared-error' }, 1e-2);
    const weights = Object.keys(parts.stored ?? {}).filter((name) => name.startsWith('w'));
    expect(trained.sort()).toEqual(weights.sort());
  });
});
