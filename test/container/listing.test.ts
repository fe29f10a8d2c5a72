import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/binary/bytes.js';
import { toPlanes } from '../../src/binary/planes.js';
import { xxh32 } from '../../src/binary/xxh32.js';
import type { WireTensor } from '../../src/container/header.js';
import { itemsOf, type Listing, listWithin } from '../../src/container/write/listing.js';
import { decodeFiles, inspect } from '../../src/decode/index.js';
import { roundTrip } from '../support/container.js';
import { forge } from '../support/forge.js';
import {
  DATA_TYPE,
  type DataTypeName,
  externalData,
  modelProto,
  rawData,
  tensorProto,
} from '../support/onnx-builder.js';
import { bytesOf } from '../support/protobuf.js';
import { Random } from '../support/random.js';

interface Part {
  readonly kind: 'plain' | 'planar' | 'section' | 'again';
  readonly gap: number;
  readonly units: number;
  readonly startsFile: boolean;
}

/** A listing of such tensors, with the files and sections that it is of. */
function listingOf(parts: readonly Part[]) {
  const random = new Random(parts.length);
  const tensors: WireTensor[] = [];
  const skeleton: Uint8Array[] = [];
  const pieces: (number | undefined)[] = [];
  const sections: Uint8Array[] = [];
  const payloads: Uint8Array[] = [];
  const files: Uint8Array[][] = [[]];
  for (const [i, { kind, gap, units, startsFile }] of parts.entries()) {
    if (startsFile && i > 0) files.push([]);
    const f = files.length - 1;
    const before = random.bytes(gap);
    skeleton.push(before);
    const earlier = tensors.findIndex(({ r, d: [count] = [] }) => r === undefined && count === units);
    const payload = kind === 'again' && earlier >= 0 ? payloads[earlier] : random.bytes(2 * units);
    files[f].push(before, payload);
    payloads.push(payload);
    const common = { n: `w${i}`, y: DATA_TYPE.float16, d: [units], ...(f > 0 ? { f } : {}), g: gap };
    if (kind === 'again' && earlier >= 0) tensors.push({ ...common, r: earlier });
    else if (kind === 'section') {
      sections.push(payload);
      tensors.push({ ...common, l: 1, s: payload.length });
    } else tensors.push({ ...common, ...(kind === 'planar' ? { p: 1 } : {}) });
    const isInline = kind !== 'section' && tensors[i].r === undefined;
    pieces.push(isInline ? skeleton.length : undefined);
    if (isInline) skeleton.push(kind === 'planar' ? toPlanes(payload, 2) : payload);
  }
  return { listing: { tensors, skeleton, pieces }, sections, files: files.map((of) => concat(of)) };
}

const containerOf = ({ tensors, skeleton }: Listing, files: readonly Uint8Array[], sections: readonly Uint8Array[]) =>
  forge(
    {
      f: files.map((bytes, i) => [i === 0 ? '' : `${i}.bin`, bytes.length, xxh32(bytes)]),
      t: tensors.map((tensor) => ({ ...tensor })),
    },
    concat([...skeleton]),
    sections,
  );

const itemsIn = (tensors: readonly WireTensor[]) => tensors.reduce((sum, tensor) => sum + itemsOf(tensor), 0);

