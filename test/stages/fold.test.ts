import { describe, expect, it } from 'vitest';
import { toHalf } from '../../src/binary/half.js';
import { edit } from '../../src/graph/edit/edit.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { fold } from '../../src/stages/fold.js';
import { answers, complaints } from '../graph/edit/support.js';
import { attrFloat, attrInt, attrInts, modelProto, node, valueInfo } from '../support/onnx-builder.js';
import { bytesOf, packedVarints } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { raw, type TestTensor, typed } from '../support/tensors.js';

const random = new Random(3);
const floats = (name: string, dims: readonly number[], make = (value: number) => value): TestTensor => {
  const count = dims.reduce((all, dim) => all * dim, 1);
  return raw(name, 'float32', dims, bytesOf(random.floats(count).map(make)));
};
const positive = (value: number) => 0.5 + Math.abs(value);

/** Parameters of a BatchNormalization of so many channels. */
function normalization(name: string, channels: number): TestTensor[] {
  return [
    floats(`${name}.g`, [channels]),
    floats(`${name}.b`, [channels]),
    floats(`${name}.m`, [channels]),
    floats(`${name}.v`, [channels], positive),
  ];
}

const normalize = (
  name: string,
  input: string,
  output = name,
  attributes: Uint8Array[] = [attrFloat('epsilon', 1e-3)],
) =>
  node('BatchNormalization', [input, ...['g', 'b', 'm', 'v'].map((each) => `${name}.${each}`)], [output], attributes, {
    name,
  });

function model(
  nodes: Uint8Array[],
  tensors: TestTensor[],
  { outputs = ['Y'], dims = ['n', 4, 6, 6] as (string | number)[], dtype = 'float32' as const, opset = 15 } = {},
): Model {
  return openOnnx(
    modelProto({
      opset,
      graph: {
        nodes,
        initializers: tensors.map(({ proto }) => proto),
        inputs: [valueInfo('X', dtype, dims)],
        outputs: outputs.map((name) => valueInfo(name, dtype)),
      },
    }),
  );
}

async function folded(input: Model) {
  const notes: string[] = [];
  const output = await fold().run(input, { onNote: (text) => notes.push(text) });
  expect(complaints(output)).toEqual([]);
  const { graph } = edit(output);
  return { output, notes, ops: graph.nodes.map(({ opType }) => opType), names: graph.initializers };
}

/** The largest difference of what two models answer, beside the largest answer. */
async function apart(one: Model, other: Model): Promise<number> {
  const [before, after] = [await answers(one), await answers(other)];
  let worst = 0;
  for (const [i, outputs] of before.entries()) {
    expect(Object.keys(after[i])).toEqual(Object.keys(outputs));
    for (const [name, { data }] of Object.entries(outputs)) {
      const expected = Array.from(data, Number);
      const most = Math.max(...expected.map(Math.abs));
      const got = Array.from(after[i][name].data, Number);
      expect(got.length).toBe(expected.length);
      for (const [at, value] of expected.entries()) worst = Math.max(worst, Math.abs(got[at] - value) / most);
    }
  }
  return worst;
}

