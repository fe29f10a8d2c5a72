import { decode as decodeCbor, encode as encodeCbor } from 'cbor-x';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/binary/half.js';
import { Xxh32 } from '../../src/binary/xxh32.js';
import { MAGIC, VERSION } from '../../src/container/constants.js';
import { decode, decodeFiles, decodeForOrt, FxqError, inspect } from '../../src/decode/index.js';
import { expand } from '../../src/entropy/expand.js';
import { SPARED } from '../../src/entropy/lzma-model.js';
import { squeeze } from '../../src/kernels/encode/index.js';
import { encode, modelOf, readBytes } from '../support/container.js';
import { generatedModel } from '../support/models.js';
import { DATA_TYPE, modelProto, rawData, tensorProto } from '../support/onnx-builder.js';
import { bytesOf, concat } from '../support/protobuf.js';
import { Random } from '../support/random.js';
import { atOddOffset } from '../support/sources.js';

const PREFIX = 20;

/** A container taken apart: any part can be changed and the whole put together again with checksums that fit. */
interface Parts {
  // biome-ignore lint/suspicious/noExplicitAny: headers are made wrong on purpose
  header: any;
  skeleton: Uint8Array;
  sections: Uint8Array;
}

interface Lies {
  /** The header's bytes, in place of its CBOR. */
  cbor?: Uint8Array;
  /** The squeezed stream, in place of that of header and skeleton. */
  squeezed?: Uint8Array;
  squeezedBytes?: number;
  expandedBytes?: number;
  headerBytes?: number;
}

function takeApart(container: Uint8Array): Parts {
  const view = new DataView(container.buffer, container.byteOffset);
  const end = PREFIX + view.getUint32(4, true);
  const head = expand(container.subarray(PREFIX, end), view.getUint32(8, true));
  const headerBytes = view.getUint32(12, true);
  return {
    header: decodeCbor(head.subarray(0, headerBytes)),
    skeleton: head.slice(headerBytes),
    sections: container.slice(end),
  };
}

function putTogether(parts: Parts, lies: Lies = {}): Uint8Array {
  const cbor = lies.cbor ?? new Uint8Array(encodeCbor(parts.header));
  const head = concat(cbor, parts.skeleton);
  const squeezed = lies.squeezed ?? squeeze(head);
  const prefix = new Uint8Array(PREFIX);
  prefix.set([...MAGIC, VERSION]);
  const view = new DataView(prefix.buffer);
  view.setUint32(4, lies.squeezedBytes ?? squeezed.length, true);
  view.setUint32(8, lies.expandedBytes ?? head.length, true);
  view.setUint32(12, lies.headerBytes ?? cbor.length, true);
  view.setUint32(16, new Xxh32().update(prefix.subarray(0, 16)).update(squeezed).digest(), true);
  return concat(prefix, squeezed, parts.sections);
}

/** The typed error of decoding, or nothing. Anything else that is thrown fails the test. */
async function refusal(container: Uint8Array, verify: 'all' | 'none' = 'none'): Promise<FxqError | undefined> {
  try {
    await decodeFiles(container, { verify });
    return undefined;
  } catch (error) {
    if (error instanceof FxqError) return error;
    throw error;
  }
}

/** What a container may cost before it is refused, in milliseconds of the processor. */
const CEILING_MS = 2000;

/** Does the work; in `npm run bench hostile`, with the processor to itself, no longer than the ceiling. */
async function inTime<T>(work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  if (process.env.FXQ_BENCH === 'hostile') expect((user + system) / 1000).toBeLessThan(CEILING_MS);
  return result;
}

/** Weights that float16 holds, so that their codebook is written as such. */
const halves = (weights: Float32Array) => weights.map((weight) => fromHalf(toHalf(weight)));

/** Tensors of six layouts, and one that repeats another. */
function richModel(): Uint8Array {
  const random = new Random(5);
  const values = {
    inline: random.floats(2),
    packed: random.clustered(400, 10),
    dense: random.clustered(3000, 20),
    gap: halves(random.clustered(4000, 16, 0.08)),
    planes: random.floats(3000),
  };
  const all = { ...values, twin: values.gap };
  const initializers = Object.entries(all).map(([name, floats]) =>
    tensorProto({ name, dataType: DATA_TYPE.float32, dims: [floats.length], content: rawData(bytesOf(floats)) }),
  );
  const verbatim = rawData(random.bytes(5000));
  initializers.push(tensorProto({ name: 'verbatim', dataType: DATA_TYPE.uint8, dims: [5000], content: verbatim }));
  return modelProto({ graph: { initializers } });
}

