import onnxProto, { type onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { inlineBranches } from '../../src/calibrate/inline.js';
import { copyOf, graphOf } from '../../src/graph/decoded-graph.js';
import { findLayers } from '../../src/graph/layers.js';
import { floatValue, writeModel } from '../../src/graph/open-model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { runGraph } from '../../src/runtime/batches.js';
import { cluster, clusteringOf } from '../../src/stages/cluster.js';
import { feederOf, modelOf, node, stored } from './support.js';

const { DataType } = onnxProto.onnx.TensorProto;

const flag = (name: string, value: boolean): onnx.ITensorProto => {
  return { name, dims: [], dataType: DataType.BOOL, rawData: Uint8Array.of(value ? 1 : 0) };
};
const branch = (nodes: onnx.INodeProto[], output = 'r', initializer: onnx.ITensorProto[] = []): onnx.IGraphProto => {
  return {
    name: 'branch',
    node: nodes,
    initializer,
    output: [{ name: output, type: { tensorType: { elemType: 1 } } }],
  };
};
const choice = (condition: string, output: string, yes: onnx.IGraphProto, no: onnx.IGraphProto) =>
  node('If', [condition], [output], { then_branch: yes, else_branch: no });
const constant = (name: string, dims: number[]) => node('Constant', [], [name], { value: stored(name, dims) });

async function inlined(bytes: Uint8Array, inputs: Record<string, readonly number[]>) {
  const model = openOnnx(bytes);
  const feeder = await feederOf(inputs);
  const graph = await inlineBranches(graphOf(model), feeder);
  const isWanted = ({ role }: { role: string }) => role === 'weight';
  const { layers, skipped } = findLayers(graph, model.tensors, { isWanted });
  const results: unknown[] = [];
  const rewritten = writeModel(copyOf(graph.open), [floatValue('y')]);
  for (const model of [bytes, rewritten]) await runGraph(model, feeder, ({ y }) => void results.push(y));
  expect(results[1]).toEqual(results[0]);
  return {
    layers: layers.map(({ tensor }) => tensor.name),
    skipped: Object.fromEntries(skipped.map(({ tensor, reason }) => [tensor.name, reason])),
    ops: graph.open.builder.graph.node!.map(({ opType }) => opType),
  };
}

describe('branches', () => {
  const x = { x: [4, 3] };
  const product = (weights: string) => branch([node('MatMul', ['x', weights], ['r'])], 'r', [stored(weights, [3, 3])]);

  it('takes the place of the If where it always runs', async () => {
    const nodes = [choice('c', 'y', product('v'), product('w'))];
    const { layers, skipped, ops } = await inlined(modelOf({ nodes, tensors: [flag('c', false)], inputs: x }), x);
    expect({ layers, skipped, ops }).toEqual({
      layers: ['w'],
      skipped: { v: 'in a branch that no input took' },
      ops: ['MatMul'],
    });
  });

  it('is named for weights outside that only a branch reads', async () => {
    const reading = (weights: string) => branch([node('MatMul', ['x', weights], ['r'])]);
    const nodes = [choice('c', 'y', reading('v'), reading('w'))];
    const tensors = [flag('c', true), stored('v', [3, 3]), stored('w', [3, 3])];
    const { layers, skipped } = await inlined(modelOf({ nodes, tensors, inputs: x }), x);
    expect({ layers, skipped }).toEqual({ layers: ['v'], skipped: { w: 'in a branch that no input took' } });
  });

  it('keeps apart what has the same name in several branches, nested ones included', async () => {
    const inner = (name: string) => choice('c', name, product('w'), product('w'));
    const outer = () => branch([inner('z'), constant('k', [3, 3]), node('MatMul', ['z', 'k'], ['r'])]);
    const nodes = [
      node('Not', ['n'], ['c']),
      choice('c', 'a', outer(), outer()),
      choice('c', 'b', outer(), outer()),
      node('Add', ['a', 'b'], ['y']),
    ];
    const { layers, skipped, ops } = await inlined(modelOf({ nodes, tensors: [flag('n', false)], inputs: x }), x);
    expect(layers).toHaveLength(4);
    expect(new Set(layers).size).toBe(4);
    expect(Object.values(skipped)).toEqual(new Array(8).fill('in a branch that no input took'));
    expect(ops).not.toContain('If');
  });

  it('gives a value of the graph around it, or a stored one', async () => {
    const nodes = [
      choice('c', 'a', branch([node('Identity', ['x'], ['r'])]), branch([node('Neg', ['x'], ['r'])])),
      choice('c', 's', branch([], 'k', [stored('k', [3])]), branch([constant('k', [3])], 'k')),
      node('Add', ['a', 's'], ['y']),
    ];
    const { ops } = await inlined(modelOf({ nodes, tensors: [flag('c', true)], inputs: x }), x);
    expect(ops).not.toContain('If');
  });

  it('stays where inputs differ in what they choose', async () => {
    const positive = [
      node('ReduceMax', ['x'], ['m'], { keepdims: 0, axes: [1] }),
      node('ReduceMax', ['m'], ['l'], { keepdims: 0 }),
      node('Greater', ['l', 't'], ['c']),
    ];
    const nodes = [...positive, choice('c', 'y', product('v'), product('w'))];
    const model = openOnnx(modelOf({ nodes, tensors: [stored('t', [])], inputs: x }));
    const feeder = await feederOf(x);
    const both = {
      ...feeder,
      async *batches() {
        for (const value of [-9, 9]) yield { inputs: { x: { dims: [1, 3], data: new Float32Array(3).fill(value) } } };
      },
    };
    const graph = await inlineBranches(graphOf(model), both);
    const { layers, skipped } = findLayers(graph, model.tensors, { isWanted: ({ role }) => role === 'weight' });
    expect(layers).toEqual([]);
    expect(skipped.map(({ reason }) => reason)).toEqual(new Array(2).fill('in a branch that only some inputs took'));
  });

  it('is calibrated in the model that it came from', async () => {
    const bytes = modelOf({
      nodes: [choice('c', 'y', product('v'), product('w'))],
      tensors: [flag('c', true)],
      inputs: x,
    });
    const model = openOnnx(bytes);
    const { batches } = await feederOf(x);
    const calibrated = await calibrate({ dataset: batches, lambda: 1e-3 }).run(model, {});
    // What is skipped is clustered plainly.
    const plain = await cluster(clusteringOf({})).run(model);
    const changed = plain.tensors.filter(
      (tensor, i) => !Buffer.from(tensor.payload.read()).equals(calibrated.tensors[i].payload.read()),
    );
    expect(changed.map(({ name }) => name)).toEqual(['v']);
  });
});
