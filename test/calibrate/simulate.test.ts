import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto, { type onnx } from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { type SimulateOptions, simulate } from '../../src/calibrate/simulate.js';
import { arrayDataset, type Dataset } from '../../src/data/dataset.js';
import { drawPerClass } from '../../src/data/per-class.js';
import { decode } from '../../src/decode/index.js';
import { edit } from '../../src/graph/edit/edit.js';
import { withFloat32 } from '../../src/graph/widen-model.js';
import type { Model } from '../../src/model/model.js';
import { readRecords } from '../../src/onnx/metadata.js';
import { openOnnx } from '../../src/onnx/open.js';
import { encode } from '../../src/pipeline/compress.js';
import { tune } from '../../src/tune/tune.js';
import { complaints, mainOf } from '../graph/edit/support.js';
import { Random } from '../support/random.js';
import { modelOf, node, stored } from './support.js';

const SAMPLES = 24;
const random = new Random(4);
const DATA = random.floats(SAMPLES * 3 * 8 * 8);
const dataset: Dataset = arrayDataset({ inputs: { x: { data: DATA, dims: [SAMPLES, 3, 8, 8] } } });

/** A small residual net: convolutions, a sum, pools, a matrix. */
function residual(opset = 13): Model {
  return openOnnx(
    modelOf({
      opset,
      nodes: [
        node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
        node('Relu', ['c1'], ['r1']),
        node('Conv', ['r1', 'w2', 'b2'], ['c2'], { pads: [1, 1, 1, 1] }),
        node('Relu', ['c2'], ['r2']),
        node('Conv', ['r2', 'w3', 'b3'], ['c3'], { pads: [1, 1, 1, 1] }),
        node('Add', ['c3', 'r1'], ['sum']),
        node('Relu', ['sum'], ['r3']),
        node('MaxPool', ['r3'], ['pool'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('GlobalAveragePool', ['pool'], ['mean']),
        node('Flatten', ['mean'], ['flat']),
        node('Gemm', ['flat', 'w4', 'b4'], ['y'], { transB: 1 }),
      ],
      tensors: [
        ...[stored('w1', [16, 3, 3, 3]), stored('b1', [16]), stored('w2', [16, 16, 3, 3]), stored('b2', [16])],
        ...[stored('w3', [16, 16, 3, 3]), stored('b3', [16]), stored('w4', [10, 16]), stored('b4', [10])],
      ],
      inputs: { x: [0, 3, 8, 8] },
      output: 'y',
    }),
  );
}

const net = residual();

async function run(options: SimulateOptions, model = net) {
  const notes: string[] = [];
  const stage = simulate({ dataset, threads: 1, ...options });
  const output = await stage.run(model, { onNote: (text) => notes.push(text) });
  expect(complaints(output)).toEqual([]);
  const ops = edit(output).graph.nodes.map(({ opType }) => opType);
  const count = (op: string) => ops.filter((each) => each === op).length;
  const found = stage.found();
  if (!found) throw new Error('nothing was found');
  return { output, found, notes, count, stage };
}

async function answers(model: Model, options: InferenceSession.SessionOptions = {}): Promise<Float32Array> {
  const session = await InferenceSession.create(mainOf(model), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    ...options,
  });
  const { y } = await session.run({ x: new Tensor('float32', DATA, [SAMPLES, 3, 8, 8]) });
  return y.data as Float32Array;
}

const PLAIN = { graphOptimizationLevel: 'disabled' } as const;

/** Signal-to-noise ratio in decibels. */
function decibels(expected: Float32Array, actual: Float32Array): number {
  let [signal, noise] = [0, 0];
  for (const [i, value] of expected.entries()) {
    signal += value ** 2;
    noise += (value - actual[i]) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

const ALL = { first: 'int8', last: 'int8' };

describe('fake', () => {
  it('rounds what layers take in, first and last left out and told, sign by value', async () => {
    const { output, found, notes, count } = await run({ inputs: 'uint8', weights: 'int8', by: 'channel' });
    expect(found.inputs.map(({ name, format, low, range }) => [name, format, low, range])).toEqual([
      ...[
        ['r1', 'uint8', 0, 'percentile'],
        ['r2', 'uint8', 0, 'percentile'],
      ],
    ]);
    expect(found.weights.map(({ name, format, by, bits }) => [name, format, by, bits])).toEqual([
      ...[
        ['w2', 'int8', 'channel', 8],
        ['w3', 'int8', 'channel', 8],
      ],
    ]);
    expect(Math.min(...found.weights.map(({ sqnr }) => sqnr ?? 0))).toBeGreaterThan(35);
    expect(notes.slice(0, 2)).toEqual([
      "the first layer, Conv 'Conv_c1', stays as it is; --first int8 takes it in",
      "the last layer, Gemm 'Gemm_y', stays as it is; --last int8 takes it in",
    ]);
    expect(count('Round')).toBe(2);
    // Who else reads a value reads it as it is.
    expect(edit(output).graph.nodes.find(({ opType }) => opType === 'Add')?.inputs).toContain('r1');
    expect(decibels(await answers(net), await answers(output))).toBeGreaterThan(30);
    expect(readRecords(output).at(-1)?.text).toBe('simulate inputs=uint8 as=fake');
    const whole = await run({ inputs: 'uint8', ...ALL });
    expect(whole.found.inputs.map(({ name, format }) => `${name} ${format}`)).toEqual([
      ...['x int8', 'r1 uint8', 'r2 uint8', 'flat uint8'],
    ]);
  });

  it('has values of their own by name, tells what unsigned cuts, and runs in sets as old as 9', async () => {
    const values = [
      { match: 'sum', format: 'e4m3' },
      { match: 'r1', format: 'float32' },
    ];
    const { found, notes } = await run({ inputs: 'int4', values, ...ALL, sign: 'unsigned' });
    expect(found.inputs.map(({ name, format }) => `${name} ${format}`).sort()).toEqual([
      ...['flat uint4', 'r2 uint4', 'sum e4m3', 'x uint4'],
    ]);
    expect(notes.at(-1)).toMatch(/^x: goes down to -\d\S+, which unsigned numbers cut to 0$/);
    await expect(run({ inputs: 'int4', values: [{ match: 'none*', format: 'int4' }] })).rejects.toMatchObject({
      code: 'CONFIG',
    });
    const old = await run({ inputs: 'uint8', ...ALL }, residual(9));
    expect(decibels(await answers(net), await answers(old.output))).toBeGreaterThan(30);
  });

  it('lets weights make up for rounded inputs', async () => {
    const options = { inputs: 'uint3', weights: 'int8', by: 'channel', ...ALL } as const;
    const expected = await answers(net);
    const plain = decibels(expected, await answers((await run({ ...options, rounding: 'nearest' })).output));
    const made = decibels(expected, await answers((await run(options)).output));
    expect(made).toBeGreaterThan(plain + 1);
  });
});

/** How many there are of each kernel that ONNX Runtime runs, and whether what they give is near the floats; no floats are convolved. */
async function kernelsOf(model: Model): Promise<Record<string, number | boolean>> {
  const folder = mkdtempSync(join(tmpdir(), 'fxq-qdq-'));
  try {
    const optimizedModelFilePath = join(folder, 'optimized.onnx');
    const near = decibels(await answers(net), await answers(model, { optimizedModelFilePath })) > 25;
    const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(optimizedModelFilePath));
    const ops = graph?.node?.map(({ opType }) => opType ?? '') ?? [];
    expect(ops).not.toContain('Conv');
    return { ...Object.fromEntries(ops.map((op) => [op, ops.filter((other) => other === op).length])), near };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('qdq', () => {
  it('runs as integers everywhere, and near the floats', async () => {
    const rules = [{ match: 'w3', options: { weights: 'int8' } }];
    const { output, found, count } = await run({ as: 'qdq', inputs: 'uint8', weights: 'int8', first: 'int8', rules });
    expect(found.inputs.map(({ name }) => name)).toEqual(['x', 'r1', 'r2', 'c3', 'r3', 'pool', 'mean', 'flat']);
    expect(found.weights.every(({ format }) => format === 'int7')).toBe(true);
    expect(count('QuantizeLinear')).toBe(8);
    expect(await kernelsOf(output)).toEqual(expect.objectContaining({ QLinearConv: 3, QLinearAdd: 1, near: true }));
    // Training moves the integers, and leaves the rest as it was.
    const trained = await tune({ dataset, teacher: net, epochs: 2, learningRate: 1e-3, threads: 1 }).run(output);
    expect(mainOf(trained)).not.toEqual(mainOf(output));
    expect(await kernelsOf(trained)).toEqual(await kernelsOf(output));
    const bytes = mainOf(output);
    expect(Buffer.compare(await decode(await encode(bytes)), bytes)).toBe(0);
  });

  it('leaves Softmax in floats, whose kernel of integers has one step only', async () => {
    const attention = openOnnx(
      modelOf({
        nodes: [
          node('MatMul', ['x', 'w1'], ['q']),
          node('MatMul', ['x', 'w2'], ['k']),
          node('Transpose', ['k'], ['kt'], { perm: [0, 1, 3, 2] }),
          node('MatMul', ['q', 'kt'], ['scores']),
          node('Identity', ['scores'], ['moved']),
          node('Softmax', ['moved'], ['shares'], { axis: -1 }),
          node('MatMul', ['shares', 'q'], ['y']),
        ],
        tensors: [stored('w1', [8, 64]), stored('w2', [8, 64])],
        inputs: { x: [0, 3, 8, 8] },
      }),
    );
    const { output, found } = await run({ as: 'qdq', inputs: 'uint8' }, attention);
    expect(found.inputs.map(({ name }) => name)).toEqual(['x', 'q', 'k', 'kt', 'shares']);
    expect(decibels(await answers(attention), await answers(output))).toBeGreaterThan(25);
  });

  it('has normalisation behind a layer in its weights', async () => {
    const normalized = openOnnx(
      modelOf({
        nodes: [
          node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
          // Far above any variance that is drawn.
          node('BatchNormalization', ['c1', 'gamma', 'beta', 'means', 'squares'], ['n1'], { epsilon: { float: 99.5 } }),
          node('Conv', ['n1', 'w2', 'b2'], ['y'], {}),
        ],
        tensors: [
          ...[stored('w1', [16, 3, 3, 3]), stored('b1', [16]), stored('w2', [4, 16, 3, 3]), stored('b2', [4])],
          ...['gamma', 'beta', 'means', 'squares'].map((name) => stored(name, [16])),
        ],
        inputs: { x: [0, 3, 8, 8] },
        output: 'y',
      }),
    );
    const { output, count } = await run({ as: 'qdq', weights: 'int8' }, normalized);
    expect([count('BatchNormalization'), count('QuantizeLinear')]).toEqual([0, 2]);
    expect(decibels(await answers(normalized), await answers(output))).toBeGreaterThan(25);
  });

  it('has 16 bits from set 21 on, and refuses them before', async () => {
    await expect(run({ as: 'qdq', inputs: 'uint16' })).rejects.toMatchObject({ code: 'UNSUPPORTED', expected: 21 });
    const { output } = await run({ as: 'qdq', inputs: 'uint16', fullRange: true }, residual(21));
    expect(decibels(await answers(net), await answers(output, PLAIN))).toBeGreaterThan(35);
    await expect(run({ as: 'qdq', inputs: 'e4m3' })).rejects.toThrow(RangeError);
  });

  it('rounds single values to what it has, leaves those that are to stay, and refuses the rest', async () => {
    const values = [{ match: 'r1', format: 'float32' }];
    const { found, count } = await run({ as: 'qdq', values });
    expect(found.inputs.map(({ name }) => name)).not.toContain('r1');
    expect(count('QuantizeLinear')).toBe(found.inputs.length);
    for (const format of ['int4', 'e4m3', 'int99']) {
      expect(() => simulate({ as: 'qdq', dataset, values: [{ match: 'r1', format }] })).toThrow(/r1/);
    }
    expect(() => simulate({ dataset, values: [{ match: 'r1', format: 'int99' }] })).toThrow(RangeError);
    const wide = [{ match: 'r1', format: 'uint16' }];
    await expect(run({ as: 'qdq', values: wide })).rejects.toMatchObject({ code: 'UNSUPPORTED', expected: 21 });
  });

  it.each([{ weights: 'e4m3' }, { weights: 'int12' }, { weights: 'int4', by: 8 }] as const)(
    'leaves %o in floats, and says so',
    async (options) => {
      const { output, count, notes } = await run({ as: 'qdq', rounding: 'nearest', ...options });
      expect(notes).toContain('w3: stays in floats, since its weights are no integers of at most 8 bits');
      // Nothing but values goes through integers.
      expect(count('DequantizeLinear')).toBe(count('QuantizeLinear'));
      expect(decibels(await answers(net), await answers(output, PLAIN))).toBeGreaterThan(10);
    },
  );
});

describe('float16', () => {
  /** Weights in half, and the last layer in float32 behind a Cast, where that is asked for. */
  const half = (isMixed: boolean) =>
    openOnnx(
      modelOf({
        nodes: [
          node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
          node('Relu', ['c1'], ['r1']),
          node('Conv', ['r1', 'w2', 'b2'], ['c2'], { pads: [1, 1, 1, 1] }),
          node('Add', ['c2', 'r1'], ['sum']),
          node('GlobalAveragePool', ['sum'], ['mean']),
          node('Flatten', ['mean'], ['flat']),
          ...(isMixed ? [node('Cast', ['flat'], ['wide'], { to: 1 })] : []),
          node('Gemm', [isMixed ? 'wide' : 'flat', 'w3', 'b3'], [isMixed ? 'scores' : 'y'], { transB: 1 }),
          ...(isMixed ? [node('Cast', ['scores'], ['y'], { to: 10 })] : []),
        ],
        tensors: [
          ...[stored('w1', [16, 3, 3, 3], 'half'), stored('b1', [16], 'half')],
          ...[stored('w2', [16, 16, 3, 3], 'half'), stored('b2', [16], 'half')],
          stored('w3', [10, 16], isMixed ? undefined : 'half'),
          stored('b3', [10], isMixed ? undefined : 'half'),
        ],
        inputs: { x: [0, 3, 8, 8] },
        type: 10,
      }),
    );
  const halfAnswers = async (model: Model, options: InferenceSession.SessionOptions = PLAIN) => {
    const session = await InferenceSession.create(mainOf(model), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
      ...options,
    });
    const { y } = await session.run({ x: new Tensor('float16', Uint16Array.from(DATA, toHalf), [SAMPLES, 3, 8, 8]) });
    expect(y.type).toBe('float16');
    return Float32Array.from(y.data as Uint16Array, fromHalf);
  };

  it.each([
    [false, { as: 'fake' }],
    [true, { as: 'fake' }],
    [false, { as: 'packed' }],
    [true, { as: 'packed' }],
    [false, { as: 'qdq' }],
    [true, { as: 'qdq' }],
  ] as const)('is fed and answered, mixed with float32: %s, as %o', async (isMixed, form) => {
    const model = half(isMixed);
    const options = { inputs: 'uint8', weights: 'int8', by: 'channel', ...ALL, ...form } as const;
    const values = form.as === 'qdq' ? [] : [{ match: 'sum', format: 'e4m3' }];
    const { output, count, found } = await run({ ...options, values }, model);
    expect(found.weights).toHaveLength(3);
    expect(decibels(await halfAnswers(model), await halfAnswers(output))).toBeGreaterThan(25);
    if (form.as !== 'qdq') return;
    const folder = mkdtempSync(join(tmpdir(), 'fxq-half-'));
    try {
      const optimizedModelFilePath = join(folder, 'optimized.onnx');
      await halfAnswers(output, { optimizedModelFilePath });
      const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(optimizedModelFilePath));
      expect(graph?.node?.filter(({ opType }) => opType === 'QLinearConv')).toHaveLength(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(count('Cast')).toBe(isMixed ? 4 : 2);
  });

  it('has its weights as int8, as near as float16 has them, and stays what it is with none to change', async () => {
    const options = { weights: 'int8', by: 'channel', rounding: 'nearest' } as const;
    const packed = await run({ ...options, as: 'packed' }, half(false));
    expect(packed.notes).toEqual([]);
    const floats = await run(options, half(false));
    expect(decibels(await halfAnswers(floats.output), await halfAnswers(packed.output))).toBeGreaterThan(55);
    expect(packed.stage.table('json')).toContain('"input": "r1"');
    expect(withFloat32(net)).toBe(net);
  });

  it('leaves whole numbers whole, and says so', async () => {
    const shaped = openOnnx(
      modelOf({
        nodes: [
          node('Shape', ['x'], ['shape']),
          node('MatMul', ['x', 'w'], ['z']),
          node('Reshape', ['z', 'shape'], ['y']),
        ],
        tensors: [stored('w', [8, 8])],
        inputs: { x: [0, 3, 8, 8] },
      }),
    );
    const { notes, found } = await run({ values: [{ match: '*', format: 'uint8' }], rounding: 'nearest' }, shaped);
    expect(notes).toContain('shape: stays as it is, since it holds int64 and no floats');
    expect(found.inputs.map(({ name }) => name)).toEqual(['x', 'z', 'y']);
  });
});

describe('ranges of each batch', () => {
  it('are told as what they are, and refused where the form has none', async () => {
    const { found, output } = await run({ inputs: 'fixed8', inputRange: 'online' });
    expect(found.inputs.map(({ range }) => range)).toEqual(['ema', 'ema']);
    expect(readRecords(output).at(-1)?.text).toBe('simulate inputs=fixed8 range=ema as=fake');
    const integers = await run({ inputs: 'uint8', inputRange: 'online' });
    expect(integers.found.inputs.map(({ range }) => range)).toEqual(['online', 'online']);
    for (const as of ['qdq', 'qonnx'] as const) {
      expect(() => simulate({ inputs: 'uint8', inputRange: 'online', as, dataset })).toThrow(RangeError);
    }
  });
});

describe('packed', () => {
  it('has int8 weights and the very answers of rounded floats', async () => {
    const options = { weights: 'int8', by: 'channel', rounding: 'nearest' } as const;
    const { output, count } = await run({ ...options, as: 'packed' });
    const values = await run(options);
    expect([count('Cast'), count('Mul')]).toEqual([4, 4]);
    const [packed, floats] = [await answers(output), await answers(values.output)];
    expect(Math.max(...packed.map((value, i) => Math.abs(value - floats[i])))).toBeLessThan(1e-4);
    expect(mainOf(output).length).toBeLessThan(0.5 * mainOf(net).length);
    const wide = await run({ weights: 'e4m3', as: 'packed', rounding: 'nearest' });
    expect(wide.notes.some((note) => note.startsWith('w1: stays in floats'))).toBe(true);
  });
});

describe('qonnx', () => {
  it.each([
    ['uint4', 'int4', 'channel'],
    ['int8', 'ternary', 'layer'],
    ['fixed8', 'fixed6', 'layer'],
    ['e4m3', 'e2m1', 'layer'],
    ['binary', 'binary', 'channel'],
    ['int8', 'uint4', 'layer'],
    ['uint8', 'fixed12.8', 'layer'],
  ] as const)('computes what fake quantisation to %s and %s does', async (inputs, weights, by) => {
    const line = openOnnx(
      modelOf({
        nodes: [node('MatMul', ['x', 'w'], ['y'])],
        tensors: [stored('w', [12, 6])],
        inputs: { x: [0, 12] },
        output: 'y',
      }),
    );
    const data = random.floats(10 * 12);
    const rows = arrayDataset({ inputs: { x: { data, dims: [10, 12] } } });
    const options: SimulateOptions = {
      inputs,
      weights,
      by,
      dataset: rows,
      first: weights,
      last: weights,
      rounding: 'nearest',
    };
    const exported = await run({ ...options, as: 'qonnx' }, line);
    const fake = await run(options, line);
    const session = await InferenceSession.create(mainOf(fake.output), PLAIN);
    const { y } = await session.run({ x: new Tensor('float32', data, [10, 12]) });
    const evaluated = evaluateQonnx(mainOf(exported.output), data);
    const off = evaluated.map((value, i) => Math.abs(Number(y.data[i]) - value));
    expect(Math.max(...off)).toBeLessThan(2e-3);
  });
});

describe('qonnx of weights that it cannot tell', () => {
  it.each([{ weights: 'int16' }, { weights: 'fixed12' }, { weights: 'int4', by: 8 }] as const)(
    'leaves %o in floats, and says so',
    async (options) => {
      const { output, notes, count } = await run({ inputs: 'uint8', as: 'qonnx', rounding: 'nearest', ...options });
      expect(notes).toContain('w2: stays in floats, since no scale of QONNX gives its weights');
      // Those of the two values.
      expect(count('IntQuant')).toBe(2);
      const scales = onnxProto.onnx.ModelProto.decode(mainOf(output)).graph?.initializer ?? [];
      const floats = scales.flatMap(({ rawData, dataType }) =>
        dataType === 1 ? [...new Float32Array(new Uint8Array(rawData ?? []).buffer)] : [],
      );
      expect(floats.every(Number.isFinite)).toBe(true);
    },
  );

  it('has operators on weights that Constants make, too', async () => {
    const constant = openOnnx(
      modelOf({
        nodes: [node('Constant', [], ['w'], { value: stored('w', [8, 6]) }), node('MatMul', ['x', 'w'], ['y'])],
        inputs: { x: [0, 3, 8, 8] },
      }),
    );
    const { count } = await run({ inputs: 'uint8', weights: 'int8', ...ALL, as: 'qonnx' }, constant);
    expect(count('IntQuant')).toBe(2);
  });

  it('refuses domains of Winograd', () => {
    expect(() => simulate({ weights: 'int8', domain: 'winograd-f23', as: 'qonnx' })).toThrow(RangeError);
  });
});

/** y = Q(x) · Q(w), by a reading of QONNX's schemas of our own. */
function evaluateQonnx(bytes: Uint8Array, x: Float32Array): number[] {
  const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
  const values = new Map<string, { dims: number[]; data: number[] }>([['x', { dims: [10, 12], data: [...x] }]]);
  for (const { name, dims, rawData } of graph?.initializer ?? []) {
    const data = [...new Float32Array(new Uint8Array(rawData ?? []).buffer)];
    values.set(name ?? '', { dims: (dims ?? []).map(Number), data });
  }
  for (const { opType, input, output, attribute } of graph?.node ?? []) {
    const [first, ...others] = (input ?? []).map((name) => values.get(name) ?? { dims: [], data: [] });
    if (opType === 'MatMul') {
      const data = Array.from({ length: 60 }, (_, i) => {
        let sum = 0;
        for (let k = 0; k < 12; k++) sum += first.data[Math.floor(i / 6) * 12 + k] * others[0].data[k * 6 + (i % 6)];
        return sum;
      });
      values.set(output?.[0] ?? '', { dims: [10, 6], data });
      continue;
    }
    const [scale, ...rest] = others;
    const numbers = rest.map(({ data }) => data[0]);
    const quantise = OPERATORS[opType ?? ''](numbers, (name) => intOf(attribute, name));
    const columns = first.dims.at(-1) ?? 1;
    const data = first.data.map((value, i) => {
      const step = scale.data[scale.data.length === 1 ? 0 : i % columns];
      return quantise(value / step) * step;
    });
    values.set(output?.[0] ?? '', { dims: first.dims, data });
  }
  return values.get('y')?.data ?? [];
}

function intOf(attributes: onnx.IAttributeProto[] | null | undefined, name: string): number {
  return Number(attributes?.find((each) => each.name === name)?.i ?? Number.NaN);
}

const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const clip = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

/** Each of a number that is divided by the scale. */
const OPERATORS: Record<string, (inputs: number[], attribute: (name: string) => number) => (x: number) => number> = {
  IntQuant([zero, bits], attribute) {
    const [isSigned, isNarrow] = [attribute('signed') === 1, attribute('narrow') === 1];
    const low = isSigned ? -(2 ** (bits - 1)) + Number(isNarrow) : 0;
    const high = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 - Number(isNarrow);
    return (x) => even(clip(x + zero, low, high)) - zero;
  },
  BipolarQuant: () => (x) => (x >= 0 ? 1 : -1),
  FloatQuant:
    ([exponent, mantissa, bias, most]) =>
    (x) => {
      const limit = Math.min(most, (2 - 2 ** -mantissa) * 2 ** (2 ** exponent - 1 - bias));
      const quantum = 2 ** Math.max(Math.floor(Math.log2(Math.abs(x) + 2 ** -126)) - mantissa, 1 - bias - mantissa);
      return clip(quantum * even(x / quantum), -limit, limit);
    },
};

describe('tables', () => {
  it('tell scales to TensorRT, ncnn and everybody', async () => {
    const { stage, found } = await run({ inputs: 'uint8', weights: 'int8', by: 'channel', ...ALL });
    const json = JSON.parse(stage.table('json'));
    expect(json.values.map(({ name }: { name: string }) => name)).toEqual(['x', 'r1', 'r2', 'flat']);
    expect(json.weights[1]).toMatchObject({ layer: 'Conv_c2', name: 'w2', input: 'r1' });
    const [head, ...lines] = stage.table('tensorrt').trim().split('\n');
    expect(head).toMatch(/^TRT-\d+-EntropyCalibration2$/);
    for (const [i, line] of lines.entries()) {
      const [, name, bits = ''] = /^(.*): ([0-9a-f]{8})$/.exec(line) ?? [];
      expect(name).toBe(found.inputs[i].name);
      const { low, high } = found.inputs[i];
      expect(Buffer.from(bits, 'hex').readFloatBE()).toBeCloseTo(Math.max(-low, high) / 127, 6);
    }
    const rows = stage
      .table('ncnn')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(rows.map(([name, ...scales]) => [name, scales.length])).toEqual([
      ...[
        ['Conv_c1_param_0', 16],
        ['Conv_c2_param_0', 16],
        ['Conv_c3_param_0', 16],
        ['Gemm_y_param_0', 10],
      ],
      ...[
        ['Conv_c1', 1],
        ['Conv_c2', 1],
        ['Conv_c3', 1],
        ['Gemm_y', 1],
      ],
    ]);
    expect(Number(rows[4][1])).toBeCloseTo(127 / found.inputs[0].high, 3);
  });
});

describe('inputs drawn by class', () => {
  it('are as many of each, in the order of the data', async () => {
    const labels = [0, 0, 1, 0, 2, 1, 1, 2, 0];
    const data = Float32Array.from(labels, (_, i) => i);
    const drawn = drawPerClass(arrayDataset({ inputs: { x: { data, dims: [9, 1] } }, labels }), 2);
    const batches: [number[], number[]][] = [];
    for await (const batch of drawn({ batchSize: 4 })) {
      batches.push([Array.from(batch.inputs.x.data, Number), Array.from(batch.labels ?? [])]);
    }
    expect(batches).toEqual([
      [
        [0, 1, 2, 4],
        [0, 0, 1, 2],
      ],
      [
        [5, 7],
        [1, 2],
      ],
    ]);
    const unlabelled = drawPerClass(arrayDataset({ inputs: { x: { data, dims: [9, 1] } } }), 2);
    await expect(unlabelled()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'DATASET' });
  });
});
