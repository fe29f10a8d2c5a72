import { ByteWriter } from '../../binary/bytes.js';
import { BEFORE_BITS } from '../../entropy/lzma-model.js';
import type { Units } from '../decode/kernels.js';
import { type Exports, instancesOf, lender } from '../loader.js';
import { bucketStarts } from './buckets.js';
import { MODULE } from './generated/module.js';
import type { EncodeKernels, StreamCode } from './kernels.js';
import {
  BANK_BYTES,
  CENTROIDS,
  COUNTS,
  DIGITS,
  FORECAST_COUNTS,
  HEAP,
  INPUT,
  LIMITS,
  LITERAL_COUNTS,
  OUTPUT,
  PRICES,
  SECOND,
  TABLE,
} from './memory.js';
import { referenceKernels } from './reference/kernels.js';
import { hashShift } from './reference/lzma/forecast.js';
import { WINDOW } from './reference/lzma/limits.js';
import { squeezeInPasses } from './reference/lzma/passes.js';
import { PRICES_OF_BITS } from './reference/lzma/prices.js';
import { bytesOfDigits } from './reference/lzma/range-encoder.js';

type Numbers = Units | Int32Array | Float32Array | Float64Array;

/** The largest memory there is. */
const MOST = 65536 * 65535;
/** An instance whose memory has grown beyond this is not kept: memories never shrink. */
const KEPT = 48 << 20;
/** What passes through in parts of this size is still in the second-level cache when it leaves. */
const PART = 1 << 17;
/** Zeros behind symbols that are looked at through bit masks. */
const MARGIN = 128;
/** The longest code that a stream is written with. */
const LONGEST = 14;

