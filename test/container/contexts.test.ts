import { describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { xxh32 } from '../../src/binary/xxh32.js';
import { LAYOUTS, MAX_DISTANCE } from '../../src/container/constants.js';
import type { WireTensor } from '../../src/container/header.js';
import { decodeSection } from '../../src/container/read/index.js';
import { planByContexts } from '../../src/container/write/contexts.js';
import { planDense } from '../../src/container/write/layouts.js';
import { makeCode } from '../../src/container/write/runs.js';
import { asUnits, indexUnits, writeCodebook } from '../../src/container/write/symbols.js';
import { decode, FxqError, inspect } from '../../src/decode/index.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { loadKernels } from '../../src/kernels/decode/index.js';
import { referenceKernels } from '../../src/kernels/decode/reference/kernels.js';
import { encode as encodeModel } from '../../src/pipeline/compress.js';
import { encode, modelOf, roundTrip } from '../support/container.js';
import { forge } from '../support/forge.js';
import { DATA_TYPE } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { decodeBySpecification } from '../support/specification/container.js';

const TYPES = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;
type Type = keyof typeof TYPES;

/** Numbers of which each is near the one a distance before. */
function wave(random: Random, count: number, values: number, distance: number): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const before = numbers[i - distance] ?? values / 2;
    const next = random.below(4) === 0 ? random.below(values) : Math.round(before + 3 * random.float() - 1.5);
    numbers.push(Math.max(0, Math.min(values - 1, next)));
  }
  return numbers;
}

interface Followed {
  readonly type?: Type;
  readonly count: number;
  readonly values: number;
  readonly distance: number;
  readonly m?: number;
}

/** A container with one tensor whose codes go by what came before, and what it decodes to. */
function followed({ type = 'float32', count, values, distance, m = 8 }: Followed) {
  const random = new Random(count + values + distance);
  const payload = bytesOf(TYPES[type].from(wave(random, count, values, Math.min(distance, 50))));
  const width = TYPES[type].BYTES_PER_ELEMENT;
  const indexed = indexUnits(asUnits(payload, width))!;
  const classes = Uint8Array.from(indexed.values, (_, i) => i % Math.min(m, indexed.values.length));
  const planned = planByContexts(indexed, type === 'float32', { distance, classes });
  const section = planned.write();
  const fields = { ...planned.fields, l: LAYOUTS.indexOf('dense'), s: section.length };
  const tensor: WireTensor = { n: 'w', y: DATA_TYPE[type], d: [count], g: 0, ...fields };
  const make = (change: Partial<WireTensor> = {}, bytes = section) =>
    forge({ f: [['', payload.length, xxh32(payload)]], t: [{ ...tensor, ...change, s: bytes.length }] }, undefined, [
      bytes,
    ]);
  return { payload, section, make, bytes: planned.bytes };
}

const CASES: Followed[] = [
  { count: 20, values: 2, distance: 1, m: 2 },
  { count: 300, values: 9, distance: 1 },
  { count: 300, values: 9, distance: 299 },
  { count: 300, values: 9, distance: 300 },
  { count: 8191, values: 5, distance: 3, m: 3 },
  { count: 8192, values: 40, distance: 1 },
  { count: 8193, values: 30, distance: 2, m: 2 },
  { count: 8194, values: 200, distance: 2047 },
  { count: 8195, values: 20, distance: 2049, m: 5 },
  { count: 65_536, values: 32, distance: 1 },
  { count: 65_537, values: 17, distance: 784 },
  { count: 150_000, values: 6, distance: MAX_DISTANCE },
  { count: 140_003, values: 12, distance: 28 },
];

