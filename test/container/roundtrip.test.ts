import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { leastHead, writeContainer } from '../../src/container/write/container.js';
import { decode, inspect } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { cluster } from '../../src/stages/cluster.js';
import { prune } from '../../src/stages/prune.js';
import { encode, layoutOf, modelOf, readBytes, roundTrip } from '../support/container.js';
import { generatedModels } from '../support/models.js';
import { DATA_TYPE, type DataTypeName, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { packageModels } from '../support/packages.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { atOddOffset } from '../support/sources.js';

const BUNDLED = ['lenet-300-100', 'lenet-5'].map(
  (name) => new URL(`../../models/${name}.onnx`, import.meta.url).pathname,
);

describe('decode gives back what was encoded, byte for byte', () => {
  for (const { name, bytes, external } of generatedModels()) {
    it(`generated: ${name}`, async () => {
      const { files, container } = await roundTrip(bytes, external);
      expect(Buffer.compare(files[''], bytes)).toBe(0);
      // External files that no tensor refers to are none of the model's; all others come back under their names.
      for (const [location, content] of Object.entries(files)) {
        if (location !== '') expect(Buffer.compare(content, external?.[location] ?? new Uint8Array())).toBe(0);
      }
      expect(Buffer.compare(await encode(atOddOffset(bytes), external), container)).toBe(0);
    });
  }

  for (const path of [...packageModels(), ...BUNDLED]) {
    it(`real: ${path.split('/').pop()}`, async () => {
      const model = readBytes(path);
      const container = await encode(model);
      expect(Buffer.compare(await decode(atOddOffset(container), { verify: 'all' }), model)).toBe(0);
      expect(container.length).toBeLessThan(model.length * 0.9);
    });
  }

  it('a pruned and clustered real model is what comes back, and is far smaller', async () => {
    const model = openOnnx(readBytes(BUNDLED[0]));
    const small = await cluster({ bits: 5 }).run(await prune({ density: 0.1 }).run(model, {}), {});
    const container = concat(await writeContainer(small));
    const decoded = openOnnx(await decode(container, { verify: 'all' }));
    for (const [i, tensor] of small.tensors.entries()) {
      expect(Buffer.compare(decoded.tensors[i].payload.read(), tensor.payload.read())).toBe(0);
    }
    expect(container.length * 20).toBeLessThan(model.files[0].size);
  });

  it('a model of a skeleton that is squeezed far too well, in a head that is longer than it need be', async () => {
    // In fields that are too short for sections of their own.
    const metadata = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`a${i}`, 'a'.repeat(1000)]));
    const model = modelProto({ metadata });
    const container = await encode(model);
    expect(container.length).toBeGreaterThan(6e6 / 8);
    expect(container.length).toBeLessThan(6.1e6 / 8);
    expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
  });

  it('heads of many items or for much output are made longer, others are not', () => {
    const files = (size: number): [string, number, number][] => [['', size, 0]];
    const tensors = (count: number) => new Array(count).fill({ n: '', y: 1, d: [1, 1], g: 0 });
    expect(leastHead({ f: files(2 ** 27), t: tensors(5_700) }, 2 ** 22, 0)).toBeLessThanOrEqual(0);
    expect(leastHead({ f: files(2 ** 27), t: tensors(100_000) }, 2 ** 22, 0)).toBe(2 * (9 + 11 * 100_000 - 2 ** 16));
    expect(leastHead({ f: files(2 ** 28), t: [] }, 9, 1000)).toBe(2 ** 19 - 1020);
    expect(leastHead({ f: files(2 ** 28), t: [] }, 9, 2 ** 20)).toBeLessThanOrEqual(0);
    // 8 classes of 1024 symbols and a table; 8 planes that are a table each; what is written inline or as it is.
    const coded = (count: number, fields: object) => new Array(count).fill({ n: '', y: 11, d: [9], g: 0, ...fields });
    const least = (fields: object, sections: number) => leastHead({ f: files(9), t: coded(4000, fields) }, 9, sections);
    const beside = (symbols: number) => (4000 * symbols - 2 ** 22) / 8 - 20 - 1000;
    expect(least({ l: 3, k: 1024, m: 8 }, 1000)).toBe(Math.ceil(beside(8 * 1536 + 4 * 9)));
    expect(least({ l: 3, k: 1024, m: 8, h: 1 }, 1000)).toBe(Math.ceil(beside(8 * 1536)));
    expect(least({ l: 3, k: 1024, c: 3 }, 1000)).toBe(Math.ceil(beside(1536 + 4 * 9)));
    expect(least({ l: 6 }, 1000)).toBe(Math.ceil(beside(8 * 512)));
    expect(least({ l: 6, w: 1 }, 1000)).toBeLessThanOrEqual(0);
    expect(least({ l: 5, k: 768 }, 1000)).toBe(Math.ceil(beside(1280)));
    expect(least({ l: 5, k: 768 }, 2 ** 20)).toBeLessThanOrEqual(0);
    expect(least({ l: 1 }, 1000)).toBeLessThanOrEqual(0);
    expect(least({}, 1000)).toBeLessThanOrEqual(0);
    const twins = [...coded(1, { l: 4, k: 1024, m: 4 }), ...coded(999, { r: 0 })];
    expect(leastHead({ f: files(9), t: twins }, 9, 0)).toBe(Math.ceil((1000 * (4 * (1536 + 9)) - 2 ** 22) / 8 - 20));
  });

  it('Node Buffers, whose slices are views, at every alignment', async () => {
    const model = modelOf(new Random(4).clustered(9000, 30, 0.3));
    for (let offset = 0; offset < 4; offset++) {
      const buffer = Buffer.alloc(model.length + 4).subarray(offset, offset + model.length);
      buffer.set(model);
      const container = Buffer.from(await encode(buffer));
      expect(Buffer.compare(await decode(container, { verify: 'all' }), model)).toBe(0);
    }
  });

  it('any weights at all, and any two encodings of them are equal', async () => {
    const random = fc.tuple(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 1500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer(),
    );
    await fc.assert(
      fc.asyncProperty(random, async ([count, clusters, density, seed]) => {
        const model = modelOf(new Random(seed).clustered(count, clusters, density));
        const { container, files } = await roundTrip(model);
        expect(Buffer.compare(files[''], model)).toBe(0);
        expect(Buffer.compare(await encode(model), container)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('any bit patterns: −0, every NaN, infinities, denormals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 40 }),
        async (patterns, times) => {
          const bits = Uint32Array.from({ length: patterns.length * times }, (_, i) => patterns[i % patterns.length]);
          const model = modelOf(new Float32Array(bits.buffer));
          expect(Buffer.compare((await roundTrip(model)).files[''], model)).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('layouts', () => {
  const random = new Random(11);
  /** Weights without structure that a match could use, unlike a handful repeated. */
  const cases: [string, Float32Array | Float64Array | Uint16Array | Uint8Array, string][] = [
    ['a few weights stay in the skeleton', random.floats(4), 'inline'],
    ['few weights of few values', random.clustered(600, 16), 'packed'],
    ['many weights of few values', rounded(random.floats(100_000)), 'dense'],
    ['one weight in ten kept', random.clustered(100_000, 32, 0.1), 'gap'],
    ['one weight in three kept', maskFriendly(200_000), 'mask'],
    ['floats of all values', random.floats(100_000), 'planes'],
    ['doubles', Float64Array.from(random.floats(20_000)), 'planes'],
    ['float16 of all values', Uint16Array.from({ length: 40_000 }, () => random.uint32()), 'verbatim'],
    ['bytes of all values', random.bytes(100_000), 'verbatim'],
    ['bytes of few values', Uint8Array.from({ length: 50_000 }, () => random.below(5) * 9 + 1), 'dense'],
    ['nothing but zeros', new Float32Array(3_000_000), 'gap'],
    ['nothing but one value', new Float32Array(600_000).fill(0.5), 'packed'],
  ];
  for (const [name, values, layout] of cases) {
    it(`${name}: ${layout}`, async () => {
      const model = modelOf(values);
      const { container, files } = await roundTrip(model);
      expect(Buffer.compare(files[''], model)).toBe(0);
      expect([layout, 'inline']).toContain(await layoutOf(container));
    });
  }

  it('chunk borders: sizes around every one of them', async () => {
    const sizes = [
      1, 2, 7, 8, 4095, 4097, 8191, 8192, 8193, 65_535, 65_536, 65_537, 131_073, 262_143, 262_144, 262_145, 300_007,
    ];
    for (const size of sizes) {
      for (const density of [1, 0.3, 0.02]) {
        const model = modelOf(new Random(size).clustered(size, 20, density));
        expect(Buffer.compare((await roundTrip(model)).files[''], model)).toBe(0);
      }
    }
  });

  it('long stretches of zeros between weights, and behind the last one of a chunk', async () => {
    const weights = new Float32Array(600_000);
    for (const at of [0, 254, 255, 256, 257, 70_000, 262_143, 262_144, 262_399, 500_000]) weights[at] = at + 1;
    const model = modelOf(weights);
    const { container, files } = await roundTrip(model);
    expect(await layoutOf(container)).toBe('gap');
    expect(Buffer.compare(files[''], model)).toBe(0);
    expect(container.length).toBeLessThan(800);
  });
});

describe('payloads that repeat', () => {
  const random = new Random(23);
  const clustered = random.clustered(5000, 20, 0.4);
  const model = (count: number) => {
    const tensor = (name: string, values: Float32Array) =>
      tensorProto({ name, dataType: DATA_TYPE.float32, dims: [values.length], content: rawData(bytesOf(values)) });
    const twins = Array.from({ length: count }, (_, i) => tensor(`twin${i}`, clustered));
    return modelProto({ graph: { initializers: [...twins, tensor('other', random.clustered(5000, 20, 0.4))] } });
  };

  it('share one section', async () => {
    const five = model(5);
    const { container, files } = await roundTrip(five);
    expect(Buffer.compare(files[''], five)).toBe(0);
    const { tensors } = await inspect(container);
    expect(tensors.map(({ owner }) => owner)).toEqual([0, 0, 0, 0, 0, 5]);
    expect(container.length).toBeLessThan((await encode(model(1))).length + 150);
  });

  it('up to a limit, then there is another section', async () => {
    const many = model(130);
    const { container, files } = await roundTrip(many);
    expect(Buffer.compare(files[''], many)).toBe(0);
    const owners = (await inspect(container)).tensors.map(({ owner }) => owner);
    expect(new Set(owners)).toEqual(new Set([0, 64, 128, 130]));
  });

  it('only as payloads: the same bytes of a section may stand for others', async () => {
    const sparse = Float32Array.from(random.clustered(40_000, 6, 0.1)).fill(0, 39_000);
    sparse[38_999] = sparse.find((weight) => weight !== 0) as number;
    const noise = random.bytes(4000);
    const pairs: [DataTypeName, number[], Uint8Array][][] = [
      // Zeros behind the last weight, fewer than a filler: nothing in the section says how many.
      [39_003, 39_004].map((count) => ['float32', [count], bytesOf(sparse.subarray(0, count))]),
      // The same bits, of other types.
      [
        ['float32', [1000], noise],
        ['uint8', [4000], noise],
        ['float16', [2000], noise],
      ],
    ];
    for (const tensors of pairs) {
      const initializers = tensors.map(([type, dims, bytes], i) =>
        tensorProto({ name: `w${i}`, dataType: DATA_TYPE[type], dims, content: rawData(bytes) }),
      );
      const model = modelProto({ graph: { initializers } });
      const { container, files } = await roundTrip(model);
      expect(Buffer.compare(files[''], model)).toBe(0);
      expect((await inspect(container)).tensors.map(({ owner }) => owner)).toEqual([...tensors.keys()]);
    }
  });
});

/** Weights on a grid without zero: few values, the small ones far more often. */
function rounded(weights: Float32Array): Float32Array {
  return weights.map((weight) => Math.round(weight * 40) / 40 + 1 / 128);
}

/** Kept weights in bursts of eight: where whole mask bytes are alike, a mask is cheaper than gaps. */
function maskFriendly(count: number): Float32Array {
  const random = new Random(5);
  const weights = new Float32Array(count);
  for (let i = 0; i < count; i += 8) {
    const mask = [0b01010101, 0b11001010, 0b00000000][random.below(3)];
    for (let k = 0; k < 8; k++) weights[i + k] = (mask >> k) & 1 ? 1 + random.below(16) : 0;
  }
  return weights;
}
