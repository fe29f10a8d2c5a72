import type { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { int, tensor as tensorAttribute } from '../../../src/graph/attributes.js';
import { edit } from '../../../src/graph/edit/edit.js';
import { EditError } from '../../../src/graph/edit/error.js';
import type { ByteSource, Model } from '../../../src/model/model.js';
import { readWeights } from '../../../src/model/weights.js';
import { readRecords, withRecord } from '../../../src/onnx/metadata.js';
import { openOnnx } from '../../../src/onnx/open.js';
import { prune } from '../../../src/stages/prune.js';
import { generatedModel } from '../../support/models.js';
import {
  attrGraph,
  attrInt,
  attrTensor,
  constant,
  functionProto,
  type GraphFields,
  graphProto,
  keyValue,
  type ModelFields,
  modelProto,
  node,
  valueInfo,
} from '../../support/onnx-builder.js';
import { bytesField, bytesOf, concat, groupField, textField, varintField } from '../../support/protobuf.js';
import { floats, raw } from '../../support/tensors.js';
import { answers, complaints, decoded, expectAlike, mainOf, openGenerated, reopened } from './support.js';

const float = (...values: number[]) => bytesOf(Float32Array.from(values));
const scalar = (value: number) => ({ dtype: 'float32' as const, dims: [], bytes: float(value) });

/** X [batch, 4] to Y through two layers, the first with a bias. */
const twoLayers = (more: GraphFields = {}, fields: ModelFields = {}): Model =>
  openOnnx(
    modelProto({
      ...fields,
      graph: {
        nodes: [
          node('Gemm', ['X', 'A', 'b'], ['h'], [], { name: 'first' }),
          node('Relu', ['h'], ['r']),
          node('MatMul', ['r', 'B'], ['Y']),
        ],
        initializers: [floats('A', [4, 5]).proto, floats('b', [5]).proto, floats('B', [5, 3]).proto],
        inputs: [valueInfo('X', 'float32', ['batch', 4])],
        outputs: [valueInfo('Y', 'float32', ['batch', 3])],
        valueInfos: [valueInfo('h', 'float32', ['batch', 5]), valueInfo('r', 'float32', ['batch', 5])],
        ...more,
      },
    }),
  );

const opsOf = (model: Model) => decoded(model).graph?.node?.map(({ opType }) => opType);
const nodeNamed = (model: Model, output: string) =>
  decoded(model).graph?.node?.find((each) => each.output?.includes(output)) as onnx.INodeProto;
const valuesDeclared = (model: Model) => decoded(model).graph?.valueInfo?.map(({ name }) => name);

describe('nodes', () => {
  it('stand after what they read, wherever they were put', async () => {
    const model = twoLayers();
    const editor = edit(model);
    const { graph } = editor;
    const [gemm] = graph.nodes;
    const [late] = graph.insertBefore(gemm, { opType: 'Identity', input: ['r'] }).outputs;
    graph.insertBefore(gemm, { opType: 'Identity', input: [late], output: ['later'] });
    graph.nodes.at(-1)?.setInput(0, 'later');
    const edited = editor.finish();
    expect(complaints(edited)).toEqual([]);
    expect(opsOf(edited)).toEqual(['Gemm', 'Relu', 'Identity', 'Identity', 'MatMul']);
    expectAlike(await answers(edited), await answers(model));
  });

  it('are taken in the order that they have, where that is legal', () => {
    const editor = edit(twoLayers());
    const { graph } = editor;
    const [gemm, relu] = graph.nodes;
    graph.insertAfter(relu, { opType: 'Neg', input: ['X'] });
    graph.insertAfter(gemm, { opType: 'Abs', input: ['X'] });
    graph.insert({ opType: 'Sign', input: ['X'] });
    graph.insert({ opType: 'Exp', input: ['h', 'B'] });
    expect(opsOf(editor.finish())).toEqual(['Sign', 'Gemm', 'Exp', 'Abs', 'Relu', 'Neg', 'MatMul']);
  });

  it('are left in disorder where the file has them so, and new ones are not', () => {
    const { nodes } = { nodes: [node('Relu', ['h'], ['Y']), node('Neg', ['X'], ['h'])] };
    const model = twoLayers({ nodes });
    const editor = edit(model);
    editor.graph.interpose('h', (h) => editor.graph.insert({ opType: 'Abs', input: [h] }).outputs[0]);
    expect(opsOf(editor.finish())).toEqual(['Neg', 'Abs', 'Relu']);
    editor.undo();
    editor.graph.insert({ opType: 'Abs', input: ['X'], output: ['unread'] });
    expect(opsOf(editor.finish())).toEqual(['Abs', 'Relu', 'Neg']);
  });

  it('of a graph in two parts are brought in order across them', async () => {
    const rest = { inputs: [valueInfo('X', 'float32', [2])], outputs: [valueInfo('Y', 'float32')] };
    const first = graphProto({ ...rest, nodes: [node('Neg', ['X'], ['a'])] });
    const second = graphProto({ name: 'graph', nodes: [node('Abs', ['a'], ['b']), node('Neg', ['b'], ['Y'])] });
    const model = openOnnx(modelProto({ graph: first, after: bytesField(7, second) }));
    const editor = edit(model);
    const [neg] = editor.graph.nodes;
    const { outputs } = editor.graph.insertBefore(neg, { opType: 'Identity', input: ['b'] });
    editor.graph.nodes.at(-1)?.setInput(0, outputs[0]);
    const edited = editor.finish();
    expect(opsOf(edited)).toEqual(['Neg', 'Abs', 'Identity', 'Neg']);
    expect(complaints(edited)).toEqual([]);
    expectAlike(await answers(edited), await answers(model));
    expect(editor.graph.nodes.map(({ opType }) => opType)).toEqual(['Identity', 'Neg', 'Abs', 'Neg']);
  });

  it('can be replaced by others that make the same values', async () => {
    const model = twoLayers();
    const editor = edit(model);
    const { graph } = editor;
    const [gemm] = graph.nodes;
    graph.replace(
      gemm,
      { opType: 'MatMul', input: ['X', 'A'], output: ['product'] },
      { opType: 'Add', input: ['product', 'b'], output: ['h'] },
    );
    const edited = editor.finish();
    expect(opsOf(edited)).toEqual(['MatMul', 'Add', 'Relu', 'MatMul']);
    expectAlike(await answers(edited), await answers(model));
    expect(gemm.isRemoved).toBe(true);
  });

  it('keep what is not changed, with attributes set and removed', () => {
    const model = twoLayers();
    const editor = edit(model);
    const [gemm] = editor.graph.nodes;
    gemm.setAttribute(int('transB', 1));
    gemm.setAttribute(int('transA', 1));
    gemm.setAttribute(int('transB', 0));
    expect(Number(gemm.attribute('transB')?.i)).toBe(0);
    expect(nodeNamed(editor.finish(), 'h').attribute?.map(({ name }) => name)).toEqual(['transB', 'transA']);
    gemm.removeAttribute('transB');
    gemm.removeAttribute('transA');
    gemm.setOp('Gemm2', 'foreign');
    gemm.setOp('Gemm', '');
    expect(gemm).toMatchObject({ opType: 'Gemm', domain: '', name: 'first', inputs: ['X', 'A', 'b'], outputs: ['h'] });
    gemm.cutInputs(2);
    gemm.setInput(3, 'A');
    expect(gemm.inputs).toEqual(['X', 'A', '', 'A']);
  });
});

describe('values', () => {
  it('have something put between them and their readers, of which some can be named', async () => {
    const model = twoLayers();
    const editor = edit(model);
    const { graph } = editor;
    const twice = (value: string) => graph.insert({ opType: 'Add', input: [value, value] }).outputs[0];
    const half = graph.store('half', scalar(0.5));
    const halved = (value: string) => graph.insert({ opType: 'Mul', input: [value, half] }).outputs[0];
    expect(graph.interpose('Y', (y) => halved(twice(y)))).toBe('Y');
    graph.interpose('X', (x) => halved(twice(x)));
    graph.interpose(
      'B',
      (b) => halved(twice(b)),
      ({ node }) => node?.opType === 'MatMul',
    );
    const edited = editor.finish();
    expect(decoded(edited).graph?.output?.map(({ name }) => name)).toEqual(['Y']);
    expect(complaints(edited)).toEqual([]);
    expectAlike(await answers(edited), await answers(model));
  });

  it('are renamed wherever they are spoken of, inputs and outputs of the model among them', () => {
    const branch = (name: string) =>
      graphProto({
        nodes: [node('Add', ['h', 'inner'], [name])],
        initializers: [floats('inner', [1]).proto],
        outputs: [valueInfo(name, 'float32')],
      });
    const hiding = graphProto({
      nodes: [node('Neg', ['X'], ['h']), node('Abs', ['h'], ['z'])],
      outputs: [valueInfo('z', 'float32')],
    });
    const model = twoLayers({
      nodes: [
        node('Neg', ['X'], ['h']),
        node('If', ['c'], ['Y'], [attrGraph('then_branch', branch('y')), attrGraph('else_branch', hiding)]),
      ],
      after: bytesField(14, concat(textField(1, 'h'), bytesField(2, keyValue('SCALE_TENSOR', 'b')))),
    });
    const editor = edit(model);
    const { graph } = editor;
    for (const [from, to] of [
      ['X', 'image'],
      ['Y', 'scores'],
      ['h', 'hidden'],
      ['b', 'bias'],
    ])
      graph.rename(from, to);
    const proto = decoded(editor.finish()).graph;
    expect(proto?.input?.[0].name).toBe('image');
    expect(proto?.output?.[0].name).toBe('scores');
    expect(proto?.initializer?.map(({ name }) => name)).toEqual(['A', 'bias', 'B']);
    expect(valuesDeclared(editor.finish())).toContain('hidden');
    expect(proto?.quantizationAnnotation?.[0]).toMatchObject({
      tensorName: 'hidden',
      quantParameterTensorNames: [{ value: 'bias' }],
    });
    const [yes, no] = proto?.node?.[1].attribute?.map(({ g }) => g?.node) ?? [];
    expect(yes?.[0].input).toEqual(['hidden', 'inner']);
    // The branch that has a value of its own under the name keeps it.
    expect(no?.map(({ input, output }) => [input, output])).toEqual([
      [['image'], ['h']],
      [['h'], ['z']],
    ]);
  });

  it('that are an output of the model cede their name where they are bypassed', async () => {
    const nodes = [node('Relu', ['X'], ['r']), node('Identity', ['r'], ['Y']), node('Identity', ['X'], ['Z'])];
    const model = twoLayers({ nodes, outputs: ['Y', 'Z'].map((name) => valueInfo(name, 'float32')) });
    const editor = edit(model);
    for (const each of editor.graph.nodes) if (each.opType === 'Identity') editor.graph.bypass(each);
    const edited = editor.finish();
    // An input cannot be called what the output is called.
    expect(opsOf(edited)?.sort()).toEqual(['Identity', 'Relu']);
    expect(nodeNamed(edited, 'Y').opType).toBe('Relu');
    expectAlike(await answers(edited), await answers(model));
  });

  it('have no declaration left where they are gone, and a new one where one is made', () => {
    const editor = edit(twoLayers());
    const { graph } = editor;
    graph.bypass(graph.nodes[1]);
    expect(valuesDeclared(editor.finish())).toEqual(['h']);
    graph.declare('h', 'float16', ['N', 5]);
    graph.declare('new', 'int8');
    const { elemType, shape } = decoded(editor.finish()).graph?.valueInfo?.[0].type?.tensorType ?? {};
    expect(elemType).toBe(10);
    expect(shape?.dim).toMatchObject([{ dimParam: 'N' }, { dimValue: expect.anything() }]);
    // Nothing makes it: to declare it was of no use.
    expect(valuesDeclared(editor.finish())).toEqual(['h']);
    graph.undeclare('h');
    expect(valuesDeclared(editor.finish())).toEqual([]);
  });

  it('are renamed in training information', () => {
    const algorithm = graphProto({ nodes: [node('Neg', ['B'], ['B_new'])], outputs: [valueInfo('B_new', 'float32')] });
    const training = concat(bytesField(2, algorithm), bytesField(4, keyValue('B', 'B_new')));
    const editor = edit(twoLayers({}, { after: bytesField(20, training) }));
    editor.graph.rename('B', 'weight');
    const [info] = decoded(editor.finish()).trainingInfo ?? [];
    expect(info.algorithm?.node?.[0].input).toEqual(['weight']);
    expect(info.updateBinding).toMatchObject([{ key: 'weight', value: 'B_new' }]);
    editor.graph.nodes
      .at(-1)
      ?.setInput(1, editor.graph.store('other', { dtype: 'float32', dims: [5, 3], bytes: new Uint8Array(60) }));
    expect(editor.graph.dropUnused()).toEqual([]);
  });
});

describe('branches, bodies and functions', () => {
  it.each(['If in If', 'Loop in Scan', 'function with a Constant weight, called twice'])('%s', async (name) => {
    const model = openGenerated(generatedModel(name));
    const editor = edit(model);
    const within = (graph: typeof editor.graph): (typeof editor.graph)[] => [
      graph,
      ...graph.nodes.flatMap((each) => graph.nested(each).flatMap(within)),
    ];
    const graphs = [editor.graph, ...editor.functions.values()].flatMap(within);
    expect(graphs.length).toBeGreaterThan(1);
    for (const graph of graphs) {
      const zero = graph.store('zero', scalar(0));
      for (const { opType, outputs } of graph.nodes.filter((each) => each.opType === 'MatMul')) {
        expect(opType).toBe('MatMul');
        graph.interpose(outputs[0], (value) => graph.insert({ opType: 'Add', input: [value, zero] }).outputs[0]);
      }
    }
    const edited = editor.finish();
    expect(complaints(edited)).toEqual([]);
    expectAlike(await answers(edited), await answers(model));
  });

  it('know values of the graph around them', () => {
    const branch = (name: string) =>
      graphProto({ nodes: [node('Neg', ['X'], [name])], outputs: [valueInfo(name, 'float32')] });
    const branches = [attrGraph('then_branch', branch('y')), attrGraph('else_branch', branch('y'))];
    const editor = edit(twoLayers({ nodes: [node('If', ['c'], ['Y'], branches)] }));
    const { graph } = editor;
    expect(graph.uses('X').map(({ node: reader }) => reader?.opType)).toEqual(['Neg', 'Neg']);
    graph.interpose('X', (x) => graph.insert({ opType: 'Abs', input: [x], output: ['positive'] }).outputs[0]);
    const [then] = graph.nested(graph.nodes[1]);
    expect(then.nodes[0].inputs).toEqual(['positive']);
    expect(() => then.insert({ opType: 'Abs', input: ['X'], output: ['positive'] })).toThrow(/name of another value/);
    expect(then.fresh('positive')).toBe('positive_1');
    expect(opsOf(editor.finish())).toEqual(['Abs', 'If']);
  });

  it('can be added: functions that nodes call', async () => {
    const model = twoLayers({}, { irVersion: 7 });
    const editor = edit(model);
    editor.useOpset('test.local', 1);
    const body = editor.addFunction({
      name: 'Same',
      domain: 'test.local',
      input: ['x'],
      output: ['y'],
      opsetImport: [{ domain: '', version: 17 }],
      node: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
    });
    body.interpose('x', (x) => body.insert({ opType: 'Mul', input: [x, body.store('one', scalar(1))] }).outputs[0]);
    editor.graph.interpose(
      'h',
      (h) => editor.graph.insert({ opType: 'Same', domain: 'test.local', input: [h] }).outputs[0],
    );
    const edited = editor.finish();
    expect([...editor.functions.keys()]).toEqual(['test.local:Same']);
    expect(editor.irVersion).toBe(8);
    expectAlike(await answers(edited), await answers(model));
    editor.undo();
    expect(mainOf(editor.finish()).equals(mainOf(model))).toBe(true);
  });
});

describe('tensors', () => {
  it('are replaced, of another type and with what turns them back', async () => {
    const model = twoLayers();
    const editor = edit(model);
    const { graph } = editor;
    const weights = readWeights(graph.tensor('A')?.record as Model['tensors'][number]);
    const scale = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    const codes = Int8Array.from(weights, (value) => Math.round(value / scale));
    graph.interpose('A', (codes) => {
      const input = [codes, graph.store('A/scale', scalar(scale))];
      return graph.insert({ opType: 'DequantizeLinear', input }).outputs[0];
    });
    graph.setTensor('A', { dtype: 'int8', dims: [4, 5], bytes: bytesOf(codes) });
    const edited = editor.finish();
    expect(edited.tensors.find(({ name }) => name === 'A')).toMatchObject({ dtype: 'int8', dims: [4, 5], length: 20 });
    expect(graph.tensor('A')).toEqual({ name: 'A', dtype: 'int8', dims: [4, 5], record: undefined });
    const [before, after] = [await answers(model), await answers(edited)];
    for (const [i, value] of Array.from(before[0].Y.data).entries()) {
      expect(Number(after[0].Y.data[i])).toBeCloseTo(Number(value), 2);
    }
  });

  it('of Constants are replaced as well, those that are plain numbers included', async () => {
    const nodes = [
      constant('one', concat(textField(1, 'value_float'), concat(Uint8Array.of(0x15), float(1)), varintField(20, 1))),
      constant('two', attrTensor('value', raw('', 'float32', [], float(2)).proto)),
      node('Add', ['X', 'one'], ['h']),
      node('Mul', ['h', 'two'], ['Y']),
    ];
    const editor = edit(twoLayers({ nodes }));
    editor.graph.setTensor('one', scalar(3));
    editor.graph.setTensor('two', scalar(5));
    const expected = await answers(
      twoLayers({
        nodes: [...nodes.slice(2)],
        initializers: [raw('one', 'float32', [], float(3)).proto, raw('two', 'float32', [], float(5)).proto],
      }),
    );
    expectAlike(await answers(editor.finish()), expected);
    editor.graph.dropTensor('one');
    expect(() => editor.finish()).toThrow(EditError);
  });

  it('go with those that read them, and only then', () => {
    const editor = edit(twoLayers());
    const { graph } = editor;
    const [gemm] = graph.nodes;
    graph.redirect('h', 'X');
    expect(graph.removeUnread('h').sort()).toEqual(['A', 'b', 'h']);
    expect(gemm.isRemoved).toBe(true);
    expect(graph.initializers).toEqual(['B']);
    graph.store('unread', scalar(1));
    expect(graph.dropUnused()).toEqual(['unread']);
    expect(opsOf(editor.finish())).toEqual(['Relu', 'MatMul']);
  });

  it('are listed among the inputs as long as the format wants it', async () => {
    const listed = [
      valueInfo('X', 'float32', ['batch', 4]),
      valueInfo('A', 'float32', [4, 5]),
      valueInfo('b', 'float32', [5]),
      valueInfo('B', 'float32', [5, 3]),
    ];
    const model = twoLayers({ inputs: listed }, { irVersion: 3, opset: 8 });
    const editor = edit(model);
    const { graph } = editor;
    const half = graph.store('half', scalar(0.5));
    graph.interpose('r', (r) => graph.insert({ opType: 'Mul', input: [r, half] }).outputs[0]);
    graph.setTensor('b', { dtype: 'float32', dims: [1, 5], bytes: float(1, 2, 3, 4, 5) });
    expect(graph.inputs).toEqual(['X', 'A', 'b', 'B', 'half']);
    const edited = editor.finish();
    expect(complaints(edited)).toEqual([]);
    expect(
      decoded(edited).graph?.input?.[2].type?.tensorType?.shape?.dim?.map(({ dimValue }) => Number(dimValue)),
    ).toEqual([1, 5]);
    await answers(edited);
    graph.dropTensor('half');
    expect(graph.inputs).not.toContain('half');
    editor.undo();
    editor.useIrVersion(8);
    expect(graph.inputs).toEqual(['X']);
    editor.useOpset('', 13);
    expect(editor.opset()).toBe(13);
    expectAlike(await answers(editor.finish()), await answers(model));
  });

  it('of branches in old files go where they are no input of the branch', () => {
    const branch = graphProto({ nodes: [node('Neg', ['X'], ['y'])], outputs: [valueInfo('y', 'float32')] });
    const nodes = [node('If', ['c'], ['Y'], [attrGraph('then_branch', branch), attrGraph('else_branch', branch)])];
    const editor = edit(twoLayers({ nodes, initializers: [] }, { irVersion: 3 }));
    const [then] = editor.graph.nested(editor.graph.nodes[0]);
    then.interpose('y', (y) => then.insert({ opType: 'Add', input: [y, then.store('one', scalar(1))] }).outputs[0]);
    expect(then.inputs).toEqual([]);
    expect(editor.graph.initializers).toEqual(['one']);
    expect(complaints(editor.finish()).filter((complaint) => !/reads c$/.test(complaint))).toEqual([]);
  });
});

/** Fields of the future, a group and an overlong varint. */
const STRANGE = concat(
  varintField(900, 5, 9),
  groupField(901, textField(1, 'group')),
  bytesField(902, textField(1, 'future')),
);

describe('fields from the future', () => {
  const w = raw('W', 'float32', [2], float(1, 2), { before: STRANGE, after: STRANGE });
  const model = openOnnx(
    modelProto({
      before: STRANGE,
      graph: {
        before: STRANGE,
        nodes: [
          concat(STRANGE, node('Mul', ['X', 'W'], ['h'], [concat(attrInt('kept', 1), STRANGE)]), STRANGE),
          node('Relu', ['h'], ['Y']),
        ],
        initializers: [w.proto],
        inputs: [valueInfo('X', 'float32', [2])],
        outputs: [concat(valueInfo('Y', 'float32', [2]), STRANGE)],
        between: STRANGE,
        after: STRANGE,
      },
      functions: [
        concat(
          functionProto({ domain: 'd', name: 'f', inputs: ['x'], outputs: ['y'], nodes: [node('Neg', ['x'], ['y'])] }),
          STRANGE,
        ),
      ],
      after: STRANGE,
    }),
  );
  const count = (bytes: Buffer) => bytes.toString('latin1').split(Buffer.from(STRANGE).toString('latin1')).length - 1;

  it('stay wherever something beside them is changed', () => {
    const editor = edit(model);
    const { graph } = editor;
    const [mul] = graph.nodes;
    graph.rename('X', 'input');
    graph.rename('W', 'weight');
    graph.rename('Y', 'output');
    mul.setAttribute(int('kept', 7));
    graph.setTensor('weight', { dtype: 'float16', dims: [1, 2], bytes: new Uint8Array(4) });
    graph.interpose('output', (y) => graph.insert({ opType: 'Neg', input: [y] }).outputs[0]);
    graph.interpose('h', (h) => graph.insert({ opType: 'Cast', input: [h], attribute: [int('to', 10)] }).outputs[0]);
    graph.declare('output', 'float16', [1, 2]);
    const body = editor.functions.get('d:f');
    body?.interpose('x', (x) => body.insert({ opType: 'Abs', input: [x] }).outputs[0]);
    editor.useOpset('', 21);
    const edited = editor.finish();
    expect(count(mainOf(model))).toBe(12);
    expect(count(mainOf(edited))).toBe(12);
    expect(Number(nodeNamed(edited, 'h').attribute?.[0].i)).toBe(7);
    expect(complaints(edited)).toEqual([]);
    editor.undo();
    expect(mainOf(editor.finish()).equals(mainOf(model))).toBe(true);
  });
});

describe('what is wrong', () => {
  const problem = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof EditError) return [error.problem, error.value];
      throw error;
    }
    return undefined;
  };

  it('is told by kind and name', () => {
    const editor = edit(twoLayers());
    const { graph } = editor;
    const [gemm, relu] = graph.nodes;
    expect(problem(() => graph.insert({ opType: 'Neg', input: ['X'], output: ['r'] }))).toEqual(['NAME_TAKEN', 'r']);
    expect(problem(() => graph.rename('h', 'A'))).toEqual(['NAME_TAKEN', 'A']);
    expect(problem(() => graph.rename('nowhere', 'x'))).toEqual(['NOT_FOUND', 'nowhere']);
    expect(problem(() => graph.setTensor('h', scalar(1)))).toEqual(['NOT_FOUND', 'h']);
    expect(problem(() => graph.dropTensor('X'))).toEqual(['NOT_FOUND', 'X']);
    expect(problem(() => graph.restore(gemm))).toEqual(['NOT_FOUND', 'h']);
    expect(() => graph.store('short', { dtype: 'float32', dims: [2], bytes: new Uint8Array(4) })).toThrow(
      /needs 8 bytes/,
    );
    expect(() => gemm.setAttribute({ name: 'g', g: {} })).toThrow(TypeError);
    expect(mainOf(editor.finish()).equals(mainOf(twoLayers()))).toBe(true);
    graph.remove(relu);
    expect(problem(() => editor.finish())).toEqual(['DANGLING', 'r']);
    graph.restore(relu);
    gemm.setInput(0, 'r');
    expect(problem(() => editor.finish())).toEqual(['CYCLE', 'h']);
    gemm.setInput(0, 'h');
    expect(problem(() => editor.finish())).toEqual(['CYCLE', 'h']);
    gemm.setInput(0, 'X');
    expect(mainOf(editor.finish()).equals(mainOf(twoLayers()))).toBe(true);
  });

  it('was wrong before is let be', () => {
    const model = twoLayers({ nodes: [node('Add', ['X', 'nowhere'], ['Y'])] });
    const editor = edit(model);
    editor.graph.interpose('Y', (y) => editor.graph.insert({ opType: 'Neg', input: [y] }).outputs[0]);
    expect(opsOf(editor.finish())).toEqual(['Add', 'Neg']);
  });
});

