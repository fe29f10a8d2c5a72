// Ways to damage a container. Each takes the base's parts and a generator, and gives bytes; those that `keepSums` leave
// all checksums as they were, all others put right ones in their place.

import { BitWriter } from '../../build/binary/bits.js';
import { bitsOf, dtypeOf } from '../../build/binary/dtype.js';
import { MAGIC, VERSION } from '../../build/container/constants.js';
import { makeCode } from '../../build/container/write/runs.js';
import { squeeze } from '../../build/kernels/encode/index.js';
import { CborMap, cloneTree, encodeTree, Raw } from './cbor.js';
import { putTogether, seal, sumSections } from './parts.js';

const ones = (count) => new Array(count).fill(1);
const nested = (depth) => (depth === 0 ? 0 : [nested(depth - 1)]);

/** What stands in the place of a field that is honest otherwise. */
export const VALUES = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23, 24, 63, 64, 65, 127, 128, 255, 256, 1023, 1024, 1025, 65535, 65536, 65537],
  ...[2 ** 18, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 50, 2 ** 50 + 1, 2 ** 53 - 1],
  ...[-1, -2, -(2 ** 31), -(2 ** 53) + 1, 0.5, -0, 1.5, 2 ** 53, 2 ** 64, Number.NaN, Number.POSITIVE_INFINITY],
  ...[null, undefined, true, false, '', 'text', '\0', '../up', '/root', 'C:\\x', '__proto__', 'x'.repeat(3000)],
  ...[
    [],
    [[]],
    [0],
    ones(64),
    ones(65),
    ones(2000),
    [2 ** 25, 2 ** 25],
    [2 ** 31],
    [0, 2 ** 50],
    nested(4),
    nested(30),
  ],
  new CborMap([]),
  new CborMap([['n', 'x']]),
  new CborMap([['__proto__', new CborMap([['l', 3]])]]),
  new CborMap([[1, 1]]),
  // 2^53, 2^63 and 2^64 − 1 as integers, −2^64, 1 as half, single and double, byte strings, tagged, a big number.
  new Raw(0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0),
  new Raw(0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0),
  new Raw(0x1b, 255, 255, 255, 255, 255, 255, 255, 255),
  new Raw(0x3b, 255, 255, 255, 255, 255, 255, 255, 255),
  new Raw(0xf9, 0x3c, 0),
  new Raw(0xfa, 0x3f, 0x80, 0, 0),
  new Raw(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0),
  new Raw(0x41, 1),
  new Raw(0xc0, 1),
  new Raw(0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  // Lengths that nothing is behind: a text, bytes, arrays, a map; endless ones; a break; 0 in the longest form.
  new Raw(0x7b, 0x7f, 255, 255, 255, 255, 255, 255, 255),
  new Raw(0x5a, 0x7f, 255, 255, 255),
  new Raw(0x9a, 255, 255, 255, 255),
  new Raw(0x9b, 0, 0, 0, 0, 255, 255, 255, 255),
  new Raw(0xbb, 0, 0x20, 0, 0, 0, 0, 0, 0),
  new Raw(0x9f, 0xff),
  new Raw(0xbf, 0xff),
  new Raw(0xff),
  new Raw(0x1b, 0, 0, 0, 0, 0, 0, 0, 0),
];

const KEYS = ['n', 'y', 'd', 'f', 'g', 'b', 'w', 'l', 'k', 'c', 'q', 'm', 'a', 'h', 'p', 's', 'x', 'r', 'z'];

/** Every place of a header's tree that holds something, the root included: what holds it, and where. */
function slotsOf(header) {
  const root = [header];
  const slots = [];
  const visit = (parent, at, key) => {
    slots.push({ parent, at, key });
    const value = parent[at];
    if (Array.isArray(value)) for (let i = 0; i < value.length; i++) visit(value, i, key);
    else if (value instanceof CborMap) for (const entry of value.entries) visit(entry, 1, entry[0]);
  };
  visit(root, 0, '');
  return { root, slots };
}

