import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { inspectOnnx } from '../../src/inspect/inspect.js';
import { formatTable } from '../../src/inspect/table.js';
import type { Model } from '../../src/model/model.js';
import { openOnnx } from '../../src/onnx/open.js';
import { recordedFormats } from '../../src/quantize/record.js';
import { prune } from '../../src/stages/prune.js';
import { type QuantizeOptions, quantize } from '../../src/stages/quantize.js';
import { matmul } from '../support/models/model.js';
import { raw } from '../support/tensors.js';
import {
  expectOnlyWindowsChange,
  LENET,
  LENET_WEIGHTS,
  layers,
  metadataOf,
  tensorNamed,
  weightsOf,
  written,
} from './support.js';

const lenet = openOnnx(LENET);
const NAMES = Object.keys(LENET_WEIGHTS).slice(1);
/** The large layer is left out: its 235,200 weights tell nothing that the others do not. */
const SMALL = { exclude: ['fc1*'] };
const run = async (options: QuantizeOptions, model: Model = lenet): Promise<Model> =>
  quantize({ ...SMALL, ...options }).run(model);
const distinct = (values: ArrayLike<number>) => new Set(Array.from(values)).size;

describe('quantize', () => {
  it.each([
    ['int4', 15],
    ['uint4', 16],
    ['fixed4', 16],
    ['e2m1', 15],
    ['pow3', 7],
    ['ternary', 3],
    ['binary', 2],
  ])('%s leaves at most %i values a layer, and changes nothing else', async (weights, most) => {
    const quantized = await run({ weights });
    for (const name of NAMES) {
      expect(distinct(weightsOf(quantized, name))).toBeLessThanOrEqual(most);
      expect(distinct(weightsOf(quantized, name))).toBeGreaterThan(most / 3);
    }
    expectOnlyWindowsChange(lenet, quantized, ({ name }) => NAMES.includes(name));
    expect(metadataOf(written(quantized)[0]).at(-1)?.[1]).toBe(
      `quantize weights=${weights} layers={"float32":["fc1.weight"]}`,
    );
    await expect(InferenceSession.create(written(quantized)[0])).resolves.toBeDefined();
  });

  it('gives each channel, or each run, a scale of its own', async () => {
    const rows = (weights: Float32Array) =>
      Array.from({ length: 100 }, (_, i) => weights.subarray(300 * i, 300 * i + 300));
    const original = rows(weightsOf(lenet, 'fc2.weight'));
    const byChannel = rows(weightsOf(await run({ weights: 'int3', by: 'channel' }), 'fc2.weight'));
    const byRun = rows(weightsOf(await run({ weights: 'int3', by: 300 }), 'fc2.weight'));
    for (const [i, row] of byChannel.entries()) {
      expect(distinct(row)).toBeLessThanOrEqual(7);
      const largest = Math.max(...original[i].map(Math.abs));
      expect(Math.max(...row.map(Math.abs))).toBeCloseTo(largest, 3);
      expect(row).toEqual(byRun[i]);
    }
  });

  it('sets dead channels to zero, and only by channel', async () => {
    const model = layers([1, 0.001, -0.5, 0.0015]);
    expect([...weightsOf(await run({ weights: 'int8', by: 'channel' }, model), 'A')]).toEqual(
      [1, 0, -0.5, 0].map((value) => expect.closeTo(value, 3)),
    );
    expect(weightsOf(await run({ weights: 'int8', by: 'channel' }, model), 'A')[1]).toBe(0);
    expect(weightsOf(await run({ weights: 'int8', by: 1 }, model), 'A')[1]).toBeCloseTo(0.001, 6);
  });

  it('keeps what was pruned at exactly +0', async () => {
    const pruned = await prune({ density: 0.2 }).run(lenet);
    for (const weights of ['int4', 'uint4', 'fixed8', 'e2m1', 'pow4', 'lognet4', 'ternary']) {
      const quantized = await run({ weights, by: 'channel' }, pruned);
      for (const name of NAMES) {
        const before = weightsOf(pruned, name);
        const after = weightsOf(quantized, name);
        expect(after.every((value, i) => before[i] !== 0 || Object.is(value, 0))).toBe(true);
      }
    }
  });

  it('lets the first and the last layer have formats of their own, and rules say otherwise', async () => {
    const ends = await run({ weights: 'int4', first: 'float32', last: 'int8', exclude: [] });
    expect(weightsOf(ends, 'fc1.weight')).toEqual(weightsOf(lenet, 'fc1.weight'));
    expect(distinct(weightsOf(ends, 'fc2.weight'))).toBeLessThanOrEqual(15);
    expect(distinct(weightsOf(ends, 'fc3.weight'))).toBeGreaterThan(15);
    const ruled = await run({
      weights: 'int4',
      first: 'float32',
      exclude: [],
      rules: [{ match: 'fc1*', options: { weights: 'ternary' } }],
    });
    expect(distinct(weightsOf(ruled, 'fc1.weight'))).toBe(3);
  });

  it('works on layers that rules name, where nothing is said of the others', async () => {
    const rules = [{ match: 'fc2*', options: { weights: 'int8', by: 'channel' as const } }];
    const quantized = await run({ rules });
    expectOnlyWindowsChange(lenet, quantized, ({ name }) => name === 'fc2.weight');
    expect(distinct(weightsOf(quantized, 'fc2.weight'))).toBeGreaterThan(255);
  });

  it('records formats so that later stages know each', async () => {
    const quantized = await run({
      exclude: [],
      weights: 'FIXED8',
      by: 'channel',
      last: 'float32',
      rules: [{ match: 'fc2*', options: { by: 64 } }],
    });
    const again = openOnnx(written(quantized)[0]);
    expect(Object.fromEntries(recordedFormats(again))).toEqual({
      'fc1.weight': { weights: 'fixed8', by: 'channel' },
      'fc2.weight': { weights: 'fixed8', by: 64 },
    });
    expect(recordedFormats(lenet).size).toBe(0);
  });

  it('is told by inspect, in figures and in the table', async () => {
    const report = inspectOnnx(
      await run({ weights: 'int4', by: 'channel', rules: [{ match: 'fc3*', options: { by: 10 } }] }),
    );
    expect(report.tensors.filter(({ role }) => role === 'weight').map(({ format }) => format)).toEqual([
      undefined,
      { weights: 'int4', by: 'channel', bits: 4 },
      { weights: 'int4', by: 10, bits: 4 },
    ]);
    expect(formatTable(report)).toMatch(
      /format\n[\s\S]*fc2\.weight .* int4 by channel\n[\s\S]*fc3\.weight .* int4 by 10\n/,
    );
    expect(formatTable(inspectOnnx(lenet))).not.toContain('format');
  });

  it('takes any record of a stranger', () => {
    for (const text of [
      'quantize weights=int99',
      'quantize weights=int8 layers={',
      'quantize weights=int8 layers=[1]',
      'quantize weights=int8 layers={"int4":7}',
    ]) {
      const formats = recordedFormats(openOnnx(withMetadata(text)));
      expect([0, 3]).toContain(formats.size);
    }
  });

  it('rounds by chance as the seed says, and tensors of the same bytes alike', async () => {
    const values = async (seed: number) =>
      weightsOf(await run({ weights: 'int3', rounding: 'stochastic', seed }), 'fc3.weight');
    expect(await values(1)).toEqual(await values(1));
    expect(await values(1)).not.toEqual(await values(2));
    const row = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const twins = await run({ weights: 'int3', rounding: 'stochastic' }, layers(row, row));
    expect(weightsOf(twins, 'A')).toEqual(weightsOf(twins, 'B'));
  });

  it.each(['float16', 'bfloat16'] as const)('leaves %s weights in their type', async (dtype) => {
    const payload = Uint8Array.from({ length: 400 }, (_, i) =>
      i % 2 === 0 ? (i * 37) % 256 : dtype === 'float16' ? 0x2c : 0x3d,
    );
    const model = openOnnx(matmul(dtype, raw('W', dtype, [10, 20], payload)).bytes);
    const quantized = await run({ weights: 'int4', range: 'mse' }, model);
    expect(tensorNamed(quantized, 'W')).toMatchObject({ dtype, length: 400 });
    expect(distinct(weightsOf(quantized, 'W'))).toBeLessThanOrEqual(15);
    expect(distinct(weightsOf(model, 'W'))).toBeGreaterThan(15);
  });

  it.each<[QuantizeOptions, string]>([
    [{}, 'quantize: expected weights as a number format (int8'],
    [{ weights: 'int99' }, ', got int99'],
    [{ weights: 'int8', by: 0 }, 'quantize: expected by layer, channel, group or a number of weights, got 0'],
    [
      { weights: 'int8', range: 'nnabla' },
      'quantize: expected a range of int8 (max, mse, percentile, output), got nnabla',
    ],
    [
      { weights: 'int8', range: 'percentile', first: 'e2m1' },
      'quantize: expected a range of e2m1 (max, mse, output), got percentile',
    ],
    [
      { weights: 'int8', range: 'percentile', last: 'ternary' },
      'quantize: expected a range of ternary (max, mse, output), got percentile',
    ],
    [{ weights: 'int8', percentile: 50 }, 'quantize: expected a percentile above 50, up to 100, got 50'],
    [{ rules: [{ match: '*', options: { weights: 'float8' } }] }, ', got float8'],
    [{ weights: 'int8', first: 'int' }, 'quantize: expected first as a number format'],
  ])('refuses %j', (options, message) => {
    expect(() => quantize(options)).toThrow(RangeError);
    expect(() => quantize(options)).toThrow(message);
  });
});

/** LeNet with a record that no stage has written. */
function withMetadata(text: string): Uint8Array {
  const { tensors: _, ...rest } = lenet;
  return written({ ...rest, tensors: lenet.tensors, appendix: recordBytes(text) })[0];
}

function recordBytes(text: string): Uint8Array {
  const encoded = new TextEncoder().encode(text);
  const key = new TextEncoder().encode('fxq.1');
  return Uint8Array.from([
    0x72,
    key.length + encoded.length + 4,
    0x0a,
    key.length,
    ...key,
    0x12,
    encoded.length,
    ...encoded,
  ]);
}