/** Compiles the module; fails where a Content-Security-Policy forbids it or the platform has no vector instructions. */
export function compileEncodeKernels(): EncodeKernels {
  const instances = instancesOf(MODULE, KEPT);
  const lendBytes = lender(instances);

  /** Lends a memory with room for so many bytes from `HEAP` on. */
  const lend = <T>(room: number, work: (memory: Memory, kernels: Exports) => T): T =>
    lendBytes(HEAP + room, (kernels) => work(new Memory(kernels.memory.buffer), kernels));

  /** Does the work on an array that stands in the input part by part. */
  function inParts(memory: Memory, array: Numbers, work: (count: number, start: number) => void): void {
    const most = PART / array.BYTES_PER_ELEMENT;
    for (let start = 0; start < array.length; start += most) {
      const part = array.subarray(start, start + most);
      memory.put(part, INPUT);
      work(part.length, start);
    }
  }

  return {
    sort(values, dropsZeros) {
      const bytes = Math.ceil(values.byteLength / 64 + 1) * 64;
      if (HEAP + 2 * bytes > MOST) return referenceKernels.sort(values, dropsZeros);
      return lend(2 * bytes, (memory, kernels) => {
        memory.put(values, HEAP);
        const place = kernels.sort(HEAP, values.length, HEAP + bytes, Number(dropsZeros));
        const sorted = new Float32Array(memory.words(TABLE, 1)[0]);
        memory.get(sorted, place);
        return sorted;
      });
    },

    lloyd(sorted, centroids, maxIterations) {
      const k = centroids.length;
      const boundaries = new Uint32Array(k + 1);
      const sizes = [8 * k, 8 * k, k + 1, 4 * (k + 1), 8 * (sorted.length / 32 + 2), sorted.byteLength];
      const places: number[] = [];
      let end = HEAP;
      for (const size of sizes) {
        places.push(end);
        end += Math.ceil(size / 64) * 64;
      }
      if (end > MOST) return referenceKernels.lloyd(sorted, centroids, maxIterations);
      const [means, limits, moved, starts, sums, values] = places;
      return lend(end - HEAP, (memory, kernels) => {
        memory.put(sorted, values);
        memory.put(centroids, means);
        const most = Math.min(maxIterations, 2 ** 31 - 1);
        const iterations = kernels.lloyd(values, sorted.length, means, k, limits, moved, starts, sums, most);
        memory.get(centroids, means);
        memory.get(boundaries, starts);
        return { boundaries, iterations: Math.abs(iterations), converged: iterations > 0 };
      });
    },

    squaredError(sorted, boundaries, centroids) {
      const end = HEAP + sorted.byteLength;
      if (end > MOST) return referenceKernels.squaredError(sorted, boundaries, centroids);
      return lend(sorted.byteLength, (memory, kernels) => {
        memory.put(sorted, HEAP);
        let total = 0;
        for (let cluster = 0; cluster < centroids.length; cluster++) {
          const start = boundaries[cluster];
          total += kernels.squaredError(HEAP + 4 * start, boundaries[cluster + 1] - start, centroids[cluster]);
        }
        return total;
      });
    },

    assign(values, limits) {
      const assignments = new Uint16Array(values.length);
      lend(0, (memory, kernels) => {
        memory.put(bucketStarts(limits), TABLE);
        memory.put(limits, LIMITS);
        inParts(memory, values, (count, start) => {
          kernels.assign(count);
          memory.get(assignments.subarray(start, start + count), OUTPUT);
        });
      });
      return assignments;
    },

    share(values, limits, shared) {
      lend(0, (memory, kernels) => {
        memory.put(bucketStarts(limits), TABLE);
        memory.put(limits, LIMITS);
        memory.put(shared, CENTROIDS);
        inParts(memory, values, (count, start) => {
          kernels.share(count);
          memory.get(values.subarray(start, start + count), INPUT);
        });
      });
    },

    firstNotFinite(values) {
      return lend(0, (memory, kernels) => {
        let found = -1;
        inParts(memory, values, (count, start) => {
          const at = found < 0 ? kernels.firstNotFinite(count) : -1;
          if (at >= 0) found = start + at;
        });
        return found;
      });
    },

    countMagnitudes(values, counts) {
      lend(0, (memory, kernels) => {
        memory.clear(TABLE, 4 * counts.length);
        inParts(memory, values, kernels.countMagnitudes);
        addTo(counts, memory.words(TABLE, counts.length));
      });
    },

    countWithin(values, upper, counts) {
      lend(0, (memory, kernels) => {
        memory.clear(TABLE, 4 * counts.length);
        inParts(memory, values, (count) => kernels.countWithin(count, upper));
        addTo(counts, memory.words(TABLE, counts.length));
      });
    },

    zeroBelow(values, threshold, ties) {
      const nearest = Math.fround(threshold);
      // Between two floats no weight is exactly the threshold.
      let left = nearest === threshold ? ties : 0;
      const bits = new Int32Array(Float32Array.of(nearest).buffer)[0] - Number(nearest > threshold);
      lend(0, (memory, kernels) => {
        inParts(memory, values, (count, start) => {
          const given = Math.min(left, count);
          left -= given - kernels.zeroBelow(count, bits, given);
          memory.get(values.subarray(start, start + count), INPUT);
        });
      });
      return nearest === threshold ? left : ties;
    },

    findValues(units, most) {
      // Of most floats there are too many, which shows in the first part: memory for the symbols of all is taken after it.
      let symbols = new Uint16Array(0);
      return lend(0, (memory, kernels) => {
        memory.clear(TABLE, SECOND);
        memory.clear(COUNTS, 2 * BANK_BYTES);
        const find = kernels[`findValues${units.BYTES_PER_ELEMENT}`];
        let found = 0;
        inParts(memory, units, (count, start) => {
          if (found >= 0) found = find(count, found, most);
          if (found < 0) return;
          if (start === 0) symbols = new Uint16Array(units.length);
          memory.get(symbols.subarray(start, start + count), OUTPUT);
        });
        if (found < 0) return undefined;
        const counts = memory.words(COUNTS, found).slice();
        addTo(counts, memory.words(COUNTS + BANK_BYTES, found));
        return { values: memory.words(TABLE + SECOND, found).slice(), counts, symbols };
      });
    },

    relabel(symbols, names) {
      lend(0, (memory, kernels) => {
        memory.put(names, TABLE);
        inParts(memory, symbols, (count, start) => {
          kernels.relabel(count);
          memory.get(symbols.subarray(start, start + count), INPUT);
        });
      });
    },

    countBytes(bytes) {
      return lend(0, (memory, kernels) => {
        const counts = new Uint32Array(256);
        memory.clear(TABLE, 4096);
        inParts(memory, bytes, kernels.countBytes);
        for (let bank = 0; bank < 4; bank++) addTo(counts, memory.words(TABLE + 1024 * bank, 256));
        return counts;
      });
    },

    toPlanes(bytes, width) {
      const planes = new Uint8Array(bytes.length);
      const units = bytes.length / width;
      lend(0, (memory, kernels) => {
        inParts(memory, bytes, (count, start) => {
          const [here, from] = [count / width, start / width];
          kernels.toPlanes(here, width);
          for (let p = 0; p < width; p++) {
            memory.get(planes.subarray(p * units + from, p * units + from + here), OUTPUT + p * here);
          }
        });
      });
      return planes;
    },

    forecast(bytes, step, parts) {
      return lend(0, (memory, kernels) => {
        memory.put(bytes, INPUT);
        const matches = kernels.forecast(bytes.length, step, parts, hashShift(bytes.length));
        const literals = memory.words(FORECAST_COUNTS, 256 * parts).slice();
        return { matches, repeats: kernels.forecastRepeats(), literals };
      });
    },

    countRuns(symbols, chunk) {
      const size = Math.min(chunk, symbols.length) + 1;
      const tails = new Uint32Array(Math.ceil(symbols.length / chunk));
      return lend(0, (memory, kernels) => {
        memory.clear(TABLE, 4 * size);
        for (let start = 0; start < symbols.length; start += chunk) {
          const part = symbols.subarray(start, start + chunk);
          memory.put(part, INPUT);
          memory.clear(INPUT + part.byteLength, MARGIN);
          tails[start / chunk] = kernels.countRuns(part.length);
        }
        const runs = memory.words(TABLE, size);
        return { runs: runs.slice(0, runs.findLastIndex((count) => count > 0) + 1), tails };
      });
    },

    maskOf(symbols) {
      const mask = new Uint8Array(Math.ceil(symbols.length / 8));
      lend(0, (memory, kernels) => {
        inParts(memory, symbols, (count, start) => {
          memory.clear(INPUT + 2 * count, MARGIN);
          kernels.maskOf(count);
          memory.get(mask.subarray(start / 8, Math.ceil((start + count) / 8)), OUTPUT);
        });
      });
      return mask;
    },

    withoutZeros(symbols) {
      return lend(0, (memory, kernels) => {
        memory.put(symbols, INPUT);
        const kept = new Uint16Array(kernels.withoutZeros(symbols.length));
        memory.get(kept, OUTPUT);
        return kept;
      });
    },

    encodeRun(symbols, code, split) {
      return lend(0, (memory, kernels) => {
        memory.put(symbols, INPUT);
        memory.put(entriesOf(code), TABLE);
        const encode = symbols instanceof Uint8Array ? kernels.encode8 : kernels.encode16;
        let from = 0;
        return split.map((count) => {
          const stream = new Uint8Array(encode(from, count, OUTPUT) - OUTPUT);
          memory.get(stream, OUTPUT);
          from += count;
          return stream;
        });
      });
    },

    encodePairs(symbols, gaps, weights, split) {
      const filler = gaps.lengths.length - 1;
      return lend(0, (memory, kernels) => {
        memory.put(symbols, INPUT);
        memory.put(entriesOf(gaps), TABLE);
        memory.put(entriesOf(weights), TABLE + SECOND);
        memory.clear(INPUT + symbols.byteLength, MARGIN);
        const pairs = kernels.countPairs(symbols.length, filler);
        const parts = split(pairs);
        // Streams without a pair are none to the kernel.
        memory.put(Uint32Array.of(...parts.filter(Boolean).flatMap((count) => [count, 0]), 2 ** 32 - 1), COUNTS);
        kernels.encodePairs(symbols.length, filler, COUNTS);
        const ends = memory.words(COUNTS, 2 * parts.length);
        const distances: number[] = [];
        let [next, position, place] = [0, 0, OUTPUT];
        const streams = parts.map((count) => {
          const [start, from] = [position, place];
          if (count > 0) [position, place] = [ends[next++], ends[next++]];
          distances.push(position - start);
          const stream = new Uint8Array(place - from);
          memory.get(stream, from);
          return stream;
        });
        return { pairs, distances, streams };
      });
    },

    squeeze(bytes) {
      const end = HEAP + bytes.length + MARGIN;
      if (end > MOST) return referenceKernels.squeeze(bytes);
      return squeezeInPasses(bytes.length, function* (byBefore) {
        // Whoever stops between two steps leaves the instance to the garbage collector.
        const kernels = instances.take(end);
        const memory = new Memory(kernels.memory.buffer);
        memory.put(bytes, HEAP);
        memory.put(PRICES_OF_BITS, PRICES);
        kernels.squeezeStart(bytes.length, byBefore);
        const digits = new ByteWriter();
        for (let start = 0; start < bytes.length; start += WINDOW) {
          yield;
          const count = kernels.squeezeWindow(start, Math.min(WINDOW, bytes.length - start));
          digits.bytes(memory.bytes(DIGITS, 2 * count));
        }
        digits.bytes(memory.bytes(DIGITS, 2 * kernels.squeezeEnd()));
        const literals = memory.words(LITERAL_COUNTS, 256 << BEFORE_BITS).slice();
        instances.giveBack(kernels);
        return { stream: bytesOfDigits(new Uint16Array(digits.finish().buffer)), literals };
      });
    },
  };
}

/** The ways into a memory and out of it. */
class Memory {
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBuffer) {
    this.#bytes = new Uint8Array(buffer);
  }

  put(array: Numbers, at: number): void {
    this.#bytes.set(bytesOf(array), at);
  }

  /** Fills an array with what stands in the memory. */
  get(array: Numbers, at: number): void {
    bytesOf(array).set(this.#bytes.subarray(at, at + array.byteLength));
  }

  clear(at: number, bytes: number): void {
    this.#bytes.fill(0, at, at + bytes);
  }

  bytes(at: number, count: number): Uint8Array {
    return this.#bytes.subarray(at, at + count);
  }

  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, at, count);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Numbers): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Code and length of each symbol in one word. */
function entriesOf({ lengths, codes }: StreamCode): Uint32Array {
  return Uint32Array.from(lengths, (length, symbol) => {
    if (length > LONGEST) throw new RangeError(`encode: expected codes of at most ${LONGEST} bits, got ${length}`);
    return (length << 16) | codes[symbol];
  });
}

function addTo(sums: Float64Array | Uint32Array, counts: Uint32Array): void {
  for (let i = 0; i < counts.length; i++) sums[i] += counts[i];
}
