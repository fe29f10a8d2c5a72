import { describe, expect, it } from 'vitest';
import { byBatch, followedStatistics } from '../../src/gradient/batch-statistics.js';
import { gradientGraph } from '../../src/gradient/gradient-graph.js';
import { openModel } from '../../src/graph/open-model.js';
import { buildModel, distinct, expectLossGradients, node, open, run, type Values } from './support.js';

const EPSILON = 0.01;
const CHANNELS = 3;
const vector = (data: number[]): Values => ({ dims: [data.length], data: Float32Array.from(data) });

/** A value with weights before a BatchNormalization, so that its gradient goes through the statistics. */
function normalised(dims: number[]) {
  const inputs = { x: distinct(1, dims) };
  const stored = {
    w: distinct(4, [CHANNELS, ...dims.slice(2).map(() => 1)]),
    scale: distinct(2, [CHANNELS]),
    bias: distinct(3, [CHANNELS]),
    mean: vector([0.3, -0.2, 0.1]),
    variance: vector([0.5, 0.7, 0.9]),
  };
  const nodes = [
    node('Mul', ['x', 'w'], ['scaled']),
    node('Add', ['scaled', 'x'], ['a']),
    node('BatchNormalization', ['a', 'scale', 'bias', 'mean', 'variance'], ['y'], { epsilon: { float: EPSILON } }),
  ];
  const bytes = buildModel({ nodes, inputs, stored });
  const layer = openModel(bytes).builder.graph.node!.find(({ opType }) => opType === 'BatchNormalization')!;
  return { inputs, stored, bytes, layers: [{ node: layer, mean: 'mean', variance: 'variance' }] };
}

/** Mean, variance and normalised values of each channel, in plain loops. */
function byHand({ dims, data }: Values, { stored }: ReturnType<typeof normalised>) {
  const places = data.length / dims[0] / CHANNELS;
  const channelOf = (i: number) => Math.floor(i / places) % CHANNELS;
  const a = Array.from(data, (x, i) => x * stored.w.data[channelOf(i)] + x);
  const of = (c: number) => a.filter((_, i) => channelOf(i) === c);
  const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const means = [0, 1, 2].map((c) => meanOf(of(c)));
  const variances = [0, 1, 2].map((c) => meanOf(of(c).map((value) => (value - means[c]) ** 2)));
  const y = a.map((value, i) => {
    const c = channelOf(i);
    const normal = (value - means[c]) / Math.sqrt(variances[c] + EPSILON);
    return normal * stored.scale.data[c] + stored.bias.data[c];
  });
  return { means, variances, y };
}

const expectClose = (got: Values, wanted: number[]) => {
  expect(got.data).toHaveLength(wanted.length);
  for (const [i, value] of wanted.entries()) expect(got.data[i], `${i}`).toBeCloseTo(value, 5);
};

describe.each([[[4, 3]], [[2, 3, 5]], [[3, 3, 2, 2]]])('BatchNormalization of %j', (dims) => {
  const parts = normalised(dims);
  const { inputs, stored, bytes, layers } = parts;
  const parameters = ['w', 'scale', 'bias', 'mean', 'variance'];

  it('by the statistics of the batch: values, gradients through the statistics, and what is followed', async () => {
    const { open: graph, followed } = byBatch(openModel(bytes), layers);
    const trained = gradientGraph(graph, { loss: 'mean-squared-error', parameters, followed });
    expect(trained.parameters.map(({ name }) => name)).toEqual(['w', 'scale', 'bias']);
    const session = await open(trained.bytes);
    const [{ name: target, output }] = trained.targets;
    const { w, scale, bias } = stored;
    const feeds = { ...inputs, w, scale, bias, [target]: distinct(5, dims) };
    const results = await run(session, feeds);
    const { means, variances, y } = byHand(inputs.x, parts);
    expectClose(results[output], y);
    expectClose(results[trained.gradients.get('mean')!], means);
    expectClose(results[trained.gradients.get('variance')!], variances);
    await expectLossGradients(session, trained, feeds);
  });

  it('by those that are stored, while these follow the batch', async () => {
    const followed = followedStatistics(layers);
    const trained = gradientGraph(openModel(bytes), { loss: 'mean-squared-error', parameters, followed });
    const session = await open(trained.bytes);
    const [{ name: target }] = trained.targets;
    const feeds = { ...inputs, ...stored, [target]: distinct(5, dims) };
    const results = await run(session, feeds);
    const { means, variances } = byHand(inputs.x, parts);
    expectClose(results[trained.gradients.get('mean')!], means);
    expectClose(results[trained.gradients.get('variance')!], variances);
  });
});