describe('payloads', () => {
  it('are not read to edit a graph, and reading one gives the bytes of the file themselves', () => {
    const weight = new Uint8Array(40_000_000).fill(3);
    const bytes = modelProto({
      graph: {
        nodes: [node('Add', ['X', 'W'], ['Y'])],
        initializers: [raw('W', 'uint8', [weight.length], weight).proto],
        inputs: [valueInfo('X', 'uint8', [1])],
        outputs: [valueInfo('Y', 'uint8')],
      },
    });
    let read = 0;
    const file: ByteSource = {
      name: 'model.onnx',
      size: bytes.length,
      read(start, end) {
        read += end - start;
        return bytes.subarray(start, end);
      },
    };
    const editor = edit(openOnnx(file));
    editor.graph.interpose('Y', (y) => editor.graph.insert({ opType: 'Neg', input: [y] }).outputs[0]);
    editor.graph.rename('W', 'a longer name');
    const edited = editor.finish();
    expect(read).toBeLessThan(2_000_000);
    const payload = edited.tensors[0].payload.read();
    expect(payload.length).toBe(weight.length);
    expect(payload.buffer).toBe(bytes.buffer);
  });

  it('stay as stages have left them, and what stages have written down stays with them', async () => {
    const pruned = withRecord(await prune({ density: 0.5 }).run(twoLayers(), {}), 'pruned');
    const editor = edit(pruned);
    editor.graph.interpose('Y', (y) => editor.graph.insert({ opType: 'Neg', input: [y] }).outputs[0]);
    const edited = editor.finish();
    for (const [i, tensor] of edited.tensors.entries()) {
      expect(tensor.name).toBe(pruned.tensors[i].name);
      expect(tensor.payload.read()).toEqual(pruned.tensors[i].payload.read());
      expect(tensor.payload.change?.stage).toBe(pruned.tensors[i].payload.change?.stage);
    }
    expect(readRecords(edited).map(({ text }) => text)).toEqual(readRecords(pruned).map(({ text }) => text));
    expect(readRecords(withRecord(edited, 'more'))).toHaveLength(readRecords(pruned).length + 1);
  });

  it('outside of the file stay there, also under another name', async () => {
    const model = openGenerated(generatedModel('external: several files'));
    const editor = edit(model);
    editor.renameFiles((location) => `data/${location.replace('.bin', '')}`);
    editor.renameFiles((location) => location.replace('data/', ''));
    const edited = editor.finish();
    expect(edited.files.slice(1).map(({ name }) => name)).toEqual(['b', 'a', 'c']);
    expect(edited.tensors.map((tensor) => tensor.payload.read())).toEqual(
      model.tensors.map((tensor) => tensor.payload.read()),
    );
    expectAlike(await answers(reopened(edited)), await answers(model));
    editor.graph.setTensor('A', { dtype: 'float32', dims: [4, 4], bytes: new Uint8Array(64) });
    expect(editor.finish().files.map(({ name }) => name)).toEqual(['model.onnx', 'b', 'c']);
  });
});