describe('decode', async () => {
  const values = new Random(1).clustered(5000, 12, 0.4);
  const model = modelOf(values);
  const container = await encode(model);
  const severalFiles = generatedModel('external: several files');
  const several = await encode(severalFiles.bytes, severalFiles.external);

  it('takes an ArrayBuffer, a Uint8Array at any offset, and a Node Buffer', async () => {
    const before = container.slice();
    const forms: (Uint8Array | ArrayBuffer)[] = [
      container,
      container.slice().buffer,
      atOddOffset(container),
      Buffer.from(container),
      Buffer.concat([Buffer.alloc(1), container]).subarray(1),
    ];
    for (const form of forms) {
      expect(Buffer.compare(await decode(form, { verify: 'all' }), model)).toBe(0);
      expect((await decodeFiles(form)).map(({ name, bytes }) => [name, bytes.length])).toEqual([['', model.length]]);
      expect((await inspect(form)).bytes).toBe(container.length);
    }
    expect(Buffer.compare(container, before)).toBe(0);
  });

  it('gives memory of its own, which the input does not share', async () => {
    const input = container.slice();
    const output = await decode(input);
    input.fill(0);
    expect(Buffer.compare(output, model)).toBe(0);
    expect(output.byteOffset).toBe(0);
    expect(output.buffer.byteLength).toBe(model.length);
  });

  it('gives external files by the names that the model has for them', async () => {
    const files = await decodeFiles(several, { verify: 'all' });
    expect(files.map(({ name }) => name)).toEqual(['', 'b.bin', 'a.bin', 'c.bin']);
    expect(Buffer.compare(files[0].bytes, severalFiles.bytes)).toBe(0);
    for (const { name, bytes } of files.slice(1)) {
      expect(Buffer.compare(bytes, severalFiles.external?.[name] ?? new Uint8Array()), name).toBe(0);
    }
  });

  it('of several files is a mistake of the caller: a TypeError that names the files and what to call', async () => {
    await expect(decode(several)).rejects.toThrow(TypeError);
    await expect(decode(several)).rejects.toThrow(/"b\.bin", "a\.bin", "c\.bin".*decodeFiles/);
  });

  it('stops when the signal has fired', async () => {
    const reason = new Error('enough');
    await expect(decode(container, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: 'FxqError',
      code: 'ABORTED',
      cause: reason,
    });
    await expect(decodeFiles(several, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await decode(container, { signal: new AbortController().signal })).toEqual(model);
  });

  it('stops between two tensors', async () => {
    const controller = new AbortController();
    const pending = decodeFiles(several, { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('runs several at once without mixing them up', async () => {
    const models = Array.from({ length: 8 }, (_, i) => modelOf(new Random(i).clustered(900 + i, 9, 0.5)));
    const decoded = await Promise.all(models.map(async (each) => decode(await encode(each))));
    for (const [i, bytes] of decoded.entries()) expect(Buffer.compare(bytes, models[i])).toBe(0);
  });

  describe('inspect', () => {
    it('says what there is, where it stands, and adds up', async () => {
      const rich = richModel();
      const whole = await encode(rich);
      const { bytes, files, tensors } = await inspect(whole);
      expect(bytes).toBe(whole.length);
      expect(files).toMatchObject([{ name: '', size: rich.length }]);
      expect(tensors.map(({ name, dims, dtype }) => [name, dims, dtype])).toEqual([
        ['inline', [2], 'float32'],
        ['packed', [400], 'float32'],
        ['dense', [3000], 'float32'],
        ['gap', [4000], 'float32'],
        ['planes', [3000], 'float32'],
        ['twin', [4000], 'float32'],
        ['verbatim', [5000], 'uint8'],
      ]);
      let at = tensors[0].section.offset;
      for (const { name, section, length, units, width } of tensors) {
        // The tensor that repeats another has no section of its own.
        if (name === 'twin') {
          expect(section).toEqual(tensors[3].section);
          continue;
        }
        expect(section.offset, name).toBe(at);
        expect(units * width).toBe(length);
        at += section.length;
      }
      expect(at).toBe(whole.length);
    });
  });

  describe('verify', () => {
    const parts = takeApart(container);

    it('puts together what it takes apart', async () => {
      expect(await decode(putTogether(parts), { verify: 'all' })).toEqual(model);
    });

    it('"all" finds a file that is not the one that was encoded, the others do not look', async () => {
      const wrong = structuredClone(parts);
      wrong.header.f[0][2] = (wrong.header.f[0][2] ^ 1) >>> 0;
      const forged = putTogether(wrong);
      expect(await decode(forged)).toEqual(model);
      expect(await decode(forged, { verify: 'none' })).toEqual(model);
      const refused = await refusal(forged, 'all');
      expect(refused).toMatchObject({
        code: 'CHECKSUM',
        expected: wrong.header.f[0][2],
        actual: parts.header.f[0][2],
      });
      expect(refused?.message).toMatch(/^the rebuilt model: damaged/);
    });

    it('"all" names the external file that is wrong', async () => {
      const forged = takeApart(several);
      forged.header.f[2][2] = 1;
      expect((await refusal(putTogether(forged), 'all'))?.message).toMatch(/^a\.bin: damaged/);
    });

    it('"sections" finds a changed section and names its tensor, "none" does not look', async () => {
      const wrong = structuredClone(parts);
      wrong.header.t[0].x = (wrong.header.t[0].x ^ 0x80000000) >>> 0;
      const forged = putTogether(wrong);
      expect(await decode(forged, { verify: 'none' })).toEqual(model);
      for (const verify of ['sections', 'all'] as const) {
        await expect(decode(forged, { verify })).rejects.toMatchObject({ code: 'CHECKSUM', tensor: 'w' });
      }
    });

    it('"all" finds a change of the skeleton that the head’s own checksum fits', async () => {
      const wrong = structuredClone(parts);
      wrong.skeleton[3] ^= 1;
      expect(await refusal(putTogether(wrong))).toBeUndefined();
      expect(await refusal(putTogether(wrong), 'all')).toMatchObject({ code: 'CHECKSUM' });
    });

    it('always checks the head', async () => {
      const damaged = container.slice();
      damaged[PREFIX + 3] ^= 1;
      expect(await refusal(damaged)).toMatchObject({ code: 'CHECKSUM', offset: 16 });
    });
  });
});

describe('hostile headers', async () => {
  const model = richModel();
  const container = await encode(model);
  const beside = generatedModel('external: beside a tensor in the model file');
  let bases: Parts[];
  beforeAll(async () => {
    bases = [takeApart(container), takeApart(await encode(beside.bytes, beside.external))];
  });

  /** Values that no field of the header may have. */
  const never: [string, unknown][] = [
    ['negative', -1],
    ['half', 0.5],
    ['NaN', Number.NaN],
    ['infinite', Infinity],
    ['2^53', 2 ** 53],
    ['2^63', 2n ** 63n],
    ['1e300', 1e300],
    ['text', '7'],
    ['true', true],
    ['a list', [1]],
    ['a map', { a: 1 }],
    ['bytes', Uint8Array.of(1)],
    ['a date', new Date(0)],
  ];

  const refused = /^(CONTAINER_MALFORMED|LIMIT)$/;

  it('hold every field they are tried in', () => {
    const keys = new Set(bases.flatMap(({ header }) => header.t.flatMap((tensor: object) => Object.keys(tensor))));
    expect([...'nydglkcqsxr', 'f'].filter((key) => !keys.has(key))).toEqual([]);
  });

  it('a field of a tensor that is of another type, negative or huge: refused by name', async () => {
    for (const base of bases) {
      for (const [i, tensor] of base.header.t.entries()) {
        for (const key of Object.keys(tensor)) {
          for (const [what, value] of never) {
            // Another name is as good as any; text is what a name is.
            if (key === 'n' && what === 'text') continue;
            // One dimension of one, in place of the shape: a shape that only says nothing about the payload's length.
            if (key === 'd' && what === 'a list') continue;
            const wrong = structuredClone(base);
            wrong.header.t[i][key] = value;
            const error = await refusal(putTogether(wrong));
            expect(error?.code, `t[${i}].${key} ${what}`).toMatch(refused);
            if (key !== 'n') expect(error?.tensor, `t[${i}].${key} ${what}`).toBeTypeOf('string');
            expect(error?.offset).toBeTypeOf('number');
          }
        }
      }
    }
  });

  it('a dimension that is none: refused', async () => {
    for (const [what, value] of never) {
      const wrong = structuredClone(bases[0]);
      wrong.header.t[0].d = [value];
      expect((await refusal(putTogether(wrong)))?.code, what).toMatch(refused);
    }
  });

  it('a field of a tensor that is missing: refused, or what it would be by default', async () => {
    for (const base of bases) {
      for (const [i, tensor] of base.header.t.entries()) {
        for (const key of Object.keys(tensor)) {
          const wrong = structuredClone(base);
          delete wrong.header.t[i][key];
          const forged = putTogether(wrong);
          const error = await refusal(forged, 'all');
          const what = `t[${i}] without ${key}`;
          if (error) expect(error.code, what).toMatch(/^(CONTAINER_MALFORMED|LIMIT|CHECKSUM)$/);
          // A field may be written although it has its default.
          else
            expect(
              Buffer.compare((await decodeFiles(forged))[0].bytes, base === bases[0] ? model : beside.bytes),
              what,
            ).toBe(0);
        }
      }
    }
  });

  it('numbers that are in their range but another: never other bytes than those that were encoded', async () => {
    const cases = bases.flatMap((base, b) =>
      base.header.t.flatMap((tensor: Record<string, unknown>, t: number) =>
        Object.keys(tensor)
          .concat('b', 'w', 'f', 'k', 'c', 'q', 'l', 'p', 'r')
          .map((key) => ({ b, t, key })),
      ),
    );
    const unchecked = new Set(['n', 'y', 'd']);
    for (const { b, t, key } of cases) {
      if (unchecked.has(key)) continue;
      for (const value of [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        11,
        12,
        400,
        1024,
        4096,
        65_536,
        2 ** 20,
        2 ** 32 - 1,
        2 ** 47,
        2 ** 50,
      ]) {
        const wrong = structuredClone(bases[b]);
        wrong.header.t[t][key] = value;
        const forged = putTogether(wrong);
        const error = await refusal(forged, 'all');
        if (error) expect(error.code).toMatch(/^(CONTAINER_MALFORMED|LIMIT|CHECKSUM)$/);
        else expect(Buffer.compare((await decodeFiles(forged))[0].bytes, b === 0 ? model : beside.bytes)).toBe(0);
      }
    }
  });

  it('a field of a file that is of another type, negative, huge or missing: refused', async () => {
    for (const base of bases) {
      for (const [i, file] of base.header.f.entries()) {
        for (const field of file.keys()) {
          for (const [what, value] of [...never, ['missing', undefined], ['null', null]]) {
            // The name of a file beside the model may be another; a text that is none of the model's own is refused.
            if (field === 0 && i > 0 && what === 'text') continue;
            const wrong = structuredClone(base);
            wrong.header.f[i][field] = value;
            expect((await refusal(putTogether(wrong)))?.code, `f[${i}][${field}] ${what}`).toMatch(refused);
          }
        }
        const wrong = structuredClone(base);
        wrong.header.f[i] = [];
        expect((await refusal(putTogether(wrong)))?.code).toMatch(refused);
      }
    }
  });

  it.each([
    '/etc/passwd',
    '../model.data',
    'a/../../b',
    'C:\\windows\\a',
    '\\\\server\\share\\a',
    'a\0b',
    '.',
    'folder/',
    '',
  ])('a file named %j: refused', async (name) => {
    const wrong = structuredClone(bases[1]);
    wrong.header.f[1][0] = name;
    expect((await refusal(putTogether(wrong)))?.code).toBe('CONTAINER_MALFORMED');
  });

  it('a model with a name of its own, two files of one name: refused', async () => {
    const named = structuredClone(bases[1]);
    named.header.f[0][0] = 'model.onnx';
    expect(await refusal(putTogether(named))).toMatchObject({ code: 'CONTAINER_MALFORMED' });
    const twins = structuredClone(bases[1]);
    twins.header.f.push([...twins.header.f[1]]);
    expect(await refusal(putTogether(twins))).toMatchObject({ code: 'CONTAINER_MALFORMED' });
  });

  it.each<[string, (parts: Parts) => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a number', () => 7],
    ['a text', () => 'header'],
    ['a list', () => [1, 2]],
    ['an empty map', () => ({})],
    ['no tensors', ({ header }) => ({ f: header.f })],
    ['no files', ({ header }) => ({ t: header.t })],
    ['an empty list of files', ({ header }) => ({ ...header, f: [] })],
    ['files in a map', ({ header }) => ({ ...header, f: { 0: header.f[0], length: 1 } })],
    ['tensors in a map', ({ header }) => ({ ...header, t: { length: 1e9 } })],
    ['a tensor that is null', ({ header }) => ({ ...header, t: [null] })],
    ['a tensor that is a list', ({ header }) => ({ ...header, t: [[]] })],
    ['a tensor too few', ({ header }) => ({ ...header, t: header.t.slice(1) })],
    ['a tensor twice', ({ header }) => ({ ...header, t: [header.t[0], ...header.t] })],
    ['a tensor that shares its own section', ({ header }) => ({ ...header, t: [{ ...header.t[0], r: 0 }] })],
    ['tensors the other way round', ({ header }) => ({ ...header, t: [...header.t].reverse() })],
    ['65 dimensions', ({ header }) => ({ ...header, t: [{ ...header.t[0], d: new Array(65).fill(1) }] })],
    [
      'dimensions whose product is no number',
      ({ header }) => ({ ...header, t: [{ ...header.t[0], d: [...new Array(30).fill(2 ** 50), 0] }] }),
    ],
    ['files beyond number', ({ header }) => ({ ...header, f: new Array(70_000).fill(header.f[0]) })],
  ])('a header that is %s: refused', async (_, make) => {
    const parts = bases[0];
    expect((await refusal(putTogether({ ...parts, header: make(parts) }), 'all'))?.code).toMatch(
      /^(CONTAINER_MALFORMED|LIMIT|CHECKSUM)$/,
    );
  });

  it('bytes that are no CBOR: refused, and the next container is decoded as ever', async () => {
    const parts = bases[0];
    const deep = new Uint8Array(200_000).fill(0x81);
    const bad: Uint8Array[] = [
      new Uint8Array(),
      Uint8Array.of(0xff),
      Uint8Array.of(0x1c),
      Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff), // an array of 2^32 − 1 items
      Uint8Array.of(0xba, 0xff, 0xff, 0xff, 0xff), // a map of as many
      Uint8Array.of(0x7a, 0x7f, 0xff, 0xff, 0xff, 0x61), // a text of 2 GiB
      Uint8Array.of(0x5b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff), // bytes of 1 TiB
      Uint8Array.of(0x9f, 0x01), // a list without its end
      deep,
      concat(new Uint8Array(encodeCbor(parts.header)), Uint8Array.of(0)),
      new Uint8Array(encodeCbor(parts.header)).subarray(0, -1),
    ];
    for (const [i, cbor] of bad.entries()) {
      const bytes = putTogether(parts, { cbor });
      expect(await inTime(() => refusal(bytes)), `bad[${i}]`).toMatchObject({ code: 'CONTAINER_MALFORMED' });
      expect(await refusal(container, 'all')).toBeUndefined();
    }
  });

  it('a header with any byte changed and sums that fit: the right bytes, or refused', async () => {
    const parts = bases[0];
    const cbor = new Uint8Array(encodeCbor(parts.header));
    for (let at = 0; at < cbor.length; at++) {
      for (const flip of [0x01, 0x20, 0x80, 0xff]) {
        const changed = cbor.slice();
        changed[at] ^= flip;
        const forged = putTogether(parts, { cbor: changed });
        const error = await refusal(forged, 'all');
        if (error) expect(error.code).toMatch(/^(CONTAINER_MALFORMED|LIMIT|CHECKSUM)$/);
        else expect(Buffer.compare(await decode(forged), model), `byte ${at} ^ ${flip}`).toBe(0);
      }
    }
  });

  it('random bytes for a header: refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (cbor) => {
        expect((await refusal(putTogether(bases[0], { cbor })))?.code).toMatch(refused);
      }),
      { numRuns: 300 },
    );
  });
});