/** Every map of a header's tree. */
function mapsOf(slots) {
  return slots.map(({ parent, at }) => parent[at]).filter((value) => value instanceof CborMap);
}

/**
 * The header field by field: each in turn with each of the values, missing, twice, and those that are not there.
 *
 * @param turn - counts the inputs of this kind for this base
 */
export function damageField({ header, skeleton, sections }, turn) {
  const { root, slots } = slotsOf(cloneTree(header));
  const maps = mapsOf(slots);
  const replaced = slots.length * VALUES.length;
  const added = maps.length * KEYS.length * VALUES.length;
  const entries = maps.flatMap((map) => map.entries.map((entry) => ({ map, entry })));
  // A step that has no factor in common with the number of choices goes through all of them.
  const choice = (turn * 7919) % (replaced + added + 3 * entries.length);
  let isSum = false;
  if (choice < replaced) {
    const { parent, at, key } = slots[Math.floor(choice / VALUES.length)];
    isSum = key === 'x';
    parent[at] = VALUES[choice % VALUES.length];
  } else if (choice < replaced + added) {
    const nth = choice - replaced;
    // At the end: where the key is there already, it is there twice.
    const key = KEYS[Math.floor(nth / VALUES.length) % KEYS.length];
    isSum = key === 'x';
    maps[Math.floor(nth / VALUES.length / KEYS.length)].entries.push([key, VALUES[nth % VALUES.length]]);
  } else {
    const nth = choice - replaced - added;
    const { map, entry } = entries[Math.floor(nth / 3)];
    const at = map.entries.indexOf(entry);
    if (nth % 3 === 0) map.entries.splice(at, 1);
    else if (nth % 3 === 1) map.entries.push(entry);
    else map.entries.unshift(entry);
    isSum = entry[0] === 'x';
  }
  const [damaged] = root;
  if (!isSum && damaged instanceof CborMap && Array.isArray(damaged.get('t'))) sumSections(damaged, sections);
  return seal(encodeTree(damaged), skeleton, sections);
}

function scatter(bytes, random, count) {
  const copy = Uint8Array.from(bytes);
  for (let i = 0; i < count && copy.length > 0; i++) {
    const at = random(copy.length);
    copy[at] = random(2) ? random(256) : copy[at] ^ (1 << random(8));
  }
  return copy;
}

const pick = (list, random) => list[random(list.length)];

/** Around the edges of a container's parts as often as anywhere. */
function place({ edges, container }, random) {
  const at = random(2) ? random(container.length + 1) : pick(edges, random) + random(5) - 2;
  return Math.max(0, Math.min(container.length, at));
}

/** The sections one by one, in order. */
function splitSections({ header, sections }) {
  let at = 0;
  return header
    .get('t')
    .filter((tensor) => tensor.get('s') !== undefined)
    .map((tensor) => {
      at += tensor.get('s');
      return { tensor, bytes: sections.subarray(at - tensor.get('s'), at) };
    });
}

/** Writes the sections with what has become of them, and their lengths. */
function joinSections({ header, skeleton }, split) {
  for (const { tensor, bytes } of split) tensor.set('s', bytes.length);
  return putTogether({ header, skeleton, sections: Buffer.concat(split.map(({ bytes }) => bytes)) });
}

const cloned = (base) => ({ ...base, header: cloneTree(base.header) });

/** Makes a tensor's payload so many bytes longer, and its file with it. */
function grow(parts, tensor, bytes) {
  const file = parts.header.get('f')[tensor.get('f') ?? 0];
  file[1] = Math.max(0, file[1] + bytes);
}

const bytesOf = (tensor) =>
  tensor.get('b') ??
  Math.ceil((tensor.get('d').reduce((a, b) => a * b, 1) * (bitsOf(dtypeOf(tensor.get('y'))) ?? 8)) / 8);

