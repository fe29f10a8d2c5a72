import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { atOnce } from '../../../src/breather.js';
import { makeCode } from '../../../src/container/write/runs.js';
import { expand } from '../../../src/entropy/expand.js';
import type { EncodeKernels } from '../../../src/kernels/encode/kernels.js';
import { orderedKey } from '../../../src/kernels/encode/kernels.js';
import { referenceKernels as reference } from '../../../src/kernels/encode/reference/kernels.js';
import { squeezePass } from '../../../src/kernels/encode/reference/lzma/squeeze.js';
import { compileEncodeKernels } from '../../../src/kernels/encode/wasm.js';
import { Random } from '../../support/random.js';

const wasm = compileEncodeKernels();

/** Around the borders of vectors, of what passes through at a time, and of chunks. */
const SIZES = [0, 1, 3, 4, 5, 8, 17, 1000, 32_767, 32_768, 32_769, 65_535, 65_537, 131_072, 131_075, 262_145];

/** Bit patterns of floats in which everything happens: zeros of both signs, denormals, NaNs, infinities, neighbours. */
const SPECIAL = [
  ...[0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000],
  ...[0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff, 0x3f800000, 0x3f800001, 0xbf800000, 0xbf800001],
];
const pattern = fc.oneof(fc.constantFrom(...SPECIAL), fc.integer({ min: 0, max: 0xffffffff }));
const anyFloats = fc.array(pattern, { maxLength: 300 }).map(fromBits);
const finiteFloats = fc
  .array(
    fc.oneof(fc.constantFrom(0, -0, 2 ** -149, -(2 ** -140), 1, 1 + 2 ** -23, -1, 3e38), fc.float({ noNaN: true })),
    {
      maxLength: 300,
    },
  )
  .map((values) => Float32Array.from(values, (value) => (Number.isFinite(value) ? value : 2)));
const symbols = fc
  .array(fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 1023 })), { maxLength: 400 })
  .map((list) => Uint16Array.from(list));

function fromBits(bits: readonly number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}

/** Any array as bytes: the same NaN, the same zero. */
function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
}

/** The first half of the arrays is the same as the second, to the bit. */
function expectSame(...arrays: ArrayBufferView[]): void {
  const half = arrays.length / 2;
  for (let i = 0; i < half; i++) {
    expect(Buffer.compare(bytesOf(arrays[i]), bytesOf(arrays[half + i])), `array ${i}`).toBe(0);
  }
}

function sameRuns(given: Uint16Array, chunk: number): void {
  const [ours, theirs] = [wasm, reference].map((kernels) => kernels.countRuns(given, chunk));
  expectSame(ours.runs, ours.tails, theirs.runs, theirs.tails);
}

/** A view at an odd place of a larger buffer. */
function moved(values: Float32Array): Float32Array {
  const room = new Float32Array(values.length + 1);
  room.set(values, 1);
  return room.subarray(1);
}

function keysOf(values: Float32Array): Uint32Array {
  return Uint32Array.from(new Int32Array(values.slice().buffer), (bits) => orderedKey(bits) >>> 0).sort();
}

function sameSort(values: Float32Array): void {
  for (const dropsZeros of [false, true]) {
    const [ours, theirs] = [wasm, reference].map((kernels) => kernels.sort(values, dropsZeros));
    expectSame(ours, theirs);
  }
}

function sameSymbols(given: Uint16Array): void {
  for (const chunk of [1, 7, 100, 1 << 18]) {
    if (given.length / chunk < 1000) sameRuns(given, chunk);
  }
  expectSame(wasm.maskOf(given), reference.maskOf(given));
  const part = given.subarray(0, 1 << 18);
  expectSame(wasm.withoutZeros(part), reference.withoutZeros(part));
  const bytes = bytesOf(given);
  expectSame(wasm.countBytes(bytes), reference.countBytes(bytes));
  sameByteWork(bytes);
  const names = Uint16Array.from({ length: 1024 }, (_, i) => (i * 7) & 1023);
  const [ours, theirs] = [wasm, reference].map((kernels) => {
    const renamed = given.slice();
    kernels.relabel(renamed, names);
    return renamed;
  });
  expectSame(ours, theirs);
  sameStreams(part);
}

