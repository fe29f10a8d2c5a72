import { describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { xxh32 } from '../../src/binary/xxh32.js';
import { LAYOUTS, MAX_LINES } from '../../src/container/constants.js';
import type { WireTensor } from '../../src/container/header.js';
import { planGap } from '../../src/container/write/gap.js';
import { planDense, planMask } from '../../src/container/write/layouts.js';
import { splitBy } from '../../src/container/write/lines.js';
import { asUnits, indexUnits } from '../../src/container/write/symbols.js';
import { decode, FxqError, inspect } from '../../src/decode/index.js';
import { inspectContainer } from '../../src/inspect/inspect.js';
import { encode, modelOf, roundTrip } from '../support/container.js';
import { forge } from '../support/forge.js';
import { DATA_TYPE, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { decodeBySpecification } from '../support/specification/container.js';

const PLANS = { dense: planDense, gap: planGap, mask: planMask };
const TYPES = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;
type Type = keyof typeof TYPES;

/** A container with one tensor of these classes, and what it decodes to. */
function lined(layout: keyof typeof PLANS, type: Type, dims: number[], axis: number, classes: Uint8Array) {
  const random = new Random(dims.length + axis);
  const count = dims.reduce((a, b) => a * b);
  const payload = bytesOf(
    TYPES[type].from(Array.from({ length: count }, () => (random.below(3) ? 0 : 1 + random.below(9)))),
  );
  const indexed = indexUnits(asUnits(payload, TYPES[type].BYTES_PER_ELEMENT))!;
  const planned = PLANS[layout](indexed, type === 'float32', splitBy(indexed, dims, axis, classes))!;
  const section = planned.write();
  const fields = { ...planned.fields, l: LAYOUTS.indexOf(layout), s: section.length };
  const tensor: WireTensor = { n: 'w', y: DATA_TYPE[type], d: dims, g: 0, ...fields };
  const make = (change: Partial<WireTensor> = {}, bytes = section) =>
    forge({ f: [['', payload.length, xxh32(payload)]], t: [{ ...tensor, ...change, s: bytes.length }] }, undefined, [
      bytes,
    ]);
  return { payload, section, make, bytes: planned.bytes };
}

/** Weights of which each index of dimension `axis` has one of three scales. */
function scaled(dims: number[], axis: number, density = 1): Float32Array {
  const random = new Random(7);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.float()).map((first, i) => {
    if (random.float() >= density) return 0;
    const scale = [1, 3, 12][((Math.floor(i / inner) % dims[axis]) * 7) % 3];
    const bell = first + random.float() + random.float() - 1.5;
    return Math.round(bell * scale * 2) / 8 || 0.125;
  });
}

describe('classes of lines', () => {
  const shapes = [
    [6, 50],
    [4, 7, 3, 3],
    [5, 70, 5],
    [3, 9000],
    [9000, 3],
    [2, 5, 40_000],
    [300_000, 2],
    [8, 1, 1],
  ];
  for (const [layout] of Object.entries(PLANS)) {
    for (const dims of shapes) {
      it(`${layout}, ${dims.join(' × ')}: along every dimension, of every width, the same bytes`, async () => {
        for (const axis of dims.keys()) {
          for (const type of Object.keys(TYPES) as Type[]) {
            const most = Math.min(dims[axis], 8);
            if (most < 2) continue;
            const classes = Uint8Array.from({ length: dims[axis] }, (_, line) => (line * 5) % most);
            // Each once at least, whatever has a factor in common with five.
            for (let of = 0; of < most; of++) classes[of] = of;
            const { payload, make } = lined(layout as keyof typeof PLANS, type, dims, axis, classes);
            expect(Buffer.compare(await decode(make(), { verify: 'all' }), payload), `${axis} ${type}`).toBe(0);
            const odd = new Uint8Array(payload.length + 3).subarray(3);
            await decode(make(), { into: odd });
            expect(Buffer.compare(odd, payload), `${axis} ${type}, in place`).toBe(0);
            // Slow, and more of the same for more weights.
            if (payload.length > 20_000) continue;
            const [specified] = decodeBySpecification(make());
            expect(Buffer.compare(specified, payload), `${axis} ${type}, by the specification`).toBe(0);
          }
        }
      });
    }
  }

  it('that cannot be: refused, by tensor and byte', async () => {
    const { make, section } = lined('dense', 'float32', [6, 50], 0, Uint8Array.of(0, 1, 2, 2, 1, 0));
    // The codebook: ten values of four bytes. Behind it, two bits a line.
    const at = section.findIndex((_, i) => section[i] === 0b10100100 && section[i + 1] === 0b0001);
    expect(at).toBeGreaterThan(0);
    const withClasses = (...bytes: number[]) => {
      const copy = section.slice();
      copy.set(bytes, at);
      return make({}, copy);
    };
    const cases: Record<string, Uint8Array> = {
      'more classes than there may be': make({ m: 9 }),
      'no class': make({ m: 0 }),
      'more classes than lines': make({ m: 7 }),
      'a dimension that there is not': make({ a: 2 }),
      'a layout that has none': make({ l: 2 }),
      'a line of no class': withClasses(0b11100100, 0b0001),
      'a class without a line': withClasses(0b00010100, 0b0001),
      'classes cut short': make({}, section.subarray(0, at + 1)),
      'other dimensions than units': make({ d: [6, 25], b: 1200 }),
    };
    for (const [name, container] of Object.entries(cases)) {
      const error = await decode(container, { verify: 'none' }).catch((thrown: unknown) => thrown);
      expect(error, name).toBeInstanceOf(FxqError);
      expect(error, name).toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w', offset: expect.any(Number) });
    }
  });

  it('of a million lines, and no more', async () => {
    const classes = Uint8Array.from({ length: MAX_LINES + 1 }, (_, line) => line % 8);
    const most = lined('dense', 'uint8', [MAX_LINES], 0, classes.subarray(1));
    expect(Buffer.compare(await decode(most.make(), { verify: 'all' }), most.payload)).toBe(0);
    const more = lined('dense', 'uint8', [MAX_LINES + 1], 0, classes);
    await expect(decode(more.make(), { verify: 'all' })).rejects.toMatchObject({ code: 'CONTAINER_MALFORMED' });
  });

  it('share a section with as many tensors as its classes leave', async () => {
    const weights = scaled([128, 128], 1);
    const content = rawData(bytesOf(weights));
    const initializers = Array.from({ length: 65 }, (_, i) =>
      tensorProto({ name: `w${i}`, dataType: DATA_TYPE.float32, dims: [128, 128], content }),
    );
    const model = modelProto({ graph: { initializers } });
    const { container, files } = await roundTrip(model);
    expect(Buffer.compare(files[''], model)).toBe(0);
    const { tensors } = await inspect(container);
    const { classes } = tensors[0].lines;
    expect(classes).toBeGreaterThan(1);
    const shared = Math.floor(64 / classes);
    expect(tensors.map(({ owner }) => owner)).toEqual(initializers.map((_, i) => i - (i % shared)));

    const { payload, section, make } = lined(
      'dense',
      'uint8',
      [8, 20],
      0,
      Uint8Array.from({ length: 8 }, (_, i) => i),
    );
    await decode(make(), { verify: 'all' });
    const m = 8;
    const owner = { n: 'w', y: DATA_TYPE.uint8, d: [8, 20], g: 0, l: 3, k: 10, m, s: section.length };
    for (const count of [8, 9]) {
      const twins = Array.from({ length: count - 1 }, (_, i) => ({ n: `w${i}`, y: owner.y, d: [160], g: 0, r: 0 }));
      const container = forge({ f: [['', 160 * count, 0]], t: [owner, ...twins] }, undefined, [section]);
      const rebuilt = await decode(container).catch((error: unknown) => error);
      if (count > 8) expect(rebuilt).toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w7' });
      else expect(Buffer.compare(rebuilt as Uint8Array, concat(new Array(count).fill(payload)))).toBe(0);
    }
  });

  it('are reported: of many lines, and of dimensions that say nothing of how many weights there are', async () => {
    const classes = Uint8Array.from({ length: 300_000 }, (_, line) => line % 8);
    const many = lined('gap', 'uint8', [300_000, 2], 0, classes);
    const { tensors } = await inspectContainer(many.make());
    expect(tensors[0].tableBytes).toBeGreaterThan((3 * 300_000) / 8);
    const payload = Uint8Array.from({ length: 900 }, (_, i) => (i % 7) * (i % 3));
    const plain = planDense(indexUnits(payload)!, false);
    const section = plain.write();
    const fields = { ...plain.fields, l: LAYOUTS.indexOf('dense'), s: section.length };
    const strings: WireTensor = { n: 'w', y: DATA_TYPE.string, d: [2 ** 45], b: payload.length, g: 0, ...fields };
    const container = forge({ f: [['', payload.length, xxh32(payload)]], t: [strings] }, undefined, [section]);
    expect((await inspectContainer(container)).tensors[0]).toMatchObject({ layout: 'dense' });
  });

  it('are found where channels differ in scale, and save what they should', async () => {
    for (const [dims, axis, density] of [
      [[500, 2100], 0, 1],
      [[500, 2100], 0, 0.2],
      [[300, 400], 1, 1],
      [[40, 100, 9], 2, 1],
    ] as const) {
      const weights = scaled([...dims], axis, density);
      const { container, files } = await roundTrip(modelOf(weights, [...dims]));
      expect(Buffer.compare(files[''], modelOf(weights, [...dims]))).toBe(0);
      const { tensors } = await inspect(container);
      expect(tensors[0].lines, `${dims}`).toMatchObject({ count: dims[axis] });
      expect(tensors[0].lines.classes).toBeGreaterThan(1);
      const indexed = indexUnits(asUnits(bytesOf(weights), 4))!;
      const flat = Object.values(PLANS).map((plan) => plan(indexed, true)?.bytes ?? Number.POSITIVE_INFINITY);
      expect(tensors[0].section.length).toBeLessThan(0.95 * Math.min(...flat));
    }
  });

  it('are not there where all channels are alike', async () => {
    const weights = new Random(3).clustered(200_000, 30, 1);
    const { tensors } = await inspect(await encode(modelOf(weights, [500, 400])));
    expect(tensors[0].lines.classes).toBe(1);
  });
});