export const DAMAGES = {
  bytes: { keepSums: true, make: (base, random) => scatter(base.container, random, 1 + random(8)) },

  cut: { keepSums: true, make: (base, random) => base.container.slice(0, place(base, random)) },

  splice: {
    keepSums: true,
    make(base, random, bases) {
      const other = pick(bases, random);
      const [head, tail] = [
        base.container.subarray(0, place(base, random)),
        other.container.subarray(place(other, random)),
      ];
      return new Uint8Array(Buffer.concat([head, tail]));
    },
  },

  noise: {
    keepSums: true,
    make(_, random) {
      const bytes = Uint8Array.from({ length: random(600) }, () => random(256));
      if (random(2)) bytes.set([...MAGIC, VERSION].slice(0, bytes.length));
      return bytes;
    },
  },

  /** The payload's streams, with sums that fit: flipped, overwritten, longer, shorter. */
  streams: {
    make(base, random) {
      const parts = cloned(base);
      const split = splitSections(parts);
      if (split.length > 0) {
        const one = pick(split, random);
        const { bytes } = one;
        const at = random(bytes.length + 1);
        const run = new Uint8Array(1 + random(40)).fill(pick([0, 255, random(256)], random));
        const end = at + random(20);
        one.bytes = pick(
          [
            () => scatter(bytes, random, 1 + random(4)),
            () =>
              Buffer.concat([bytes.subarray(0, at), run, bytes.subarray(at + run.length)]).subarray(0, bytes.length),
            () => Buffer.concat([bytes.subarray(0, at), run, bytes.subarray(at)]),
            () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]),
            () => bytes.subarray(0, at),
          ],
          random,
        )();
      }
      return joinSections(parts, split);
    },
  },

  /** The first bytes of a section, where codebook, code lengths and lengths of streams are. */
  front: {
    make(base, random) {
      const parts = cloned(base);
      const split = splitSections(parts);
      for (const one of split) {
        const front = Math.min(one.bytes.length, random(2) ? 24 : 300);
        one.bytes = Buffer.concat([
          scatter(one.bytes.subarray(0, front), random, random(4)),
          one.bytes.subarray(front),
        ]);
      }
      return joinSections(parts, split);
    },
  },

  /** What a grid says of itself before its codes: flags, orders, steps. */
  grid: {
    make(base, random) {
      const parts = cloned(base);
      const split = splitSections(parts);
      for (const one of split) {
        if (!(one.tensor.get('c') >= 2) || one.bytes.length < 4) continue;
        one.bytes = Buffer.from(one.bytes);
        // Two orders stand behind the flags only if these say that there are escapes.
        const at = random(one.bytes[0] & 64 ? 3 : 1);
        one.bytes[at] = random(2) ? one.bytes[at] ^ (1 << random(8)) : random(256);
        if (random(3) === 0) one.bytes.fill(pick([0, 255], random), 3, 3 + random(9));
      }
      return joinSections(parts, split);
    },
  },

  /** Weights of two values on a grid, and escapes of any numbers and units. */
  escapes: {
    make(_, random) {
      const count = 1 + random(200);
      const kind = 2 + random(2);
      const [apart, beyond] = [random(random(2) ? 8 : 34), random(random(2) ? 8 : 34)];
      const steps = new BitWriter();
      // A difference of 0 is a single bit.
      for (let line = 0; line < (kind === 2 ? 1 : count); line++) steps.write(1, 1);
      const bits = new BitWriter();
      const zeros = () => random(random(2) ? 4 : 36);
      for (let i = random(6); i >= 0; i--) {
        golomb(bits, random(3), apart, random);
        golomb(bits, zeros(), beyond, random);
        if (random(2)) golomb(bits, zeros(), 31, random);
      }
      golomb(bits, zeros(), apart, random);
      const section = Buffer.concat([
        Buffer.of(64 | (random(2) << 5), apart, beyond),
        steps.finish(),
        makeCode([1, 1]).table,
        bits.finish(),
        Buffer.alloc(Math.ceil(count / 8)),
      ]);
      return bombOf([tensorOf({ y: 1, d: [count], l: 3, k: 2, c: kind, s: section.length })], Buffer.alloc(0), section);
    },
  },

  /** Sections of one container under the header of another, or in another order. */
  transplant: {
    make(base, random, bases) {
      const parts = cloned(base);
      const split = splitSections(parts);
      const others = splitSections(pick(bases, random));
      for (const one of split) if (random(2) && others.length > 0) one.bytes = pick(others, random).bytes;
      return joinSections(parts, split);
    },
  },

  /** More weights or fewer than the streams have, in a file that is as much larger or smaller. */
  resize: {
    make(base, random) {
      const parts = cloned(base);
      const tensors = parts.header.get('t');
      if (tensors.length > 0) {
        const tensor = pick(tensors, random);
        const before = bytesOf(tensor);
        const [count] = tensor.get('d');
        const size = pick([count + 1, count - 1, count + 8, count * 2, count >> 1, 8192, 65536, random(9000)], random);
        const sizes = [[Math.max(0, size)], [1, Math.max(0, size)], []];
        tensor.set('d', pick(sizes, random));
        // Elements of no fixed size, as varints are: any number of them may be claimed for the same bytes.
        if (random(3) === 0) {
          tensor.set('b', before);
          tensor.set('d', pick([[2 ** 20], [2 ** 27], [2 ** 31], [2 ** 20, 2 ** 20], [2 ** 50], [0, 2 ** 50]], random));
        }
        grow(parts, tensor, bytesOf(tensor) - before);
      }
      return putTogether(parts);
    },
  },

  /** Another layout, type, codebook or unit than the section was written for. */
  recode: {
    make(base, random) {
      const parts = cloned(base);
      for (let i = random(3); i >= 0; i--) {
        const tensor = pick(parts.header.get('t'), random);
        if (tensor === undefined) break;
        const before = bytesOf(tensor);
        const key = pick(['l', 'k', 'c', 'q', 'm', 'a', 'h', 'w', 'y', 'p', 'r', 'b', 'g'], random);
        const limits = {
          l: 8,
          k: 1026,
          c: 5,
          q: 10,
          m: 10,
          a: 4,
          h: 40,
          w: 9,
          y: 28,
          p: 2,
          r: 6,
          b: 3000,
          g: 60,
        };
        const now = tensor.get(key);
        if (random(4) === 0) tensor.entries = tensor.entries.filter(([name]) => name !== key);
        else
          tensor.set(
            key,
            typeof now === 'number' && random(2) ? Math.max(0, now + random(5) - 2) : random(limits[key]),
          );
        grow(parts, tensor, bytesOf(tensor) - before);
        if (tensor.get('l') > 0 && tensor.get('s') === undefined) tensor.set('s', random(200));
      }
      return putTogether(parts);
    },
  },

  /** The header's CBOR, byte by byte. */
  cbor: {
    make({ header, skeleton, sections }, random) {
      const bytes = encodeTree(header);
      const at = random(bytes.length);
      const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
      const damaged = random(3) ? scatter(bytes, random, 1 + random(3)) : shorter;
      return seal(Buffer.from(damaged), skeleton, sections);
    },
  },

  /** The squeezed head and the sizes before it. */
  squeezed: {
    make({ header, skeleton, sections }, random) {
      const plain = encodeTree(header);
      const stream = Buffer.from(squeeze(Buffer.concat([plain, skeleton])));
      const squeezed = random(3) ? Buffer.from(scatter(stream, random, 1 + random(3))) : stream;
      const sizes = [squeezed.length, plain.length + skeleton.length, plain.length];
      if (squeezed === stream || random(3) === 0) {
        const i = random(3);
        sizes[i] = pick([sizes[i] + 1, Math.max(0, sizes[i] - 1), 0, random(5000), 2 ** 31 - 1, 2 ** 32 - 1], random);
      }
      return seal(plain, skeleton, sections, { squeezed, sizes });
    },
  },

  /** What is not a tensor: other bytes, more, fewer. */
  skeleton: {
    make(base, random) {
      const { skeleton } = base;
      const at = random(skeleton.length + 1);
      const cut = Buffer.concat([skeleton.subarray(0, at), skeleton.subarray(at + 1 + random(9))]);
      const longer = Buffer.concat([skeleton, Buffer.alloc(1 + random(3000))]);
      const damaged = pick([scatter(skeleton, random, 3), cut, longer], random);
      const parts = { ...cloned(base), skeleton: damaged };
      if (random(2)) parts.header.get('f').at(-1)[1] += damaged.length - skeleton.length;
      return putTogether(parts);
    },
  },

  /** Headers of nothing: lists of numbers, of lists, of maps, of empty texts. */
  lists: {
    make(_, random) {
      const count = random(2 ** (random(8) ? 19 : 22));
      const item = pick([0, 0x80, 0xa0, 0x60], random);
      const [key, ...rest] = random(2) ? ['f', 't'] : ['z', 'f', 't'];
      const list = Buffer.of(
        0xa1 + rest.length,
        0x61,
        key.charCodeAt(0),
        0x9a,
        0,
        ...[16, 8, 0].map((by) => (count >> by) & 255),
      );
      const others = rest.map((name) => Buffer.concat([encodeTree(name), encodeTree([])]));
      return seal(Buffer.concat([list, Buffer.alloc(count, item), ...others]), Buffer.alloc(0), Buffer.alloc(0));
    },
  },

  /** Little that stands for much: streams of the shortest codes, payloads that repeat, a skeleton that is squeezed well. */
  bomb: { make: (_, random) => pick(BOMBS, random)(random) },
};