function sameByteWork(bytes: Uint8Array): void {
  for (const width of [1, 2, 4, 8]) {
    const whole = bytes.subarray(0, bytes.length - (bytes.length % width));
    expectSame(wasm.toPlanes(whole, width), reference.toPlanes(whole, width));
    const few = whole.subarray(0, 1 << 15);
    for (const [step, parts] of [
      [width, 1],
      [1, width],
    ]) {
      const [ours, theirs] = [wasm, reference].map((kernels) => kernels.forecast(few, step, parts));
      expect(ours, `${few.length} bytes, ${step}, ${parts}`).toEqual(theirs);
    }
  }
}

function countsOf(given: ArrayLike<number>, size: number): Uint32Array {
  const counts = new Uint32Array(size);
  for (let i = 0; i < given.length; i++) counts[given[i]]++;
  return counts;
}

function sameStreams(given: Uint16Array): void {
  const quarter = Math.ceil(given.length / 4);
  const split = [quarter, quarter, quarter, 0].map((count, i) =>
    Math.min(count, Math.max(0, given.length - i * quarter)),
  );
  split[3] = given.length - split[0] - split[1] - split[2];
  const wide = makeCode(countsOf(given, 1024));
  expectSame(...wasm.encodeRun(given, wide, split), ...reference.encodeRun(given, wide, split));
  const bytes = Uint8Array.from(given);
  const narrow = makeCode(countsOf(bytes, 256));
  expectSame(...wasm.encodeRun(bytes, narrow, [bytes.length]), ...reference.encodeRun(bytes, narrow, [bytes.length]));
  const weights = makeCode(countsOf(given, 1024).subarray(1));
  for (const bits of [1, 4, 8]) {
    const gaps = makeCode(new Uint32Array(1 << bits).fill(1));
    const both = [wasm, reference].map((kernels) =>
      kernels.encodePairs(given, gaps, weights, (pairs) => [Math.floor(pairs / 3), pairs - Math.floor(pairs / 3)]),
    );
    const [ours, theirs] = both.map(({ streams, ...rest }) => ({ rest, streams }));
    expect(ours.rest).toEqual(theirs.rest);
    expectSame(...ours.streams, ...theirs.streams);
  }
}

