/** What holds for any edits of any model. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edit, type ModelEditor } from '../../../src/graph/edit/edit.js';
import type { EditedGraph } from '../../../src/graph/edit/graph.js';
import { openOnnx } from '../../../src/onnx/open.js';
import { generatedModels } from '../../support/models.js';
import { packageModels } from '../../support/packages.js';
import { answers, complaints, decoded, expectAlike, filesOf, mainOf, openGenerated, reopened } from './support.js';

const models = generatedModels();

/** Models that ONNX Runtime answers on inputs that the tests can make. */
const runnable = models.filter(({ runnable, name }) => runnable && !/complex|bfloat|int4|float8/.test(name));

/** Every graph of a model: the main one, functions, and those inside of them. */
function graphsOf(editor: ModelEditor): EditedGraph[] {
  const within = (graph: EditedGraph): EditedGraph[] => [
    graph,
    ...graph.nodes.flatMap((node) => graph.nested(node).flatMap(within)),
  ];
  return [editor.graph, ...editor.functions.values()].flatMap(within);
}

/** Values that nodes of a graph make. */
const madeIn = (graph: EditedGraph) => graph.nodes.flatMap(({ outputs }) => outputs.filter(Boolean));

const identityOf = (graph: EditedGraph) => (value: string) =>
  graph.insert({ opType: 'Identity', input: [value] }).outputs[0];

/** Edits that leave the answers as they are, each given a graph and a number to choose by. */
const EDITS: Record<string, (graph: EditedGraph, pick: number) => void> = {
  interpose(graph, pick) {
    const values = madeIn(graph);
    if (values.length > 0) graph.interpose(values[pick % values.length], identityOf(graph));
  },
  interposeOne(graph, pick) {
    const readers = graph.nodes.filter(({ inputs }) => inputs.some(Boolean));
    const node = readers[pick % readers.length];
    const value = node?.inputs.find(Boolean);
    if (value) graph.interpose(value, identityOf(graph), (use) => use.node === node);
  },
  rename(graph, pick) {
    const values = madeIn(graph).filter((value) => !graph.outputs.includes(value));
    const value = values[pick % values.length];
    if (value) graph.rename(value, graph.fresh(`renamed/${value}`));
  },
  renameTensor(graph, pick) {
    const name = graph.initializers[pick % graph.initializers.length];
    if (name) graph.rename(name, graph.fresh('tensor'));
  },
  bypass(graph, pick) {
    const nodes = graph.nodes.filter(({ opType, domain }) => opType === 'Identity' && domain === '');
    const node = nodes[pick % nodes.length];
    if (node && !graph.inputs.includes(node.outputs[0])) graph.bypass(node);
  },
  store(graph, pick) {
    graph.store('W', { dtype: 'float32', dims: [pick % 3], bytes: new Uint8Array(4 * (pick % 3)) });
  },
  // A reader that stands before what it reads: the order has to be mended.
  early(graph, pick) {
    const values = madeIn(graph);
    const [first] = graph.nodes;
    if (first) graph.insertBefore(first, { opType: 'Identity', input: [values[pick % values.length]] });
  },
  replace(graph, pick) {
    const nodes = graph.nodes.filter(({ opType }) => opType === 'Identity' || opType === 'MatMul');
    const node = nodes[pick % nodes.length];
    if (node) graph.replace(node, { ...node.decode(), name: 'replaced' });
  },
  removeAndRestore(graph, pick) {
    const node = graph.nodes[pick % graph.nodes.length];
    if (!node) return;
    graph.remove(node);
    graph.restore(node);
  },
  declare(graph, pick) {
    const value = madeIn(graph)[0];
    if (value && !graph.outputs.includes(value)) graph.undeclare(value);
    if (value && pick % 2 === 0 && !graph.outputs.includes(value)) graph.rename(value, graph.fresh('declared'));
  },
};

const steps = fc.array(
  fc.record({ edit: fc.constantFrom(...Object.keys(EDITS)), graph: fc.nat(99), pick: fc.nat(999) }),
  { minLength: 1, maxLength: 12 },
);
const seeded = { seed: 7, numRuns: 6 };

function make(editor: ModelEditor, sequence: readonly { edit: string; graph: number; pick: number }[]): void {
  for (const { edit: name, graph, pick } of sequence) {
    const graphs = graphsOf(editor);
    EDITS[name](graphs[graph % graphs.length], pick);
  }
}