describe('skeletons that lie, with sums that fit', async () => {
  const parts = takeApart(await encode(richModel()));
  const random = new Random(11);

  it('are rebuilt for ONNX Runtime as whatever they say, never to an error or out of place', async () => {
    const payloads = parts.header.t.reduce(
      (sum: number, { d, y }: { d: number[]; y: number }) => sum + d[0] * (y === 1 ? 4 : 1),
      0,
    );
    for (let i = 0; i < 300; i++) {
      const lying = { ...parts, header: structuredClone(parts.header), skeleton: parts.skeleton.slice() };
      const { t } = lying.header;
      // Bytes that are others, or payloads elsewhere.
      for (let k = random.below(4); k > 0; k--) lying.skeleton[random.below(lying.skeleton.length)] = random.below(256);
      const [from, to] = [random.below(t.length), random.below(t.length)];
      const moved = random.below(2) * Math.min(t[from].g, 1 + random.below(12));
      t[from].g -= moved;
      t[to].g += moved;
      const { model, externalData } = await decodeForOrt(putTogether(lying), { verify: 'none' });
      const outside = externalData.reduce((sum, { data }) => sum + data.length, 0);
      expect(model.length + outside).toBeGreaterThan(payloads / 2);
      const whole = await decode(putTogether(lying), { verify: 'none' });
      if (outside === 0) expect(Buffer.compare(model, whole)).toBe(0);
    }
  });
});