function bombOf(tensors, skeleton, section) {
  for (const [i, tensor] of tensors.entries()) tensor.set('n', `w${i}`);
  // What is inline stands in the skeleton, where it is no twin.
  const own = tensors.filter((tensor) => tensor.get('l') || tensor.get('r') !== undefined);
  const size = skeleton.length + own.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const header = new CborMap([
    ['f', [['', size, 0]]],
    ['t', tensors],
  ]);
  return putTogether({ header, skeleton, sections: section });
}

/** A Golomb code of any bits, behind so many zeros. */
function golomb(bits, zeros, order, random) {
  for (let i = 0; i < zeros; i++) bits.write(0, 1);
  bits.write(1, 1);
  for (let i = 0; i < zeros + order; i++) bits.write(random(2), 1);
}

const tensorOf = (fields) => new CborMap([['n', 'w'], ['g', 0], ...Object.entries(fields)]);
const uint8 = (fields) => tensorOf({ y: 2, ...fields });

/** So many tensors of one section's bytes, of which one in so many has a section of its own and the others share it. */
function manyOf(fields, section, share, count) {
  const { y, b, w, d } = fields;
  const common = Object.entries({ y, b, w, d }).filter(([, value]) => value !== undefined);
  const twin = (r) => tensorOf({ ...Object.fromEntries(common), r });
  const tensors = Array.from({ length: count }, (_, i) => (i % share === 0 ? tensorOf(fields) : twin(i - (i % share))));
  return bombOf(tensors, Buffer.alloc(0), Buffer.concat(new Array(Math.ceil(count / share)).fill(section)));
}

