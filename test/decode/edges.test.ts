import { describe, expect, it } from 'vitest';
import { xxh32 } from '../../src/binary/xxh32.js';
import { LAYOUTS } from '../../src/container/constants.js';
import type { WireHeader, WireTensor } from '../../src/container/header.js';
import { planGap } from '../../src/container/write/gap.js';
import { planDense, planMask, planPacked, planPlanes } from '../../src/container/write/layouts.js';
import { makeCode } from '../../src/container/write/runs.js';
import { asUnits, type Indexed, indexUnits } from '../../src/container/write/symbols.js';
import { decode, decodeFiles, decodeTensors, FxqError, inspect } from '../../src/decode/index.js';
import { encode, modelOf, roundTrip } from '../support/container.js';
import { forge, type Sizes } from '../support/forge.js';
import { DATA_TYPE, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { atOddOffset } from '../support/sources.js';

/** Sizes at which signed and unsigned 32-bit numbers end. */
const EDGES = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 32 + 40];

const section = new Uint8Array(40);

/** Refused by every way to read it, without memory for what it declares. */
async function expectRefused(container: Uint8Array): Promise<void> {
  const ways = {
    decode: () => decode(container, { verify: 'none' }),
    decodeFiles: () => decodeFiles(container),
    inspect: () => inspect(container),
    decodeTensors: async () => {
      for await (const _ of decodeTensors(container));
    },
  };
  for (const [name, way] of Object.entries(ways)) {
    const before = process.memoryUsage().arrayBuffers;
    const error = await way().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error, name).toBeInstanceOf(FxqError);
    expect((error as FxqError).code, name).toBe('CONTAINER_MALFORMED');
    expect(process.memoryUsage().arrayBuffers - before, name).toBeLessThan(2 ** 22);
  }
}

function headerOf(tensor: Partial<WireTensor>, size: number): WireHeader {
  return { f: [['', size, 0]], t: [{ n: 'w', y: DATA_TYPE.uint8, d: [40], g: 0, l: 1, s: 40, ...tensor }] };
}

describe('sizes around 2 and 4 GiB that are merely declared', () => {
  it('the container they are declared in is sound but for them', async () => {
    expect(await decode(forge(headerOf({}, 40), undefined, [section]))).toEqual(section);
  });

  const places: Record<string, (size: number) => [WireHeader, Sizes?]> = {
    'of a file': (size) => [headerOf({}, size)],
    'of a section': (size) => [headerOf({ s: size }, 40)],
    'of the skeleton before a tensor': (size) => [headerOf({ g: size }, size + 40)],
    'of a payload in the skeleton': (size) => [{ ...headerOf({}, size), t: [{ n: 'w', y: 2, d: [size], g: 0 }] }],
    'of a payload by its own field': (size) => [headerOf({ b: size }, size)],
    'of the squeezed head': (size) => [headerOf({}, 40), { squeezed: size }],
    'of the expanded head': (size) => [headerOf({}, 40), { expanded: size }],
    'of the header': (size) => [headerOf({}, 40), { header: size }],
  };
  for (const layout of LAYOUTS.slice(1)) {
    const fields = { l: LAYOUTS.indexOf(layout), k: 4, q: 8 };
    places[`of a tensor in layout ${layout}`] = (size) => [headerOf({ ...fields, d: [size] }, size)];
    places[`of a tensor of floats in layout ${layout}`] = (size) => [
      headerOf({ ...fields, y: 1, d: [size] }, 4 * size),
    ];
    places[`of two dimensions in layout ${layout}`] = (size) => [headerOf({ ...fields, d: [size, 2] }, 2 * size)];
  }
  for (const [place, lie] of Object.entries(places)) {
    it(`${place}: refused`, async () => {
      for (const size of EDGES) {
        const [header, sizes] = lie(size);
        // What is a size modulo 2^32 in the prefix could be the true one.
        if (sizes && size >= 2 ** 32) continue;
        await expectRefused(forge(header, undefined, [section], sizes));
      }
    });
  }
});

