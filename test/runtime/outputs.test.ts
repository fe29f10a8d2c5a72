import type { onnx } from 'onnx-proto';
import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { arrayDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/evaluate/evaluate.js';
import { firstOutput } from '../../src/gradient/outputs.js';
import { graphOf } from '../../src/graph/decoded-graph.js';
import { openModel } from '../../src/graph/open-model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { decidingOutput } from '../../src/runtime/outputs.js';
import { searchBudget } from '../../src/search/allocation/search.js';
import { sensitivity } from '../../src/sensitivity/sensitivity.js';
import { cluster } from '../../src/stages/cluster.js';
import { tune } from '../../src/tune/tune.js';
import { node, stored } from '../calibrate/support.js';
import { Random } from '../support/random.js';

const { ModelProto } = onnxProto.onnx;
const FLOAT = 1;
const INT64 = 7;
const STRING = 8;

type Kind = 'scores' | 'label' | 'names' | 'sequence' | 'optional' | 'map';
const tensor = (elemType: number): onnx.ITypeProto => ({ tensorType: { elemType } });

/** What each kind of output is made by, from `y` [N, 4], and its type. */
const KINDS: Record<Kind, { nodes: onnx.INodeProto[]; type: onnx.ITypeProto }> = {
  scores: { nodes: [node('Identity', ['y'], ['scores'])], type: tensor(FLOAT) },
  label: { nodes: [node('ArgMax', ['y'], ['label'], { axis: 1, keepdims: 0 })], type: tensor(INT64) },
  names: {
    nodes: [
      node('ArgMax', ['y'], ['class'], { axis: 1, keepdims: 0 }),
      node('Cast', ['class'], ['names'], { to: STRING }),
    ],
    type: tensor(STRING),
  },
  sequence: {
    nodes: [node('SequenceConstruct', ['y'], ['sequence'])],
    type: { sequenceType: { elemType: tensor(FLOAT) } },
  },
  optional: { nodes: [node('Optional', ['y'], ['optional'])], type: { optionalType: { elemType: tensor(FLOAT) } } },
  map: {
    nodes: [node('ZipMap', ['y'], ['map'], { classlabels_int64s: [0, 1, 2, 3] }, 'ai.onnx.ml')],
    type: {
      sequenceType: { elemType: { mapType: { keyType: INT64, valueType: tensor(FLOAT) } } },
    },
  },
};

/** MatMul, with outputs of these kinds, in this order. */
function modelOf(kinds: readonly Kind[], inputType = FLOAT): Uint8Array {
  const isText = inputType === STRING;
  const graph: onnx.IGraphProto = {
    name: 'g',
    node: [
      ...(isText ? [node('Cast', ['x'], ['numbers'], { to: FLOAT })] : []),
      node('MatMul', [isText ? 'numbers' : 'x', 'w'], ['y']),
      ...kinds.flatMap((kind) => KINDS[kind].nodes),
    ],
    input: [
      {
        name: 'x',
        type: { tensorType: { elemType: inputType, shape: { dim: [{ dimParam: 'N' }, { dimValue: 8 }] } } },
      },
    ],
    output: kinds.map((kind) => ({ name: kind, type: KINDS[kind].type })),
    initializer: [stored('w', [8, 4])],
  };
  const opsetImport = [
    { domain: '', version: 16 },
    { domain: 'ai.onnx.ml', version: 1 },
  ];
  return ModelProto.encode({ irVersion: 8, opsetImport, graph }).finish();
}

const dataset = arrayDataset({ inputs: { x: { data: new Random(3).floats(40 * 8, 1), dims: [40, 8] } } });

describe('a model is judged by the first output that is a tensor of numbers, which is named', () => {
  it.each<[Kind[], string]>([
    [['sequence', 'scores'], 'scores'],
    [['label', 'map'], 'label'],
    [['map', 'label', 'scores'], 'label'],
    [['names', 'scores', 'sequence'], 'scores'],
    [['optional', 'sequence', 'scores'], 'scores'],
    [['scores', 'names'], 'scores'],
  ])('%j: %s', async (kinds, output) => {
    const model = modelOf(kinds);
    const result = await evaluate({ model, reference: model, dataset, threads: 1 });
    expect(result).toMatchObject({ output, agreement: 1 });
    expect(result.warnings).toEqual([expect.stringMatching(`^judged by output '${output}'; not looked at: '`)]);
    const others = kinds.filter((kind) => kind !== 'scores' && kind !== 'label');
    for (const other of others) expect(result.warnings[0]).toContain(`'${other}' (`);
  });

  it('says nothing where all outputs are such tensors', async () => {
    expect((await evaluate({ model: modelOf(['scores', 'label']), dataset, threads: 1 })).warnings).toEqual([]);
  });

  it.each<[Kind[]]>([[['sequence']], [['map', 'names']], [['optional']], [['names']], [['map']]])(
    '%j: there is none',
    async (kinds) => {
      const refused = evaluate({ model: modelOf(kinds), dataset, threads: 1 });
      await expect(refused).rejects.toMatchObject({ code: 'DATASET' });
      await expect(refused).rejects.toThrow(`expected an output that is a tensor of numbers, got '${kinds[0]}' (`);
    },
  );

  it('searches refuse a model without any, whatever they run first', async () => {
    const search = searchBudget(openOnnx(modelOf(['sequence'])), { dataset, threads: 1 });
    await expect(search).rejects.toThrow("expected an output that is a tensor of numbers, got 'sequence' (");
    await expect(search).rejects.toMatchObject({ code: 'DATASET' });
  });

  it('refuses another one that is asked for, and says what it is', async () => {
    const options = { model: modelOf(['sequence', 'scores']), dataset, threads: 1 };
    await expect(evaluate({ ...options, output: 'sequence' })).rejects.toThrow(
      "output 'sequence': expected a tensor of numbers, got a sequence, a map or an optional; the model's outputs that can be judged are 'scores'",
    );
    await expect(evaluate({ ...options, output: 'nothing' })).rejects.toThrow(/which are 'scores'; 'sequence' \(/);
    expect(() => decidingOutput({ outputNames: [], leftOut: [] })).toThrow(/got none/);
  });

  it('so do searches and the sensitivity of layers', async () => {
    const model = openOnnx(modelOf(['sequence', 'scores']));
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    const { points } = await searchBudget(model, { dataset, maxLoss: 50, threads: 1, onNote });
    expect(points.length).toBeGreaterThan(0);
    const compressed = await cluster({ clusters: 3 }).run(model);
    expect(await sensitivity(model, compressed, { dataset, threads: 1, onNote })).toMatchObject({ output: 'scores' });
    expect(notes).toEqual(new Array(2).fill(expect.stringMatching(/^judged by output 'scores'/)));
  });
});

it('names an input of strings, which cannot be fed', async () => {
  await expect(evaluate({ model: modelOf(['scores'], STRING), dataset, threads: 1 })).rejects.toThrow(
    "model: expected input 'x' to be a tensor of numbers, got strings; such models cannot be run",
  );
});

describe('what gradients go back from is the first output of floats', () => {
  it.each<[Kind[], string | RegExp]>([
    [['sequence', 'scores'], 'scores'],
    [['label', 'scores'], 'scores'],
    [['names', 'map', 'scores'], 'scores'],
    [['optional', 'scores'], 'scores'],
    [['label', 'map'], /expected an output of floats to go by, got 'label', 'map'/],
    [['sequence'], /got 'sequence', which are of another kind/],
  ])('%j', (kinds, expected) => {
    const first = () => firstOutput(openModel(graphOf(openOnnx(modelOf(kinds))).open));
    if (typeof expected === 'string') expect(first()).toBe(expected);
    else expect(first).toThrow(expected);
  });

  it('calibration and training work on such models, too', async () => {
    const model = openOnnx(modelOf(['sequence', 'label', 'scores']));
    for (const stage of [calibrate({ dataset, threads: 1 }), tune({ dataset, epochs: 1, batchSize: 8, threads: 1 })]) {
      const changed = await stage.run(model);
      expect(changed.tensors[0].payload.read()).not.toEqual(model.tensors[0].payload.read());
    }
  });
});