it('makes thousands of edits to one graph', () => {
  const count = 3000;
  const nodes = Array.from({ length: count }, (_, i) =>
    node('Neg', [i === 0 ? 'X' : `v${i}`], [i === count - 1 ? 'Y' : `v${i + 1}`]),
  );
  const editor = edit(twoLayers({ nodes }));
  const { graph } = editor;
  const scale = graph.store('scale', scalar(1));
  for (const { outputs } of graph.nodes) {
    graph.interpose(outputs[0], (value) => {
      const { outputs: codes } = graph.insert({ opType: 'QuantizeLinear', input: [value, scale] });
      return graph.insert({ opType: 'DequantizeLinear', input: [codes[0], scale] }).outputs[0];
    });
  }
  const edited = editor.finish();
  expect(opsOf(edited)).toHaveLength(3 * count);
  expect(complaints(edited)).toEqual([]);
});

it('adds constants as nodes carry them', () => {
  const editor = edit(twoLayers());
  const value = { dims: [], dataType: 1, rawData: float(2) };
  const { outputs } = editor.graph.insert({ opType: 'Constant', attribute: [tensorAttribute('value', value)] });
  expect(editor.graph.tensor(outputs[0])).toMatchObject({ dtype: 'float32', dims: [] });
});

it('takes back as far as a mark', () => {
  const editor = edit(twoLayers());
  const { graph } = editor;
  const [gemm, relu] = graph.nodes;
  graph.bypass(relu);
  const mark = editor.mark();
  const before = mainOf(editor.finish());
  graph.rename('h', 'hidden');
  graph.remove(gemm);
  graph.insert({ opType: 'Neg', input: ['X'], output: ['hidden'] });
  expect(opsOf(editor.finish())).toEqual(['Neg', 'MatMul']);
  editor.undo(mark);
  expect(mainOf(editor.finish()).equals(before)).toBe(true);
  expect(graph.nodes).toEqual([gemm, expect.objectContaining({ opType: 'MatMul' })]);
  expect(graph.uses('h').map(({ node: reader }) => reader?.opType)).toEqual(['MatMul']);
});