const BOMBS = [
  // A mask without a weight kept: of the 256 masks one has a code, of one bit, and there are no weights.
  (random) => {
    const chunks = 1 + random(4);
    const { table: lengths } = makeCode(Uint32Array.from({ length: 256 }, (_, mask) => Number(mask === 0)));
    const run = Buffer.concat([Buffer.of(...varints([256, 256, 256, 256])), Buffer.alloc(1024)]);
    const body = Array.from({ length: chunks }, (_, i) => [run, Buffer.of(...(i < chunks - 1 ? [0] : []))]).flat();
    const section = Buffer.concat([lengths, ...body]);
    return bombOf([uint8({ d: [chunks * 65536], l: 5, s: section.length })], Buffer.alloc(0), section);
  },
  // One value in all, repeated as often as is allowed, or once more.
  (random) => {
    const count = 8000;
    // A value of 0, of a code of one bit.
    const section = Buffer.concat([Buffer.of(1, makeCode([1]).table[0]), Buffer.alloc(count / 8)]);
    const first = uint8({ d: [count], l: 3, k: 1, s: section.length });
    const twins = Array.from({ length: 62 + random(4) }, () => uint8({ d: [count], r: 0 }));
    return bombOf([first, ...twins], Buffer.alloc(0), section);
  },
  // A skeleton of nothing.
  (random) => bombOf([], Buffer.alloc(random(2 ** 22)), Buffer.alloc(0)),
  // Little of each tensor, and a lot to get ready for it: codes for each class of lines, again for each twin.
  (random) => {
    const k = 2 ** (3 + random(8));
    const bits = Math.log2(k);
    const lines = Buffer.alloc(3);
    lines.writeUIntLE(0o76543210, 0, 3);
    const codes = new Array(8).fill(makeCode(new Uint32Array(k).fill(1)).table);
    const runs = Array.from({ length: 8 }, (_, i) =>
      Buffer.concat([Buffer.of(bits).subarray(i >> 3), Buffer.alloc(bits)]),
    );
    runs[7] = Buffer.alloc(bits);
    const one = Buffer.concat([Buffer.of(0, 0, 128, 63), lines, ...codes, ...runs]);
    const fields = { y: 1, d: [8, 8], l: 3, c: 2, k, m: 8, s: one.length };
    return manyOf(fields, one, 8, 1 + random(Math.min(4000, Math.floor(7e6 / one.length))));
  },
  // As many lines as there may be, each with a step of a single bit, and a tensor for all who may share them.
  (random) => {
    const count = 2 ** (14 + random(7));
    const pieces = count / 65536;
    const stream = Buffer.concat([
      Buffer.of(0),
      Buffer.alloc(count / 8, 255),
      makeCode([1, 1]).table,
      ...Array.from({ length: Math.ceil(pieces) }, (_, i) => {
        const each = Math.min(65536, count) / 32;
        const isLast = i >= pieces - 1;
        return Buffer.concat([
          Buffer.of(...varints([each, each, each, ...(isLast ? [] : [each])])),
          Buffer.alloc(4 * each),
        ]);
      }),
    ]);
    const share = 1 + random(random(2) ? 8 : 64);
    return manyOf({ y: 1, d: [count], l: 3, c: 3, k: 2, s: stream.length }, stream, share, share);
  },
  // The same with a code for each byte of a unit.
  (random) => {
    const planes = new Array(8).fill(Buffer.concat([Buffer.of(2), makeCode(new Uint32Array(256).fill(1)).table]));
    const runs = Array.from({ length: 8 }, (_, i) => Buffer.from(i < 7 ? [1, 0] : [0]));
    const one = Buffer.concat([...planes, ...runs]);
    return manyOf({ y: 11, d: [1], l: 6, s: one.length }, one, 64, 1 + random(5000));
  },
  // A payload of byte planes in the skeleton, put together again for each twin.
  (random) => {
    const count = 1 + random(random(4) ? 5000 : 500_000);
    const twins = Array.from({ length: random(64) }, () => tensorOf({ y: 1, d: [count], r: 0 }));
    return bombOf([tensorOf({ y: 1, d: [count], p: 1 }), ...twins], Buffer.alloc(4 * count), Buffer.alloc(0));
  },
  // Numbers of one byte in the file and of eight in an array.
  (random) => {
    const chunks = 1 + random(64);
    const { table: lengths } = makeCode(Uint32Array.from({ length: 256 }, (_, mask) => Number(mask === 0)));
    const run = Buffer.concat([Buffer.of(...varints([256, 256, 256, 256])), Buffer.alloc(1024)]);
    const body = Array.from({ length: chunks }, (_, i) => [run, Buffer.of(...(i < chunks - 1 ? [0] : []))]).flat();
    const one = Buffer.concat([lengths, ...body]);
    const count = chunks * 65536;
    return manyOf({ y: 7, b: count, w: 1, d: [count], l: 5, s: one.length }, one, 64, 1 + random(3));
  },
  // Many tensors without elements.
  (random) =>
    bombOf(
      Array.from({ length: random(random(8) ? 3000 : 60_000) }, () => uint8({ d: [0] })),
      Buffer.alloc(0),
      Buffer.alloc(0),
    ),
];

function varints(numbers) {
  return numbers.flatMap((n) => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]));
}