describe('both kernels', () => {
  it('sort alike, whatever the bits', () => {
    fc.assert(fc.property(anyFloats, (values) => sameSort(moved(values))));
    const random = new Random(1);
    for (const size of SIZES) sameSort(random.floats(size));
    // All but one digit the same, and values that float16 holds.
    sameSort(Float32Array.from({ length: 5000 }, () => 1 + random.below(2000) * 2 ** -23));
    sameSort(Float32Array.from({ length: 5000 }, () => random.below(2000) / 8));
  });

  it('sort as the native sort does', () => {
    fc.assert(
      fc.property(finiteFloats, (values) => {
        for (const kernels of [wasm, reference]) {
          expect(kernels.sort(values, false)).toEqual(values.slice().sort());
          expect(kernels.sort(values, true)).toEqual(values.filter((value) => value !== 0).sort());
        }
      }),
    );
  });

  it('iterate to the same clusters, bit by bit', () => {
    const same = (values: Float32Array, start: Float64Array, most: number) => {
      const sorted = reference.sort(values, false);
      const both = [wasm, reference].map((kernels) => {
        const centroids = start.slice();
        const end = kernels.lloyd(sorted, centroids, most);
        const error = kernels.squaredError(sorted, end.boundaries, centroids);
        return { end, centroids: bytesOf(centroids), error };
      });
      expect(both[0]).toEqual(both[1]);
    };
    const starts = fc.array(
      fc.oneof(fc.integer({ min: -5, max: 5 }), fc.float({ noNaN: true, noDefaultInfinity: true })),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(finiteFloats, starts, fc.constantFrom(1, 2, 100_000), (values, start, most) =>
        same(values, Float64Array.from(start).sort(), most),
      ),
    );
    const random = new Random(2);
    for (const size of SIZES) {
      for (const k of [1, 2, 33, 256]) {
        same(
          random.floats(size),
          Float64Array.from({ length: k }, (_, i) => (i - k / 2) / k),
          100_000,
        );
      }
    }
  });

  it('give each value the same centroid', () => {
    const same = (values: Float32Array, limits: Uint32Array) => {
      const assigned = wasm.assign(values, limits);
      expectSame(assigned, reference.assign(values, limits));
      const shared = Float32Array.from({ length: limits.length + 1 }, (_, i) => i + 1);
      const [ours, theirs] = [wasm, reference].map((kernels) => {
        const copy = moved(values);
        kernels.share(copy, limits, shared);
        return copy;
      });
      expectSame(ours, theirs);
    };
    fc.assert(fc.property(anyFloats, anyFloats, (values, some) => same(moved(values), keysOf(some))));
    const random = new Random(3);
    for (const size of SIZES) same(random.floats(size), keysOf(random.floats(37)));
    same(random.floats(5000), keysOf(random.floats(65_535, 1e-3)));
  });

  it('find what is not finite', () => {
    fc.assert(
      fc.property(anyFloats, (values) => {
        expect(wasm.firstNotFinite(moved(values))).toBe(values.findIndex((value) => !Number.isFinite(value)));
        expect(reference.firstNotFinite(values)).toBe(wasm.firstNotFinite(values));
      }),
    );
    for (const size of SIZES) {
      const values = new Random(4).floats(size);
      expect(wasm.firstNotFinite(values)).toBe(-1);
      if (size === 0) continue;
      for (const at of new Set([0, size >> 1, size - 1])) {
        const poisoned = values.slice();
        poisoned[at] = Number.NaN;
        poisoned[size - 1] = Infinity;
        expect(wasm.firstNotFinite(poisoned)).toBe(at);
        expect(reference.firstNotFinite(poisoned)).toBe(at);
      }
    }
  });

  it('count magnitudes alike', () => {
    const same = (values: Float32Array) => {
      const [ours, theirs] = [wasm, reference].map((kernels) => {
        const [high, low] = [new Float64Array(2 ** 15).fill(1), new Float64Array(2 ** 16).fill(2)];
        kernels.countMagnitudes(values, high);
        kernels.countWithin(values, 0x3f80, low);
        kernels.countWithin(values, 0, low);
        return [high, low];
      });
      expectSame(...ours, ...theirs);
    };
    fc.assert(fc.property(anyFloats, (values) => same(moved(values))));
    for (const size of SIZES) same(new Random(size).floats(size));
  });

  it('drop the same small values', () => {
    const same = (values: Float32Array, threshold: number, ties: number) => {
      const [ours, theirs] = [wasm, reference].map((kernels) => {
        const copy = moved(values);
        return { left: kernels.zeroBelow(copy, threshold, ties), copy };
      });
      expect(ours.left).toBe(theirs.left);
      expectSame(ours.copy, theirs.copy);
    };
    // Between floats, too, and beyond the largest.
    const threshold = fc.oneof(
      fc.constantFrom(0, 1, 1 + 2 ** -30, 1 - 2 ** -30, 2 ** -149, 2 ** -160, 1e39, 3.4028234663852886e38, Infinity),
      fc.double({ min: 0, max: 4, noNaN: true }),
    );
    const ties = fc.constantFrom(0, 1, 3, 50, Infinity);
    fc.assert(fc.property(anyFloats, threshold, ties, same));
    for (const size of SIZES) {
      const values = new Random(size).clustered(size, 9, 0.7);
      for (const left of [0, size >> 3, Infinity]) same(values, Math.abs(values[size >> 1] || 0.1), left);
    }
  });

  it('find the same values in the same order', () => {
    const random = new Random(6);
    for (const size of SIZES) {
      for (const distinct of [1, 5, 255, 1023, 1024, 1025, 2048]) {
        const list = Array.from({ length: distinct }, () => random.uint32());
        const words = Uint32Array.from({ length: size }, () => list[random.below(distinct)]);
        for (const units of [words, Uint16Array.from(words), Uint8Array.from(words)]) {
          for (const most of [1024, 2048]) {
            const [ours, theirs] = [wasm, reference].map((kernels) => kernels.findValues(units, most));
            expect(ours === undefined).toBe(theirs === undefined);
            if (ours && theirs)
              expectSame(ours.values, ours.counts, ours.symbols, theirs.values, theirs.counts, theirs.symbols);
          }
        }
      }
    }
    expect(
      wasm.findValues(
        Uint32Array.from({ length: 2049 }, (_, i) => i),
        2048,
      ),
    ).toBeUndefined();
  });

  it('count, mark, rename and write symbols alike', () => {
    fc.assert(fc.property(symbols, sameSymbols), { numRuns: 60 });
    const random = new Random(7);
    for (const size of SIZES) {
      for (const density of [0, 0.01, 0.3, 1]) {
        sameSymbols(Uint16Array.from({ length: size }, () => (random.float() < density ? 1 + random.below(1023) : 0)));
      }
    }
  });

  it('squeeze to the same bytes, window by window, with and without regard to the byte before', () => {
    const random = new Random(8);
    const words = Array.from({ length: 40 }, () => random.bytes(1 + random.below(90)));
    const phrases = Buffer.concat(Array.from({ length: 3000 }, () => words[random.below(40)]));
    // Small integers that keep their sign for a while, as neighbouring weights do.
    let sign = 1;
    const weights = Uint8Array.from({ length: 70_000 }, () => {
      sign = random.below(9) ? sign : -sign;
      return sign * (random.below(6) + random.below(6));
    });
    const floats = bytesOf(random.clustered(30_000, 900, 0.8));
    const contents = {
      phrases,
      weights,
      floats,
      short: phrases.subarray(0, 2000),
      few: Uint8Array.of(1, 2),
      none: new Uint8Array(),
    };
    for (const [name, bytes] of Object.entries(contents)) {
      const [ours, theirs] = [wasm, reference].map((kernels) => atOnce(kernels.squeeze(bytes)));
      expect(Buffer.compare(ours, theirs), name).toBe(0);
      expect(Buffer.compare(expand(ours, bytes.length), bytes), name).toBe(0);
    }
    // The first bit says what the second pass was good for.
    const [plain, byBefore] = ([0, 1] as const).map((how) => atOnce(squeezePass(weights, how)).stream);
    expect(byBefore.length).toBeLessThan(0.97 * plain.length);
    expect(Buffer.compare(atOnce(wasm.squeeze(weights)), byBefore)).toBe(0);
  });

  it('squeeze two inputs in turns, and can be left in the middle of one', () => {
    const [first, second] = [new Random(9).bytes(20_000), new Random(10).bytes(20_000)];
    const left = wasm.squeeze(first);
    left.next(false);
    left.next(false);
    const [a, b] = [wasm.squeeze(first), wasm.squeeze(second)];
    for (let i = 0; i < 3; i++) for (const steps of [a, b]) expect(steps.next(false).done).toBe(false);
    expectSame(atOnce(a), atOnce(b), atOnce(reference.squeeze(first)), atOnce(reference.squeeze(second)));
  });

  it('refuse codes that are too long for them', () => {
    const code = { lengths: Uint8Array.of(1, 15), codes: Uint16Array.of(0, 1) };
    expect(() => wasm.encodeRun(Uint8Array.of(0), code, [1])).toThrow('at most 14 bits, got 15');
    // Nothing of it is left.
    sameSymbols(Uint16Array.of(0, 5, 0));
  });
});

describe('the kernels of encoding', () => {
  afterEach(() => vi.unstubAllGlobals());

  async function fresh(): Promise<EncodeKernels> {
    vi.resetModules();
    const { encodeKernels } = await import('../../../src/kernels/encode/index.js');
    return encodeKernels();
  }

  it('are WebAssembly where there is any, and made once', async () => {
    const kernels = await fresh();
    expect(kernels.sort.toString()).toBe(wasm.sort.toString());
    const { encodeKernels } = await import('../../../src/kernels/encode/index.js');
    expect(encodeKernels()).toBe(kernels);
  });

  it('are the reference where there is none', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect((await fresh()).sort.toString()).toBe(reference.sort.toString());
  });

  it('make the same container without WebAssembly', async () => {
    const { encode, modelOf } = await import('../../support/container.js');
    const model = modelOf(new Random(6).clustered(50_000, 30, 0.3));
    const ours = await encode(model);
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const again = await import('../../support/container.js');
    expect(Buffer.compare(await again.encode(model), ours)).toBe(0);
  });
});
