import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { albert } from '../../scripts/bench/support/nets/albert.js';
import type { Moments } from '../../src/calibrate/job.js';
import { lookupShares, withLookups } from '../../src/calibrate/lookups.js';
import { captureMoments } from '../../src/calibrate/moments.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { openOnnx } from '../../src/onnx/open.js';
import { searchCalibration } from '../../src/search/calibration.js';
import { weightsOf } from '../stages/support.js';
import { Random } from '../support/random.js';
import { feederOf, layersOf, modelOf, node, type Parts, stored } from './support.js';

const inputs = { x: [6, 3] };
const twice = (first: string, second: string): Parts => ({
  nodes: [
    node('MatMul', ['x', first], ['z']),
    node('Tanh', ['z'], ['a']),
    node('Transpose', [second], ['t']),
    node('Transpose', ['t'], ['u']),
    node('MatMul', ['a', 'u'], ['y']),
  ],
  tensors: [...new Set([first, second])].map((name) => stored(name, [3, 3])),
  inputs,
});

async function momentsOf(parts: Parts): Promise<Moments[]> {
  const { graph, layers } = layersOf(modelOf(parts));
  const captured = await captureMoments({ graph, layers, rank: () => 2, feeder: await feederOf(inputs) });
  return layers.map((layer) => captured.get(layer)).filter((each): each is Moments => each !== undefined);
}

describe('a matrix that is read twice', () => {
  it('is one layer, in whatever order its readers move it', () => {
    const { layers, skipped } = layersOf(modelOf(twice('w', 'w')));
    expect(skipped).toEqual([]);
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatchObject({ rows: 3, inputs: 3, others: [{ output: 'y', isLookup: false }] });
  });

  it('has the moments of both readers, added up', async () => {
    const [shared, ...none] = await momentsOf(twice('w', 'w'));
    const [first, second] = await momentsOf(twice('w', 'v'));
    expect(none).toEqual([]);
    expect(shared.own.at(-1)).toBe(12);
    for (const [i, sum] of shared.own.entries()) expect(sum).toBeCloseTo(first.own[i] + second.own[i], 4);
  });

  it('has its bias corrected only where all readers have the same', () => {
    const withBias = (biases: string[]): Parts => {
      const { nodes, tensors } = twice('w', 'w');
      const [one, tanh, t, u, other] = nodes;
      const parts = [
        { ...one, output: ['m'] },
        node('Add', ['m', biases[0]], ['z']),
        ...[tanh, t, u, { ...other, output: ['n'] }],
        node('Add', ['n', biases[1]], ['y']),
      ];
      return {
        nodes: parts,
        tensors: [...(tensors ?? []), ...[...new Set(biases)].map((b) => stored(b, [3]))],
        inputs,
      };
    };
    expect(layersOf(modelOf(withBias(['b', 'b']))).layers[0].bias?.name).toBe('b');
    expect(layersOf(modelOf(withBias(['b', 'c']))).layers[0].bias).toBeUndefined();
  });
});

describe('a table', () => {
  it('that is looked up and gives scores is one layer, its product first', () => {
    const { layers } = layersOf(
      modelOf({
        nodes: [node('Gather', ['w', 'i'], ['z']), node('Transpose', ['w'], ['v']), node('MatMul', ['z', 'v'], ['y'])],
        tensors: [stored('w', [9, 3])],
        inputs: { i: [2] },
        type: 7,
      }),
    );
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatchObject({ rows: 9, inputs: 3, isLookup: false, node: { opType: 'MatMul' } });
    expect(layers[0].others).toMatchObject([{ isLookup: true, node: { opType: 'Gather' } }]);
  });

  it('of positions that is added is one, where tables are wanted; a bias is none', () => {
    const parts = (dims: number[]): Parts => ({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      tensors: [stored('w', dims)],
      inputs: { x: [2, 5, 4] },
    });
    expect(layersOf(modelOf(parts([1, 5, 4])), true).layers).toMatchObject([{ rows: 5, inputs: 4, isLookup: true }]);
    expect(layersOf(modelOf(parts([5, 1])), true).layers).toEqual([]);
    expect(layersOf(modelOf(parts([4])), true).layers).toEqual([]);
    expect(layersOf(modelOf(parts([1, 5, 4]))).layers).toEqual([]);
  });

  it('has costs by how often rows are looked up, none of them nothing', () => {
    const shares = lookupShares(Float64Array.of(9, 0, 1));
    expect([...shares]).toEqual([9.5 / 11.5, 0.5 / 11.5, 1.5 / 11.5]);
  });

  it('costs on average what its products and lookups do', () => {
    const { layers } = layersOf(
      modelOf({
        nodes: [node('Gather', ['w', 'i'], ['z']), node('Transpose', ['w'], ['v']), node('MatMul', ['z', 'v'], ['y'])],
        tensors: [stored('w', [2, 2])],
        inputs: { i: [2] },
        type: 7,
      }),
    );
    // Three columns of squares [[2, 1], [1, 4]] on average; rows cost 3 and 1; lookups [[5, 0], [0, 1]], three of four of row 0.
    const own = Float64Array.of(6, 3, 0, 3, 12, 0, 0, 0, 3);
    const rowCosts = { squares: Float64Array.of(3, 1), products: undefined };
    const lookups = { products: Float64Array.of(5, 0, 0, 1), shares: Float64Array.of(0.75, 0.25) };
    const found = withLookups(layers[0], { groups: 1, inputs: 2, own, cross: undefined }, rowCosts, lookups);
    const at = (i: number) => found.moments.own[i] / 3;
    const squares = found.rowCosts?.squares ?? [];
    // Errors of one element of one row: what all of them cost together is what products and lookups cost.
    const all = [0, 1].reduce((sum, row) => sum + squares[row] * (at(0) + at(4)), 0);
    expect(all).toBeCloseTo(3 * (2 + 4) + 1 * (2 + 4) + (5 + 1));
    expect(squares[0] / squares[1]).toBeCloseTo((3 * 6 + 0.75 * 6) / (6 + 0.25 * 6));
  });
});