describe('bombs', async () => {
  const weights = new Random(2).clustered(600, 8);
  const parts = takeApart(await encode(modelOf(weights)));

  /** Refused, at once and without memory to speak of. */
  async function refusedQuickly(container: Uint8Array): Promise<FxqError | undefined> {
    const before = process.memoryUsage();
    const error = await inTime(() => refusal(container));
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 2 ** 20);
    expect(error?.code).toMatch(/^(CONTAINER_MALFORMED|LIMIT)$/);
    return error;
  }

  it.each(['verbatim', 'packed', 'dense', 'gap', 'mask', 'planes'].map((layout, i) => ({ layout, l: i + 1 })))(
    'terabytes of weights in a section of a few bytes, layout $layout: refused before anything is decoded',
    async ({ l }) => {
      for (const size of [2 ** 24, 2 ** 32, 2 ** 40]) {
        const forged = structuredClone(parts);
        const grown = size * 4 - 2400;
        Object.assign(forged.header.t[0], { d: [size], l, k: 16, q: 8 });
        forged.header.f[0][1] += grown;
        const error = await refusedQuickly(putTogether(forged));
        expect(error).toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w' });
      }
    },
  );

  it('many tensors that share a section: refused beyond a few', async () => {
    for (const shares of [64, 65, 5000]) {
      const forged = structuredClone(parts);
      const [first] = forged.header.t;
      const twin = (_: unknown, i: number) => ({ n: `twin ${i}`, y: 1, d: first.d, g: 0, r: 0 });
      forged.header.t = [first, ...Array.from({ length: shares - 1 }, twin)];
      forged.header.f[0][1] += 2400 * (shares - 1);
      const container = putTogether(forged);
      if (shares === 64) expect((await decode(container)).length).toBe(forged.header.f[0][1]);
      else expect((await refusedQuickly(container))?.message).toMatch(/^twin \d+: more than 64/);
    }
  });

  it('a section that the container is too short for: refused', async () => {
    for (const s of [10 ** 6, 2 ** 32, 2 ** 47]) {
      const forged = structuredClone(parts);
      Object.assign(forged.header.t[0], { d: [2 ** 30], s });
      forged.header.f[0][1] += 4 * 2 ** 30 - 2400;
      await refusedQuickly(putTogether(forged));
    }
  });

  it('a file far larger than what there is of it: refused', async () => {
    for (const size of [2 ** 31, 2 ** 40, 2 ** 50]) {
      const forged = structuredClone(parts);
      forged.header.f[0][1] = size;
      await refusedQuickly(putTogether(forged));
    }
  });

  it('a payload of more tensors than the file has room for: refused', async () => {
    const forged = structuredClone(parts);
    forged.header.t = new Array(2000).fill({ ...forged.header.t[0], g: 0 });
    await refusedQuickly(putTogether(forged));
  });

  it('a head that is more than it declares: stopped there', async () => {
    const bomb = squeeze(new Uint8Array(40 * 2 ** 20));
    expect(bomb.length).toBeLessThan(2 ** 21);
    const error = await refusedQuickly(putTogether(parts, { squeezed: bomb, expandedBytes: 5000 }));
    expect(error?.message).toContain('the 5000 bytes that it declares');
  });

  it('a head that declares more than its bytes may: refused at once', async () => {
    for (const expandedBytes of [2 ** 31, 2 ** 32 - 1, 2 ** 22 + 1]) {
      const error = await refusedQuickly(putTogether(parts, { expandedBytes }));
      expect(error?.offset).toBe(8);
    }
  });

  it('a header of millions of items: refused before they are there', async () => {
    for (const item of [0x00, 0x60, 0x80, 0xa0]) {
      const items = concat(Uint8Array.of(0xa1, 0x61, 0x7a, 0x9a, 0, 0x3d, 0x09, 0), new Uint8Array(4e6).fill(item));
      const error = await refusedQuickly(putTogether(parts, { cbor: items }));
      expect(error?.message).toContain('more items');
    }
  });

  it('as many tensors of nothing as there may be: decoded in time; more: refused', async () => {
    const decoded = (count: number) => {
      const forged = structuredClone(parts);
      const empty = { n: '', y: 2, d: [0], g: 0, l: 1, s: 0, x: 0x02cc5d05 };
      forged.header.t = [...forged.header.t, ...new Array(count).fill(empty)];
      return putTogether(forged);
    };
    const many = decoded(3_500);
    await inTime(() => decode(many));
    await refusedQuickly(decoded(200_000));
  });

  it('files of more than the container may stand for: refused', async () => {
    const forged = structuredClone(parts);
    forged.header.f[0][1] = 2 ** 27 + 2 ** 20;
    expect((await refusedQuickly(putTogether(forged)))?.message).toMatch(
      /stands for at most \d+ bytes of files, got \d+/,
    );
  });

  it('varints of more elements than bytes: refused', async () => {
    for (const d of [
      [2401],
      [2 ** 28],
      [2 ** 50, 2 ** 50],
      new Array(40).fill(2 ** 50),
      [...new Array(40).fill(2 ** 50), 0],
    ]) {
      const forged = structuredClone(parts);
      Object.assign(forged.header.t[0], { d, b: 2400 });
      const error = await refusedQuickly(putTogether(forged));
      expect(error).toMatchObject({ code: 'CONTAINER_MALFORMED', tensor: 'w' });
    }
  });

  it('a head that expands to less than it declares, or is cut short: refused', async () => {
    const head = concat(new Uint8Array(encodeCbor(parts.header)), parts.skeleton);
    await refusedQuickly(putTogether(parts, { expandedBytes: head.length + 1 }));
    await refusedQuickly(putTogether(parts, { expandedBytes: head.length - 1 }));
    const squeezed = squeeze(head);
    for (let length = 0; length < squeezed.length - SPARED; length++) {
      await refusedQuickly(putTogether(parts, { squeezed: squeezed.subarray(0, length), expandedBytes: head.length }));
    }
  });

  it('a header longer than the head, or cut within: refused', async () => {
    const length = encodeCbor(parts.header).length;
    for (const headerBytes of [0, 1, length - 1, length + 1, 2 ** 31, 2 ** 32 - 1]) {
      await refusedQuickly(putTogether(parts, { headerBytes }));
    }
  });

  it('bytes behind the end of the squeezed stream: refused; zeros: passed over', async () => {
    const head = concat(new Uint8Array(encodeCbor(parts.header)), parts.skeleton);
    for (const garbage of [Uint8Array.of(0), new Uint8Array(100).fill(0xa5), squeeze(new Uint8Array(50).fill(7))]) {
      const forged = putTogether(parts, { squeezed: concat(squeeze(head), garbage) });
      const error = await refusal(forged, 'all');
      if (error) expect(error.code).toBe('CONTAINER_MALFORMED');
      else expect(await decode(forged)).toEqual(modelOf(weights));
    }
  });

  it('bytes that are no squeezed stream: refused', async () => {
    const random = new Random(8);
    for (let i = 0; i < 50; i++) {
      const squeezed = random.bytes(1 + random.below(200));
      expect((await refusal(putTogether(parts, { squeezed })))?.code).toBe('CONTAINER_MALFORMED');
    }
  });

  it('the bundled model goes through all of this unharmed', async () => {
    const lenet = readBytes(new URL('../../models/lenet-300-100.onnx', import.meta.url).pathname);
    const taken = takeApart(await encode(lenet));
    expect(Buffer.compare(await decode(putTogether(taken), { verify: 'all' }), lenet)).toBe(0);
  });
});
