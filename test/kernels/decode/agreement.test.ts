import { beforeAll, describe, expect, it } from 'vitest';
import { stripes } from '../../../src/binary/xxh32.js';
import { decodeSection } from '../../../src/container/read/index.js';
import type { Kernels } from '../../../src/kernels/decode/kernels.js';
import { referenceKernels } from '../../../src/kernels/decode/reference/kernels.js';
import { compileKernels } from '../../../src/kernels/decode/wasm.js';
import { Random } from '../../support/random.js';
import { CODED, type Coded, code, outcome, payloadOf } from './support.js';

/** Around the borders of streams, chunks and words. */
const SIZES = [
  1, 2, 7, 8, 9, 63, 4095, 4096, 4097, 8191, 8192, 8193, 8194, 8195, 16_387, 65_535, 65_536, 65_537, 73_727, 73_728,
  131_071,
];

const reference = referenceKernels();
let wasm: Kernels;
beforeAll(async () => {
  wasm = await compileKernels();
});

function expectBoth(coded: Coded): void {
  const { payload, section } = coded;
  for (const kernels of [reference, wasm]) {
    const out = outcome(coded, section, kernels);
    if (typeof out === 'string') throw new Error(out);
    expect(Buffer.compare(out, payload), `${payload.length} bytes`).toBe(0);
  }
}

describe.each(CODED)('both decode layout %s', (layout) => {
  it.each([1, 2, 4, 8])('in units of %i bytes, whatever the size', (width) => {
    if (width === 8 && layout !== 'planes') return;
    const random = new Random(width);
    for (const size of SIZES) {
      const density = layout === 'gap' ? 0.15 : 0.5;
      const coded = code(layout, payloadOf(random, size, width, 40, density), width);
      if (coded !== undefined) expectBoth(coded);
    }
  });

  it.each([1, 2, 255, 1024])('with %i values', (values) => {
    for (const width of [1, 2, 4]) {
      for (const density of [0.06, 0.4, 1]) {
        const coded = code(layout, payloadOf(new Random(values), 30_001, width, values, density), width);
        if (coded !== undefined) expectBoth(coded);
      }
    }
  });
});

describe('both decode', () => {
  it('gap chunks of full size and their borders', () => {
    for (const size of [262_143, 262_144, 262_145, 300_001]) {
      for (const density of [0, 0.001, 0.02, 0.9]) {
        const coded = code('gap', payloadOf(new Random(size), size, 4, 30, density), 4);
        if (coded !== undefined) expectBoth(coded);
      }
    }
  });

  it('the deepest codes and the shortest', () => {
    for (const width of [1, 2, 4]) {
      const payload = new Uint8Array(width * 60_000);
      // Each value half as often as the one before, at random places: codes of every length.
      const random = new Random(2);
      for (let i = 0; i < 60_000; i++) payload[i * width] = Math.min(13, Math.floor(-Math.log2(random.float())));
      for (const layout of CODED) {
        const coded = code(layout, payload, width);
        if (coded !== undefined) expectBoth(coded);
      }
    }
  });

  it('sections and payloads at odd offsets', () => {
    for (const layout of CODED) {
      const coded = code(layout, payloadOf(new Random(8), 20_000, 4, 30, 0.3), 4) as Coded;
      const section = new Uint8Array(coded.section.length + 9).fill(0xff).subarray(3, -6);
      section.set(coded.section);
      const room = new Uint8Array(coded.payload.length + 9).fill(0x55);
      for (const kernels of [reference, wasm]) {
        decodeSection(coded.tensor, section, room.subarray(5, -4), kernels);
        expect(Buffer.compare(room.subarray(5, -4), coded.payload)).toBe(0);
        expect([...room.subarray(0, 5), ...room.subarray(-4)]).toEqual(new Array(9).fill(0x55));
      }
    }
  });

  it('checksums', () => {
    const random = new Random(4);
    for (const size of [0, 16, 32, 65_520, 65_536, 65_552, 200_000]) {
      const bytes = random.bytes(size + 3).subarray(3);
      const [ours, theirs] = [Int32Array.of(1, -2, 3, 4), Int32Array.of(1, -2, 3, 4)];
      wasm.stripes(ours, bytes);
      stripes(theirs, bytes);
      expect(ours).toEqual(theirs);
    }
  });
});

describe('damaged sections', () => {
  /** One stream and four, in every layout and width. */
  const cases = CODED.flatMap((layout) =>
    [1, 2, 4].flatMap((width) => [700, layout === 'gap' ? 40_000 : 9_000].map((size) => ({ layout, width, size }))),
  );
  it.each(cases)('$layout of $size units of $width bytes: both refuse, or both give the same', (damage) => {
    const { layout, width, size } = damage;
    const random = new Random(size + width);
    const coded = code(layout, payloadOf(random, size, width, 50, layout === 'gap' ? 0.15 : 0.6), width);
    if (coded === undefined) return;
    let refused = 0;
    const rounds = size < 1000 ? 300 : 120;
    for (let i = 0; i < rounds; i++) {
      let section = coded.section.slice();
      // Half of the time where codes, counts and lengths stand.
      const reach = random.below(2) === 0 ? Math.min(400, section.length) : section.length;
      for (let k = 0; k <= random.below(3); k++) section[random.below(reach)] ^= 1 << random.below(8);
      if (random.below(8) === 0) section = section.slice(0, random.below(section.length));
      const [ours, theirs] = [wasm, reference].map((kernels) => outcome(coded, section, kernels));
      if (typeof ours === 'string') refused++;
      if (typeof ours === 'string' || typeof theirs === 'string') expect(ours).toBe(theirs);
      else expect(Buffer.compare(ours, theirs)).toBe(0);
    }
    expect(refused).toBeGreaterThan(rounds / 10);
    // Nothing of it is left in the kernels.
    expectBoth(coded);
  });

  it('bytes that are nothing but noise', () => {
    const random = new Random(77);
    for (const layout of CODED) {
      const coded = code(layout, payloadOf(random, 70_000, 4, 50, 0.3), 4) as Coded;
      for (let i = 0; i < 40; i++) {
        // The codes stay, so that what follows them is decoded.
        const section = coded.section.slice();
        for (let at = 450 + random.below(200); at < section.length; at++) section[at] = random.uint32();
        const [ours, theirs] = [wasm, reference].map((kernels) => outcome(coded, section, kernels));
        if (typeof ours === 'string' || typeof theirs === 'string') expect(ours).toBe(theirs);
        else expect(Buffer.compare(ours, theirs)).toBe(0);
      }
    }
  });
});
