import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { resnet23 } from '../../scripts/bench/support/nets/resnet23.js';
import { type Footprint, footprint } from '../../src/footprint/footprint.js';
import { footprintRows } from '../../src/footprint/rows.js';
import { formatFootprint } from '../../src/footprint/table.js';
import { openOnnx } from '../../src/onnx/open.js';
import { attrInt, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { packageModels } from '../support/packages.js';
import { LENET5 } from './support.js';

const lenet = openOnnx(LENET5);
const classifier = packageModels().find((path) => path.includes('cls')) ?? '';

describe('footprint', () => {
  let plan: Footprint;
  beforeAll(async () => {
    plan = await footprint(lenet);
  });

  it('plans a LeNet-5: 57,600 bytes, at the first pooling', async () => {
    expect(plan).toMatchObject({ peak: 57_600, bound: 57_600, values: 'float32', weights: 'float32', inPlace: false });
    expect(plan.parameters).toBe(lenet.tensors.reduce((sum, { length }) => sum + length, 0));
    const { none, nnabla, firstFit, greedy, boundInPlace } = plan.others;
    expect([none, nnabla, firstFit, greedy, boundInPlace]).toEqual([83_976, 57_600, 60_736, 57_600, 57_600]);
    const most = plan.steps.reduce((a, b) => (b.live > a.live ? b : a));
    expect(most).toMatchObject({ op: 'MaxPool', live: 57_600 });
    expect(plan.inputs).toEqual([{ name: 'input', type: 'float32', dims: [1, 1, 28, 28] }]);
  });

  it('scales with samples and formats', async () => {
    expect((await footprint(lenet, { dims: { N: 3 } })).peak).toBe(3 * plan.peak);
    expect((await footprint(lenet, { values: 'FIXED16_12' })).peak).toBe(plan.peak / 2);
    const int4 = await footprint(lenet, { values: 'int4', weights: 'int4', inPlace: true });
    expect(int4).toMatchObject({ peak: plan.peak / 8, values: 'int4', inPlace: true });
    const weights = lenet.tensors.filter(({ role }) => role === 'weight').reduce((sum, { length }) => sum + length, 0);
    expect(int4.parameters).toBe(plan.parameters - (7 / 8) * weights);
  });

  it('has the footprint of the tutorial for a net of the shapes of nnabla’s ResNet-23', async () => {
    const { peak, bound, others } = await footprint(openOnnx(resnet23()));
    expect([peak, bound, others.nnabla, others.none]).toEqual([786_432, 786_432, 786_432, 5_730_600]);
    expect(others.boundInPlace).toBeLessThan(bound);
  });

  it('finds a better placement than greedy by size for a text classifier, whose shapes only a run tells', async () => {
    const dims = { 'p2o.DynamicDimension.1': 48, 'p2o.DynamicDimension.2': 192 };
    const { peak, bound, others } = await footprint(openOnnx(readFileSync(classifier)), { dims });
    expect([peak, bound]).toEqual([485_376, 485_376]);
    expect(others).toMatchObject({
      none: 13_380_828,
      nnabla: 614_400,
      firstFit: 509_952,
      greedy: 509_952,
      boundInPlace: 331_776,
    });
  });

  it('looks into branches that always run, and leaves out what no output needs', async () => {
    const [vad] = packageModels().filter((path) => path.includes('v5'));
    const { steps } = await footprint(openOnnx(readFileSync(vad)));
    expect(steps.map(({ op }) => op)).toContain('LSTM');
    const nodes = [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['nobody'])];
    const graph = { nodes, inputs: [valueInfo('x', 'float32', [4])], outputs: [valueInfo('y', 'float32')] };
    expect((await footprint(openOnnx(modelProto({ graph })))).buffers.map(({ name }) => name)).toEqual(['x', 'y']);
  });

  it('does not count sequences, and says so', async () => {
    const nodes = [
      node('SplitToSequence', ['x'], ['parts'], [attrInt('axis', 0)]),
      node('ConcatFromSequence', ['parts'], ['y'], [attrInt('axis', 0)]),
    ];
    const graph = { nodes, inputs: [valueInfo('x', 'float32', [2, 3])], outputs: [valueInfo('y', 'float32')] };
    const { peak, unsized } = await footprint(openOnnx(modelProto({ graph })));
    expect([peak, unsized]).toEqual([24, ['parts']]);
  });

  it('refuses what is no format, and dimensions that the model does not have', async () => {
    await expect(footprint(lenet, { values: 'float7' })).rejects.toThrow(
      /footprint: expected values as a number format/,
    );
    await expect(footprint(lenet, { dims: { M: 2 } })).rejects.toThrow(/dimension 'M': expected one of .* N/);
  });

  it('puts size, footprint and accuracy together as nnabla’s table does', async () => {
    const rounded = await footprint(lenet, { weights: 'fixed8', values: 'fixed8' });
    const rows = await footprintRows(lenet, [plan, rounded]);
    const sizes = [plan.parameters, rounded.parameters, rounded.parameters];
    expect(rows.map(({ size }) => size)).toEqual(sizes);
    expect(rows.map((row) => row.footprint)).toEqual(
      [plan.peak, plan.peak, plan.peak / 4].map((peak, i) => peak + sizes[i]),
    );
    const text = formatFootprint(plan, rows);
    expect(text).toMatch(/\nweights fixed8, values fixed8 +\d+ KB +\d+ KB +– +–\n/);
    expect(text).toMatch(
      /\nactivations in float32, each with memory of its own:\n57\.6 KB in 9 buffers, which no placement can better\n/,
    );
  });
});