describe('a net of one layer that is gone through several times', () => {
  const [samples, length, words] = [64, 8, 48];
  const random = new Random(3);
  // Half of all words are the first four.
  const ids = Int32Array.from({ length: samples * length }, () => random.below(random.float() < 0.5 ? 4 : words));
  const ends = Array.from({ length: samples }, () => 4 + random.below(5));
  const mask = ids.map((_, i) => Number(i % length < ends[Math.floor(i / length)]));
  const tokens = (data: Int32Array) => ({ data, dims: [samples, length] });
  const dataset = arrayDataset({
    inputs: { input_ids: tokens(ids), attention_mask: tokens(mask), token_type_ids: tokens(ids.map(() => 0)) },
  });
  const sizes = { words, embedding: 8, width: 16, heads: 2, inner: 24, layers: 2, positions: length };
  const model = openOnnx(albert(sizes));

  it('is calibrated as a whole', async () => {
    const { skipped, model: found } = await searchCalibration(model, { dataset, lambda: 1e-3, threads: 1 });
    expect(skipped).toEqual([]);
    for (const { name, role, count } of model.tensors) {
      if (role === 'weight') expect(new Set(weightsOf(found, name)).size).toBeLessThan(count / 2);
    }
  });

  it('has words rounded less the more often they come up', async () => {
    const bytes = modelOf({
      nodes: [node('Gather', ['w', 'i'], ['z']), node('MatMul', ['z', 'v'], ['y'])],
      tensors: [stored('w', [words, 8]), stored('v', [8, 8])],
      inputs: { i: [samples, length] },
      type: 7,
    });
    const before = weightsOf(openOnnx(bytes), 'w');
    const matrix = weightsOf(openOnnx(bytes), 'v');
    // Of what comes out, of the first words.
    const off = async (ids: Int32Array) => {
      const options = { dataset: arrayDataset({ inputs: { i: tokens(ids) } }), lambda: 4e-4, threads: 1 };
      const { skipped, model: found } = await searchCalibration(openOnnx(floating(bytes)), options);
      expect(skipped).toEqual([]);
      const after = weightsOf(found, 'w');
      let sum = 0;
      for (let row = 0; row < 4; row++) {
        for (let k = 0; k < 8; k++) {
          let error = 0;
          for (let j = 0; j < 8; j++) error += (before[8 * row + j] - after[8 * row + j]) * matrix[8 * j + k];
          sum += error ** 2;
        }
      }
      return sum;
    };
    const others = ids.map((id) => (id < 4 ? id + 4 : id));
    expect(await off(ids)).toBeLessThan(0.8 * (await off(others)));
  });
});

/** The model with floats for outputs, as it has: `modelOf` declares one type for all. */
function floating(bytes: Uint8Array): Uint8Array {
  const model = onnxProto.onnx.ModelProto.decode(bytes);
  const [output] = model.graph?.output ?? [];
  if (output?.type?.tensorType) output.type.tensorType.elemType = 1;
  return onnxProto.onnx.ModelProto.encode(model).finish();
}