describe('a list of fewer tensors', () => {
  it('is of the same files, whichever are left out', async () => {
    const part: fc.Arbitrary<Part> = fc.record({
      kind: fc.constantFrom('plain', 'planar', 'section', 'again'),
      gap: fc.nat(4),
      units: fc.nat(5),
      startsFile: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 14 }), fc.nat(150), async (parts, limit) => {
        const { listing, sections, files } = listingOf(parts);
        const fewer = listWithin(listing, limit);
        // Left out is no more than has to be, and nothing that others refer to.
        const owners = new Set(listing.tensors.map(({ r }) => r));
        const isFree = (index: number) => listing.pieces[index] !== undefined && !owners.has(index);
        const names = new Set(fewer.tensors.map(({ n }) => n));
        for (const [index, { n }] of listing.tensors.entries()) if (!isFree(index)) expect(names).toContain(n);
        const isLeft = listing.tensors.some(({ n }, index) => isFree(index) && names.has(n));
        if (isLeft) expect(itemsIn(fewer.tensors)).toBeLessThanOrEqual(limit);
        if (itemsIn(listing.tensors) <= limit) expect(fewer).toEqual(listing);
        for (const of of [listing, fewer]) {
          const rebuilt = await decodeFiles(containerOf(of, files, sections), { verify: 'all' });
          for (const [i, { bytes }] of rebuilt.entries()) expect(Buffer.compare(bytes, files[i])).toBe(0);
        }
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it('has the largest', () => {
    const parts = [3, 1, 4, 1, 5].map((units): Part => ({ kind: 'plain', gap: 1, units, startsFile: false }));
    const { listing } = listingOf(parts);
    const each = itemsOf(listing.tensors[0]);
    const namesOf = (limit: number) => listWithin(listing, limit).tensors.map(({ n }) => n);
    expect(namesOf(5 * each)).toEqual(['w0', 'w1', 'w2', 'w3', 'w4']);
    expect(namesOf(5 * each - 1)).toEqual(['w0', 'w1', 'w2', 'w4']);
    expect(namesOf(2 * each)).toEqual(['w2', 'w4']);
    expect(namesOf(-1)).toEqual([]);
  });
});

describe('models of thousands of small tensors', () => {
  const COUNT = 8000;
  const many = (dtype: DataTypeName, dims: number[], payload: (i: number) => Uint8Array) =>
    Array.from({ length: COUNT }, (_, i) =>
      tensorProto({ name: `layer.${i}.scale`, dataType: DATA_TYPE[dtype], dims, content: rawData(payload(i)) }),
    );
  const random = new Random(2);
  const large = tensorProto({
    name: 'large',
    dataType: DATA_TYPE.float32,
    dims: [20_000],
    content: rawData(bytesOf(random.clustered(20_000, 30, 0.3))),
  });
  const models: Record<string, Uint8Array[]> = {
    'two floats each': many('float32', [2], () => bytesOf(random.floats(2))),
    'a byte each': many('uint8', [], (i) => Uint8Array.of(i)),
    'a column of eight halves': many('float16', [8, 1], () => random.bytes(16)),
    'beside a large one': [...many('float32', [1], () => bytesOf(random.floats(1))), large],
  };
  for (const [name, initializers] of Object.entries(models)) {
    it(`${name}: the container is not filled with zeros`, async () => {
      const model = modelProto({ graph: { initializers } });
      const { container, files } = await roundTrip(model);
      expect(Buffer.compare(files[''], model)).toBe(0);
      expect(gzipSync(container).length).toBeGreaterThan(0.9 * container.length);
      expect(container.length).toBeLessThan(gzipSync(model, { level: 9 }).length);
      const { tensors } = await inspect(container);
      // Some of them are listed nevertheless, and the large one is.
      expect(tensors.length).toBeGreaterThan(2000);
      if (name.includes('large')) expect(tensors.at(-1)).toMatchObject({ name: 'large', dims: [20_000] });
    });
  }

  it('in a file of their own: the same', async () => {
    const initializers = Array.from({ length: COUNT }, (_, i) =>
      tensorProto({
        name: `w${i}`,
        dataType: DATA_TYPE.uint8,
        dims: [2],
        content: externalData({ location: 'w.bin', offset: `${3 * i}`, length: '2' }),
      }),
    );
    const model = modelProto({ graph: { initializers } });
    const data = random.bytes(3 * COUNT);
    const { container, files } = await roundTrip(model, { 'w.bin': data });
    expect(Buffer.compare(files[''], model)).toBe(0);
    expect(Buffer.compare(files['w.bin'], data)).toBe(0);
    expect(gzipSync(container).length).toBeGreaterThan(0.9 * container.length);
  });
});
