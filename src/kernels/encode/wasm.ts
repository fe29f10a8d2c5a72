import type { Units } from '../decode/kernels.js';
import { bucketStarts } from './buckets.js';
import { MODULE } from './generated/module.js';
import type { EncodeKernels, StreamCode } from './kernels.js';
import { BANK_BYTES, CENTROIDS, COUNTS, HEAP, INPUT, LIMITS, OUTPUT, SECOND, TABLE } from './memory.js';
import { referenceKernels } from './reference/kernels.js';

type Exports = Record<string, (...numbers: number[]) => number> & { readonly memory: WebAssembly.Memory };
type Numbers = Units | Float32Array | Float64Array;

const PAGE = 65536;
/** The largest memory there is. */
const MOST = PAGE * 65535;
/** An instance whose memory has grown beyond this is not kept: memories never shrink. */
const KEPT = 48 << 20;
/** What passes through in parts of this size is still in the second-level cache when it leaves. */
const PART = 1 << 17;
/** Zeros behind symbols that are looked at through bit masks. */
const WINDOW = 128;
/** The longest code that a stream is written with. */
const LONGEST = 14;

/** Compiles the module; nothing where a Content-Security-Policy forbids it or the platform has no vector instructions. */
export function compileEncodeKernels(): EncodeKernels | undefined {
  const bytes = new Uint8Array(MODULE.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = MODULE.charCodeAt(i);
  try {
    return wasmKernels(new WebAssembly.Module(bytes));
  } catch {
    return undefined;
  }
}

// One closure, kept whole: what its functions share is the instance.
function wasmKernels(module: WebAssembly.Module): EncodeKernels {
  let kept: Instance | undefined;

  /** Lends an instance with room for so many bytes from `HEAP` on. */
  function lend<T>(room: number, use: (instance: Instance, kernels: Exports) => T): T {
    const instance = kept ?? new Instance(module);
    // Whatever is thrown in between: the next call takes a new instance.
    kept = undefined;
    instance.grow(HEAP + room);
    const result = use(instance, instance.exports);
    if (instance.size <= KEPT) kept = instance;
    return result;
  }

  /** Does the work on an array that stands in the input part by part. */
  function inParts(instance: Instance, array: Numbers, work: (count: number, start: number) => void): void {
    const most = PART / array.BYTES_PER_ELEMENT;
    for (let start = 0; start < array.length; start += most) {
      const part = array.subarray(start, start + most);
      instance.put(part, INPUT);
      work(part.length, start);
    }
  }

  return {
    sort(values, dropsZeros) {
      const bytes = Math.ceil(values.byteLength / 64 + 1) * 64;
      if (HEAP + 2 * bytes > MOST) return referenceKernels.sort(values, dropsZeros);
      return lend(2 * bytes, (instance, kernels) => {
        instance.put(values, HEAP);
        const place = kernels.sort(HEAP, values.length, HEAP + bytes, Number(dropsZeros));
        const sorted = new Float32Array(instance.words(TABLE, 1)[0]);
        instance.get(sorted, place);
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
      return lend(end - HEAP, (instance, kernels) => {
        instance.put(sorted, values);
        instance.put(centroids, means);
        const most = Math.min(maxIterations, 2 ** 31 - 1);
        const iterations = kernels.lloyd(values, sorted.length, means, k, limits, moved, starts, sums, most);
        instance.get(centroids, means);
        instance.get(boundaries, starts);
        return { boundaries, iterations: Math.abs(iterations), converged: iterations > 0 };
      });
    },

    squaredError(sorted, boundaries, centroids) {
      const end = HEAP + sorted.byteLength;
      if (end > MOST) return referenceKernels.squaredError(sorted, boundaries, centroids);
      return lend(sorted.byteLength, (instance, kernels) => {
        instance.put(sorted, HEAP);
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
      lend(0, (instance, kernels) => {
        instance.put(bucketStarts(limits), TABLE);
        instance.put(limits, LIMITS);
        inParts(instance, values, (count, start) => {
          kernels.assign(count);
          instance.get(assignments.subarray(start, start + count), OUTPUT);
        });
      });
      return assignments;
    },

    share(values, limits, shared) {
      lend(0, (instance, kernels) => {
        instance.put(bucketStarts(limits), TABLE);
        instance.put(limits, LIMITS);
        instance.put(shared, CENTROIDS);
        inParts(instance, values, (count, start) => {
          kernels.share(count);
          instance.get(values.subarray(start, start + count), INPUT);
        });
      });
    },

    firstNotFinite(values) {
      return lend(0, (instance, kernels) => {
        let found = -1;
        inParts(instance, values, (count, start) => {
          const at = found < 0 ? kernels.firstNotFinite(count) : -1;
          if (at >= 0) found = start + at;
        });
        return found;
      });
    },

    countMagnitudes(values, counts) {
      lend(0, (instance, kernels) => {
        instance.clear(TABLE, 4 * counts.length);
        inParts(instance, values, kernels.countMagnitudes);
        addTo(counts, instance.words(TABLE, counts.length));
      });
    },

    countWithin(values, upper, counts) {
      lend(0, (instance, kernels) => {
        instance.clear(TABLE, 4 * counts.length);
        inParts(instance, values, (count) => kernels.countWithin(count, upper));
        addTo(counts, instance.words(TABLE, counts.length));
      });
    },

    zeroBelow(values, threshold, ties) {
      const nearest = Math.fround(threshold);
      // Between two floats no weight is exactly the threshold.
      let left = nearest === threshold ? ties : 0;
      const bits = new Int32Array(Float32Array.of(nearest).buffer)[0] - Number(nearest > threshold);
      lend(0, (instance, kernels) => {
        inParts(instance, values, (count, start) => {
          const given = Math.min(left, count);
          left -= given - kernels.zeroBelow(count, bits, given);
          instance.get(values.subarray(start, start + count), INPUT);
        });
      });
      return nearest === threshold ? left : ties;
    },

    findValues(units, most) {
      const symbols = new Uint16Array(units.length);
      return lend(0, (instance, kernels) => {
        instance.clear(TABLE, SECOND);
        instance.clear(COUNTS, 2 * BANK_BYTES);
        const find = kernels[`findValues${units.BYTES_PER_ELEMENT}`];
        let found = 0;
        inParts(instance, units, (count, start) => {
          if (found >= 0) found = find(count, found, most);
          if (found >= 0) instance.get(symbols.subarray(start, start + count), OUTPUT);
        });
        if (found < 0) return undefined;
        const counts = instance.words(COUNTS, found).slice();
        addTo(counts, instance.words(COUNTS + BANK_BYTES, found));
        return { values: instance.words(TABLE + SECOND, found).slice(), counts, symbols };
      });
    },

    relabel(symbols, names) {
      lend(0, (instance, kernels) => {
        instance.put(names, TABLE);
        inParts(instance, symbols, (count, start) => {
          kernels.relabel(count);
          instance.get(symbols.subarray(start, start + count), INPUT);
        });
      });
    },

    countBytes(bytes) {
      return lend(0, (instance, kernels) => {
        const counts = new Uint32Array(256);
        instance.clear(TABLE, 4096);
        inParts(instance, bytes, kernels.countBytes);
        for (let bank = 0; bank < 4; bank++) addTo(counts, instance.words(TABLE + 1024 * bank, 256));
        return counts;
      });
    },

    countRuns(symbols, chunk) {
      const size = Math.min(chunk, symbols.length) + 1;
      const tails = new Uint32Array(Math.ceil(symbols.length / chunk));
      return lend(0, (instance, kernels) => {
        instance.clear(TABLE, 4 * size);
        for (let start = 0; start < symbols.length; start += chunk) {
          const part = symbols.subarray(start, start + chunk);
          instance.put(part, INPUT);
          instance.clear(INPUT + part.byteLength, WINDOW);
          tails[start / chunk] = kernels.countRuns(part.length);
        }
        const runs = instance.words(TABLE, size);
        return { runs: runs.slice(0, runs.findLastIndex((count) => count > 0) + 1), tails };
      });
    },

    maskOf(symbols) {
      const mask = new Uint8Array(Math.ceil(symbols.length / 8));
      lend(0, (instance, kernels) => {
        inParts(instance, symbols, (count, start) => {
          instance.clear(INPUT + 2 * count, WINDOW);
          kernels.maskOf(count);
          instance.get(mask.subarray(start / 8, Math.ceil((start + count) / 8)), OUTPUT);
        });
      });
      return mask;
    },

    withoutZeros(symbols) {
      return lend(0, (instance, kernels) => {
        instance.put(symbols, INPUT);
        const kept = new Uint16Array(kernels.withoutZeros(symbols.length));
        instance.get(kept, OUTPUT);
        return kept;
      });
    },

    encodeRun(symbols, code, split) {
      return lend(0, (instance, kernels) => {
        instance.put(symbols, INPUT);
        instance.put(entriesOf(code), TABLE);
        const encode = symbols instanceof Uint8Array ? kernels.encode8 : kernels.encode16;
        let from = 0;
        return split.map((count) => {
          const stream = new Uint8Array(encode(from, count, OUTPUT) - OUTPUT);
          instance.get(stream, OUTPUT);
          from += count;
          return stream;
        });
      });
    },

    encodePairs(symbols, gaps, weights, split) {
      const filler = gaps.lengths.length - 1;
      return lend(0, (instance, kernels) => {
        instance.put(symbols, INPUT);
        instance.put(entriesOf(gaps), TABLE);
        instance.put(entriesOf(weights), TABLE + SECOND);
        instance.clear(INPUT + symbols.byteLength, WINDOW);
        const pairs = kernels.countPairs(symbols.length, filler);
        const parts = split(pairs);
        // Streams without a pair are none to the kernel.
        instance.put(Uint32Array.of(...parts.filter(Boolean).flatMap((count) => [count, 0]), 2 ** 32 - 1), COUNTS);
        kernels.encodePairs(symbols.length, filler, COUNTS);
        const ends = instance.words(COUNTS, 2 * parts.length);
        const distances: number[] = [];
        let [next, position, place] = [0, 0, OUTPUT];
        const streams = parts.map((count) => {
          const [start, from] = [position, place];
          if (count > 0) [position, place] = [ends[next++], ends[next++]];
          distances.push(position - start);
          const stream = new Uint8Array(place - from);
          instance.get(stream, from);
          return stream;
        });
        return { pairs, distances, streams };
      });
    },
  };
}

/** An instance of the module, with the ways into its memory and out of it. */
class Instance {
  readonly exports: Exports;
  #bytes: Uint8Array;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module).exports as Exports;
    this.#bytes = new Uint8Array(this.exports.memory.buffer);
  }

  get size(): number {
    return this.#bytes.length;
  }

  grow(size: number): void {
    const missing = Math.ceil((size - this.size) / PAGE);
    if (missing <= 0) return;
    this.exports.memory.grow(missing);
    this.#bytes = new Uint8Array(this.exports.memory.buffer);
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