describe('codebooks of one value and of two, and single weights', () => {
  const plans: Record<string, (indexed: Indexed, isFloat: boolean) => ReturnType<typeof planGap>> = {
    packed: planPacked,
    dense: planDense,
    gap: planGap,
    mask: planMask,
  };
  const kinds = { float32: Float32Array, uint16: Uint16Array, uint8: Uint8Array } as const;
  const contents: Record<string, (i: number) => number> = {
    'one value': () => 3,
    'one value and zeros': (i) => (i % 5 === 2 ? 3 : 0),
    'two values': (i) => 1 + (i % 2),
    'two values and zeros': (i) => i % 3,
    'zeros only': () => 0,
  };
  for (const [layout, plan] of Object.entries(plans)) {
    for (const [content, valueAt] of Object.entries(contents)) {
      it(`${layout}: ${content}`, async () => {
        for (const [dtype, Elements] of Object.entries(kinds)) {
          for (const count of [1, 2, 3, 8, 9, 8191, 8192, 8193, 65_537]) {
            const payload = bytesOf(Elements.from(Array.from({ length: count }, (_, i) => valueAt(i))));
            const indexed = indexUnits(asUnits(payload, Elements.BYTES_PER_ELEMENT))!;
            const planned = plan(indexed, dtype === 'float32');
            // Gap and mask are for tensors with zeros.
            if (planned === undefined) continue;
            const bytes = planned.write();
            const { k = 0, c = 0, q = 4 } = planned.fields;
            const type = DATA_TYPE[dtype as keyof typeof kinds];
            const fields = { y: type, d: [count], l: LAYOUTS.indexOf(planned.layout), k, c, q, s: bytes.length };
            const header = headerOf(fields, payload.length);
            header.f[0][2] = xxh32(payload);
            const rebuilt = await decode(forge(header, undefined, [bytes]), { verify: 'all' });
            expect(Buffer.compare(rebuilt, payload), `${count} of ${dtype}`).toBe(0);
          }
        }
      });
    }
  }

  it('planes of one value each but one', async () => {
    for (const count of [2, 9, 8192, 65_537]) {
      const payload = bytesOf(Float64Array.from({ length: count }, (_, i) => (i % 2 ? 1 : 2 ** 0.5)));
      const planned = planPlanes(payload, 8)!;
      const bytes = planned.write();
      const header = headerOf({ y: DATA_TYPE.float64, d: [count], l: 6, s: bytes.length }, payload.length);
      expect(Buffer.compare(await decode(forge(header, undefined, [bytes])), payload), `${count}`).toBe(0);
    }
  });
});

describe('little or nothing', () => {
  it('tensors without elements, of one, and scalars: as they were, in place', async () => {
    const shapes = [[0], [0, 3], [3, 0], [2, 0, 2], [1], [1, 1, 1], []];
    const types = { float32: 4, float64: 8, float16: 2, uint8: 1, int64: 8 } as const;
    const initializers = Object.entries(types).flatMap(([type, width]) =>
      shapes.map((dims) => {
        const bytes = new Random(width).bytes(dims.reduce((product, dim) => product * dim, width));
        const dataType = DATA_TYPE[type as keyof typeof types];
        return tensorProto({ name: `${type} ${dims}`, dataType, dims, content: rawData(bytes) });
      }),
    );
    const model = modelProto({ graph: { initializers } });
    const { container, files } = await roundTrip(model);
    expect(Buffer.compare(files[''], model)).toBe(0);
    const lengths: Record<string, number> = {};
    for await (const { name, data } of decodeTensors(container)) lengths[name] = data.length;
    // What has no bytes is a matter of the skeleton.
    const filled = shapes.filter((dims) => !dims.includes(0));
    const names = Object.keys(types).flatMap((type) => filled.map((dims) => `${type} ${dims}`));
    expect(lengths).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
  });

  it('sections without weights, in every layout that can have none', async () => {
    for (const l of [1, 2, 3, 4, 5]) {
      // Codes without symbols, where the layout has them: four bits a gap, or a mask.
      const bytes = makeCode(new Uint32Array([0, 0, 0, 0, 16, 256][l])).table;
      const container = forge(headerOf({ d: [0], l, s: bytes.length }, 0), undefined, [bytes]);
      expect(await decode(container), LAYOUTS[l]).toEqual(new Uint8Array());
    }
  });

  it('models without tensors, files without bytes', async () => {
    for (const model of [modelProto({}), modelProto({ graph: {} }), modelProto({ graph: { initializers: [] } })]) {
      expect(Buffer.compare((await roundTrip(model)).files[''], model)).toBe(0);
    }
    const nothing = forge({ f: [['', 0, xxh32(new Uint8Array())]], t: [] });
    expect(await decode(nothing, { verify: 'all' })).toEqual(new Uint8Array());
    for await (const tensor of decodeTensors(nothing)) expect(tensor).toBeUndefined();
  });
});

it('memory of any kind, at any offset, shared or not', async () => {
  const random = new Random(8);
  const model = modelOf(random.clustered(20_000, 30, 0.2));
  const container = await encode(model);
  for (let offset = 0; offset < 9; offset++) {
    for (const buffer of [new ArrayBuffer(container.length + 20), new SharedArrayBuffer(container.length + 20)]) {
      const view = new Uint8Array(buffer, offset, container.length);
      view.set(container);
      expect(Buffer.compare(await decode(view, { verify: 'all' }), model), `${offset}`).toBe(0);
      for await (const { data } of decodeTensors(view)) expect(data.length).toBe(20_000);
    }
  }
  expect(Buffer.compare(await decode(atOddOffset(container)), model)).toBe(0);
});