describe('any sequence of edits', () => {
  it.each(models)('$name: can be taken back, and leaves a legal model', (generated) => {
    const model = openGenerated(generated);
    const before = mainOf(model);
    const known = new Set(complaints(model));
    fc.assert(
      fc.property(steps, (sequence) => {
        const editor = edit(model);
        make(editor, sequence);
        const edited = editor.finish();
        expect(complaints(edited).filter((complaint) => !known.has(complaint))).toEqual([]);
        expect(complaints(reopened(edited)).filter((complaint) => !known.has(complaint))).toEqual([]);
        // Every tensor that there was is there still, with the payload that it had.
        const payloads = new Set(edited.tensors.map((tensor) => Buffer.from(tensor.payload.read()).toString('base64')));
        for (const tensor of model.tensors) {
          expect(payloads.has(Buffer.from(tensor.payload.read()).toString('base64')), tensor.name).toBe(true);
        }
        // To finish changes nothing, and neither the editor nor the model is worn out by it.
        expect(mainOf(editor.finish()).equals(mainOf(edited))).toBe(true);
        editor.undo();
        expect(mainOf(editor.finish()).equals(before)).toBe(true);
        make(editor, sequence);
        editor.undo();
        expect(mainOf(edit(model).finish()).equals(before)).toBe(true);
        expect(filesOf(model).size).toBe(1 + Object.keys(generated.external ?? {}).length);
      }),
      seeded,
    );
  });

  it.each(runnable)('$name: answers as before', async (generated) => {
    const model = openGenerated(generated);
    const expected = await answers(model);
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const editor = edit(model);
        make(editor, sequence);
        expectAlike(await answers(editor.finish()), expected);
      }),
      { ...seeded, numRuns: 2 },
    );
  });
});

describe('an edit and the one that takes it back, in files of their own', () => {
  it.each(models)('$name', (generated) => {
    const model = openGenerated(generated);
    const before = mainOf(model);
    const both = (there: (graph: EditedGraph) => unknown, back: (graph: EditedGraph) => unknown) => {
      const editor = edit(model);
      for (const graph of graphsOf(editor)) there(graph);
      const edited = reopened(editor.finish());
      const again = edit(edited);
      for (const graph of graphsOf(again)) back(graph);
      return mainOf(again.finish());
    };
    const added = (graph: EditedGraph) => graph.nodes.filter(({ name }) => name === 'added');
    const removeAdded = (graph: EditedGraph) => {
      for (const node of added(graph)) graph.bypass(node);
    };
    // Lengths that were longer than they had to be are written in as many bytes, as long as those are enough.
    if (/overlong/.test(generated.name)) return;
    expect(
      both(
        (graph) => madeIn(graph)[0] && graph.insert({ opType: 'Identity', name: 'added', input: [madeIn(graph)[0]] }),
        (graph) => added(graph).map((node) => graph.remove(node)),
      ).equals(before),
      'insert',
    ).toBe(true);
    expect(
      both(
        (graph) =>
          madeIn(graph)
            .slice(-1)
            .map((value) =>
              graph.interpose(value, (x) => graph.insert({ opType: 'Identity', name: 'added', input: [x] }).outputs[0]),
            ),
        removeAdded,
      ).equals(before),
      'interpose',
    ).toBe(true);
    expect(
      both(
        (graph) => madeIn(graph).map((value) => graph.rename(value, `there and back: ${value}`)),
        (graph) => madeIn(graph).map((value) => graph.rename(value, value.replace('there and back: ', ''))),
      ).equals(before),
      'rename',
    ).toBe(true);
    expect(
      both(
        (graph) => graph.store('added tensor', { dtype: 'int8', dims: [300], bytes: new Uint8Array(300).fill(7) }),
        (graph) => {
          for (const name of [...graph.initializers, ...madeIn(graph)]) {
            if (name.startsWith('added tensor')) graph.dropTensor(name);
          }
        },
      ).equals(before),
      'store',
    ).toBe(true);
  });
});

describe('models from packages', () => {
  const paths = [...packageModels(), 'models/lenet-300-100.onnx', 'models/lenet-5.onnx'];

  it.each(paths)('%s', async (path) => {
    const bytes = readFileSync(path);
    const model = openOnnx(bytes);
    const editor = edit(model);
    const known = new Set(complaints(model));
    const expected = await answers(model);
    const sequence = fc.sample(steps, { seed: 3, numRuns: 3 }).flat();
    make(editor, sequence);
    for (const graph of graphsOf(editor))
      for (const value of madeIn(graph).slice(-2)) graph.interpose(value, identityOf(graph));
    const edited = editor.finish();
    expect(decoded(edited).graph?.node?.length).toBeGreaterThan(decoded(model).graph?.node?.length ?? 0);
    expect(complaints(edited).filter((complaint) => !known.has(complaint))).toEqual([]);
    expectAlike(await answers(edited), expected);
    // The Identities out again, the names back: as it was to begin with.
    editor.undo();
    expect(mainOf(editor.finish()).equals(bytes)).toBe(true);
  });
});