describe('codes by what came before', () => {
  it.each(CASES)('$count weights of $values values, by the weight $distance before: the same bytes', async (given) => {
    for (const type of Object.keys(TYPES) as Type[]) {
      const { payload, section, make } = followed({ ...given, type });
      const container = make();
      expect(Buffer.compare(await decode(container, { verify: 'all' }), payload), type).toBe(0);
      const odd = new Uint8Array(payload.length + 3).subarray(3);
      await decode(container, { into: odd });
      expect(Buffer.compare(odd, payload), `${type}, in place`).toBe(0);
      const [tensor] = (await inspect(container)).tensors;
      const out = new Uint8Array(payload.length);
      decodeSection(tensor, section, out, referenceKernels());
      expect(Buffer.compare(out, payload), `${type}, by the reference`).toBe(0);
      if (payload.length > 20_000) continue;
      expect(Buffer.compare(decodeBySpecification(container)[0], payload), `${type}, by the specification`).toBe(0);
    }
  });

  it('of a thousand values have codes of no more than eleven bits', async () => {
    const { payload, make } = followed({ count: 40_000, values: 1024, distance: 5 });
    expect(Buffer.compare(await decode(make(), { verify: 'all' }), payload)).toBe(0);
  });

  it('are what the plan says they take', () => {
    const { section, bytes } = followed({ count: 65_536, values: 32, distance: 1 });
    expect(Math.abs(section.length - bytes)).toBeLessThan(16);
  });

  it('that cannot be: refused, by tensor and byte', async () => {
    const { make, section } = followed({ count: 600, values: 5, distance: 2, m: 3 });
    // Behind the codebook, two bits a value: 0, 1, 2, 0, 1.
    const at = section.findIndex((_, i) => section[i] === 0b00100100 && section[i + 1] === 0b01);
    expect(at).toBeGreaterThan(0);
    const withClasses = (...bytes: number[]) => {
      const copy = section.slice();
      copy.set(bytes, at);
      return make({}, copy);
    };
    const cases: Record<string, Uint8Array> = {
      'a distance beyond a stream': make({ h: MAX_DISTANCE + 1 }),
      'a distance that is none': make({ h: -1 }),
      'half a distance': make({ h: 1.5 }),
      'one class': make({ m: 1 }),
      'more classes than there may be': make({ m: 9 }),
      'more classes than values': make({ m: 6 }),
      'a layout that has none': make({ l: LAYOUTS.indexOf('gap') }),
      'a value of no class': withClasses(0b11100100, 0b01),
      'a class without a value': withClasses(0b00000100, 0b01),
      'classes cut short': make({}, section.subarray(0, at + 1)),
      'no distance, and so lines': make({ h: 0 }),
    };
    for (const [name, container] of Object.entries(cases)) {
      const error = await decode(container, { verify: 'none' }).catch((thrown: unknown) => thrown);
      expect(error, name).toBeInstanceOf(FxqError);
      expect(error, name).toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w', offset: expect.any(Number) });
    }
  });

  it('whose code is empty: refused, since the weight before could be of any class', async () => {
    const payload = Uint8Array.from({ length: 400 }, (_, i) => i % 2);
    const { bytes: codebook, fields: book } = writeCodebook(indexUnits(payload)!, false);
    const tables = [
      [1, 1],
      [0, 0],
    ].map((counts) => makeCode(counts).table);
    const section = concat([codebook, Uint8Array.of(0b10), ...tables, new Uint8Array(50)]);
    const fields = { l: LAYOUTS.indexOf('dense'), ...book, m: 2, h: 1, s: section.length };
    const tensor: WireTensor = { n: 'w', y: DATA_TYPE.uint8, d: [400], g: 0, ...fields };
    const container = forge({ f: [['', 400, xxh32(payload)]], t: [tensor] }, undefined, [section]);
    await expect(decode(container)).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w' });
  });

  it.each([
    { count: 700, values: 9, distance: 1 },
    { count: 9000, values: 40, distance: 60, type: 'uint8' as const },
    { count: 66_000, values: 30, distance: 2 },
  ])('$count weights, damaged or cut short: both decoders refuse, or both give the same', async (given) => {
    const { payload, section, make } = followed(given);
    const [tensor] = (await inspect(make())).tensors;
    const kernels = [await loadKernels(), referenceKernels()];
    const random = new Random(given.count);
    let refused = 0;
    const rounds = given.count > 10_000 ? 40 : 200;
    for (let round = 0; round < rounds; round++) {
      let damaged = section.slice();
      const reach = random.below(2) === 0 ? Math.min(300, section.length) : section.length;
      for (let k = 0; k <= random.below(3); k++) damaged[random.below(reach)] ^= 1 << random.below(8);
      if (random.below(4) === 0) damaged = damaged.slice(0, random.below(damaged.length));
      const [ours, theirs] = kernels.map((each) => {
        const out = new Uint8Array(payload.length);
        try {
          decodeSection(tensor, damaged, out, each);
          return out;
        } catch (error) {
          expect(error).toBeInstanceOf(FxqError);
          return (error as Error).message;
        }
      });
      if (typeof ours === 'string' || typeof theirs === 'string') {
        expect(ours).toBe(theirs);
        refused++;
      } else expect(Buffer.compare(ours, theirs)).toBe(0);
    }
    expect(refused).toBeGreaterThan(rounds / 10);
  });

  it('are chosen where rows are pictures, near or a row apart, and save what they should', async () => {
    const random = new Random(5);
    for (const [distance, dims] of [
      [1, [200, 300]],
      [300, [200, 300]],
      [9, [60, 100, 3, 3]],
    ] as const) {
      const count = dims.reduce((a: number, b) => a * b, 1);
      const weights = Float32Array.from(wave(random, count, 20, distance), (value) => (value - 9.5) / 8);
      const model = modelOf(weights, [...dims]);
      const { container, files } = await roundTrip(model);
      expect(Buffer.compare(files[''], model)).toBe(0);
      const [tensor] = (await inspect(container)).tensors;
      expect(tensor.contexts.distance).toBe(distance);
      expect(tensor.contexts.classes).toBeGreaterThan(3);
      const indexed = indexUnits(asUnits(bytesOf(weights), 4))!;
      expect(tensor.section.length).toBeLessThan(0.85 * planDense(indexed, true).bytes);
      // Every other place of the report adds up.
      const report = (await inspectContainer(container)).tensors[0];
      expect(report.bytes + report.codebookBytes + report.tableBytes).toBe(tensor.section.length);
      const bits = (8 * report.bytes) / count;
      expect(Math.abs((report.codedWeightBits ?? 0) - bits)).toBeLessThan(0.01 * bits);
    }
  });

  it('are taken for little only if asked for', async () => {
    const random = new Random(9);
    const before = new Random(8).clustered(75_000, 12, 1);
    // One in seven is the one before again.
    const weights = before.map((value, i) => (random.below(7) === 0 ? (before[i - 1] ?? value) : value));
    const model = modelOf(weights, [250, 300]);
    const [usual, smallest] = await Promise.all([{}, { smallest: true }].map((options) => encodeModel(model, options)));
    const [first, second] = await Promise.all([usual, smallest].map((container) => inspect(container)));
    expect(first.tensors[0].contexts.distance).toBe(0);
    expect(second.tensors[0].contexts.distance).toBe(1);
    const [dense, followed] = [first, second].map(({ tensors: [{ section }] }) => section.length);
    expect(followed).toBeLessThan(dense);
    expect(followed).toBeGreaterThan(0.97 * dense);
    expect(Buffer.compare(await decode(smallest, { verify: 'all' }), model)).toBe(0);
    await expect(encodeModel(model, { smallest: 1 as unknown as boolean })).rejects.toThrow(
      'encode: expected smallest true or false, got 1',
    );
  });

  it('are taken for a third of that where all weights are one chunk, of bytes by their sizes, too', async () => {
    const random = new Random(9);
    // Neighbours are as large, whatever their signs.
    let size = 10;
    const bytes = Uint8Array.from({ length: 60_000 }, () => {
      if (random.below(9) === 0) size = 2 + random.below(18);
      return (random.below(2) ? size + random.below(20) : -size - random.below(20)) & 255;
    });
    const model = modelOf(bytes, [200, 300]);
    const container = await encode(model);
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    const [{ contexts, section }] = (await inspect(container)).tensors;
    expect(contexts.distance).toBe(1);
    const dense = planDense(indexUnits(bytes)!, false).bytes;
    expect(section.length).toBeLessThan(0.99 * dense);
    expect(section.length).toBeGreaterThan(0.97 * dense);
  });

  it('are not there where what came before says nothing', async () => {
    const weights = new Random(3).clustered(60_000, 30, 1);
    const { tensors } = await inspect(await encode(modelOf(weights, [200, 300])));
    expect(tensors[0].contexts).toEqual({ classes: 1, distance: 0 });
  });
});