describe('fold', () => {
  it('puts normalisation into Conv, ConvTranspose and Gemm, with bias and without, grouped and turned', async () => {
    const input = model(
      [
        node('Conv', ['X', 'w1'], ['c1'], [attrInts('pads', [1, 1, 1, 1]), attrInt('group', 2)]),
        normalize('n1', 'c1'),
        node('ConvTranspose', ['n1', 'w2', 'b2'], ['c2'], [attrInt('group', 2), attrInts('strides', [2, 2])]),
        normalize('n2', 'c2'),
        node('GlobalAveragePool', ['n2'], ['pool']),
        node('Flatten', ['pool'], ['flat']),
        node('Gemm', ['flat', 'w3', 'b3'], ['g3'], [attrFloat('alpha', 0.5), attrFloat('beta', 3)]),
        normalize('n3', 'g3'),
        node('Gemm', ['n3', 'w4', 'b4'], ['g4'], [attrInt('transB', 1)]),
        normalize('n4', 'g4', 'Y'),
      ],
      [
        ...[floats('w1', [6, 2, 3, 3]), floats('w2', [6, 4, 2, 2]), floats('b2', [8])],
        ...[floats('w3', [8, 5]), floats('b3', [1, 5]), floats('w4', [3, 5]), floats('b4', [1])],
        ...[...normalization('n1', 6), ...normalization('n2', 8), ...normalization('n3', 5), ...normalization('n4', 3)],
      ],
    );
    const { output, notes, ops, names } = await folded(input);
    expect(notes).toEqual([]);
    expect(ops.filter((op) => op === 'BatchNormalization')).toEqual([]);
    expect(names.filter((name) => /^n\d/.test(name))).toEqual([]);
    expect(await apart(input, output)).toBeLessThan(1e-5);
    // Nothing is left to fold, so nothing changes.
    expect(await fold().run(output)).toBe(output);
  });

  it('folds one behind the other, and gives each its own of what is shared', async () => {
    const input = model(
      [
        node('Conv', ['X', 'w', 'b'], ['c1']),
        normalize('n1', 'c1'),
        normalize('n2', 'n1'),
        node('Conv', ['X', 'w', 'b'], ['c2']),
        normalize('n3', 'c2'),
        node('Conv', ['X', 'w', 'b'], ['c3']),
        node('Sum', ['n2', 'n3', 'c3'], ['Y']),
      ],
      [floats('w', [3, 4, 2, 2]), floats('b', [3]), ...['n1', 'n2', 'n3'].flatMap((name) => normalization(name, 3))],
    );
    const { output, notes, ops } = await folded(input);
    expect([notes, ops]).toEqual([[], ['Conv', 'Conv', 'Conv', 'Sum']]);
    expect(await apart(input, output)).toBeLessThan(1e-5);
  });

  it('leaves alone what is read elsewhere, fed, of the batch or behind something else, and says so', async () => {
    const input = model(
      [
        node('Conv', ['X', 'w1'], ['c1']),
        normalize('n1', 'c1'),
        node('Relu', ['X'], ['r']),
        normalize('n2', 'r'),
        node('Conv', ['X', 'w3'], ['c3']),
        normalize('n3', 'c3', 'y3', [attrInt('training_mode', 0)]),
        node('Sum', ['n1', 'c1', 'y3'], ['Y']),
      ],
      [
        floats('w1', [3, 4, 2, 2]),
        floats('w3', [3, 4, 2, 2]),
        ...normalization('n1', 3),
        ...normalization('n2', 4),
        ...normalization('n3', 3),
      ],
      { outputs: ['Y', 'n2', 'c3'] },
    );
    const { output, notes } = await folded(input);
    expect(notes).toEqual([
      'BatchNormalization left as it is, since what it normalises is read elsewhere, too: n1, n3',
      'BatchNormalization left as it is, since no Conv, ConvTranspose or Gemm is before it: n2',
    ]);
    expect(output).toBe(input);
  });

  it('takes float16, varints included, as far as its numbers hold the result', async () => {
    const halves = (values: Float32Array) => Uint16Array.from(values, toHalf);
    const half = (name: string, dims: readonly number[], values: Float32Array) =>
      raw(name, 'float16', dims, bytesOf(halves(values)));
    const parameters = (name: string, gamma: number) => [
      half(`${name}.g`, [2], Float32Array.of(gamma, gamma / 2)),
      half(`${name}.b`, [2], Float32Array.of(0.5, -1)),
      half(`${name}.m`, [2], Float32Array.of(0.25, 1)),
      half(`${name}.v`, [2], Float32Array.of(1, 4)),
    ];
    const w = random.floats(32);
    const input = model(
      [
        node('Cast', ['X'], ['x16'], [attrInt('to', 10)]),
        node('Conv', ['x16', 'w1'], ['c1']),
        normalize('n1', 'c1'),
        node('Conv', ['n1', 'w2'], ['c2']),
        normalize('n2', 'c2'),
        node('Cast', ['n2'], ['Y'], [attrInt('to', 1)]),
      ],
      [
        typed('w1', 'float16', [2, 4, 2, 2], 5, packedVarints([...halves(w)])),
        half('w2', [2, 2, 1, 1], Float32Array.of(4, 3, 2, 1)),
        ...parameters('n1', 1.5),
        ...parameters('n2', 60000),
      ],
    );
    const { output, notes, ops } = await folded(input);
    expect(notes).toEqual(['BatchNormalization left as it is, since its factors leave what float16 holds: n2']);
    expect(ops.filter((op) => op === 'BatchNormalization')).toHaveLength(1);
    const [before, after] = [edit(input).graph, edit(output).graph];
    expect(after.tensor('w1')?.dtype).toBe('float16');
    expect(before.uses('c1').length).toBe(1);
  });
});
