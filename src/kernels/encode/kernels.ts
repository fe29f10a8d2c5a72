import type { Steps } from '../../breather.js';
import type { Units } from '../decode/kernels.js';

/** A prefix code to write with: one length of at most 14 bits and one code, its first bit the lowest, a symbol. */
export interface StreamCode {
  readonly lengths: Uint8Array;
  readonly codes: Uint16Array;
}

/** The distinct values of some units, in the order in which they are met, and which unit has which. */
export interface FoundValues {
  readonly values: Uint32Array;
  /** How often each value occurs. */
  readonly counts: Uint32Array;
  /** One index into `values` a unit. */
  readonly symbols: Uint16Array;
}

/** Where Lloyd's iterations ended. */
export interface LloydEnd {
  /** Cluster `i` holds the sorted values from `boundaries[i]` up to, not including, `boundaries[i + 1]`. Length k + 1. */
  readonly boundaries: Uint32Array;
  readonly iterations: number;
  /** Whether the last iteration moved no value. */
  readonly converged: boolean;
}

/** What squeezing would leave of bytes, about. */
export interface Forecast {
  /** Matches at a new distance, and at that of the match before. */
  readonly matches: number;
  readonly repeats: number;
  /** How often each byte is in no match: 256 counts for each part. */
  readonly literals: Uint32Array;
}

/** A chunk of pairs as streams. */
export interface PairStreams {
  /** Pairs of a gap and a weight or, where the gap is the filler, of a gap alone. */
  readonly pairs: number;
  /** Weights, zeros among them, that the pairs of each stream stand for. */
  readonly distances: number[];
  readonly streams: Uint8Array[];
}

/**
 * The inner loops of compressing. There are two implementations that agree in every bit: WebAssembly, and TypeScript for
 * where that is missing or forbidden. All are pure functions: nothing of a call is left for the next, and arrays are only
 * written to where it says so.
 */
export interface EncodeKernels {
  /**
   * The values ascending, in a new array: by sign, then magnitude, so −0 before 0, and NaNs at the ends by their sign.
   *
   * @param dropsZeros - leaves out zeros of either sign
   */
  sort(values: Float32Array, dropsZeros: boolean): Float32Array;

  /**
   * Lloyd's iterations on sorted values, see `quantize/kmeans/lloyd.ts`.
   *
   * @param sorted - finite, ascending
   * @param centroids - ascending, one at least; moved to where the iterations end
   */
  lloyd(sorted: Float32Array, centroids: Float64Array, maxIterations: number): LloydEnd;

  /**
   * Sum of the squared distances of sorted values to their clusters' centroids: in each cluster four sums, each of every
   * fourth value, and their own sum added to that of the clusters before.
   *
   * @param boundaries - see {@link LloydEnd}
   */
  squaredError(sorted: Float32Array, boundaries: Uint32Array, centroids: ArrayLike<number>): number;

  /**
   * For each value the number of limits below it, as keys that rise with the floats (see {@link orderedKey}).
   *
   * @param limits - ascending keys, at most 65,535
   */
  assign(values: Float32Array, limits: Uint32Array): Uint16Array;

  /** Writes over each value that is not zero the one that {@link assign} gives it; over zeros of either sign, zero. */
  share(values: Float32Array, limits: Uint32Array, shared: Float32Array): void;

  /** Where the first value stands that is infinite or no number; −1 if there is none. */
  firstNotFinite(values: Float32Array): number;

  /** Adds to `counts`, 2^15 long, how many values have each pattern of the magnitude's upper 15 bits. */
  countMagnitudes(values: Float32Array, counts: Float64Array): void;

  /** Adds to `counts`, 2^16 long, how many of the values with these upper 15 bits have each pattern of the lower 16. */
  countWithin(values: Float32Array, upper: number, counts: Float64Array): void;

  /**
   * Writes zeros over values of a magnitude below the threshold, and of exactly it, but for the first `ties` of those.
   * What is zero already stays as it is.
   *
   * @returns how many ties are left
   */
  zeroBelow(values: Float32Array, threshold: number, ties: number): number;

  /** Finds the distinct values; nothing if there are more than `most`, which is 2048 or less. */
  findValues(units: Units, most: number): FoundValues | undefined;

  /** Writes over each symbol what it is called from now on. */
  relabel(symbols: Uint16Array, names: Uint16Array): void;

  /** How often each byte occurs: 256 counts. */
  countBytes(bytes: Uint8Array): Uint32Array;

  /** The bytes of all units of `width` bytes by significance, see `binary/planes.ts`. */
  toPlanes(bytes: Uint8Array, width: number): Uint8Array;

  /**
   * Looks for matches with the last place that began the same, and for no better ones.
   *
   * @param bytes - at most 2^17 of them
   * @param step - bytes between the places at which matches begin, a power of two
   * @param parts - of equal length and at most eight, whose bytes are of different kinds
   */
  forecast(bytes: Uint8Array, step: number, parts: number): Forecast;

  /**
   * How many runs of zeros of each length stand before a symbol that is not zero; runs begin anew at every chunk.
   *
   * @param chunk - at most 2^18 symbols
   * @returns counts up to the longest run, and the lengths of the runs at the ends of chunks
   */
  countRuns(symbols: Uint16Array, chunk: number): { runs: Uint32Array; tails: Uint32Array };

  /** A bit a symbol, the first the lowest of its byte: whether it is not zero. */
  maskOf(symbols: Uint16Array): Uint8Array;

  /** The symbols that are not zero, at most 2^18 of them. */
  withoutZeros(symbols: Uint16Array): Uint16Array;

  /**
   * Writes symbols in streams of a prefix code, least significant bit first, each filled up to a whole byte.
   *
   * @param symbols - at most 2^18
   * @param split - how many symbols go into each stream: all of them together
   */
  encodeRun(symbols: Uint8Array | Uint16Array, code: StreamCode, split: readonly number[]): Uint8Array[];

  /**
   * Writes a chunk in pairs: a gap, which is the number of zeros before a weight, and the weight's symbol less one. The
   * largest gap of the code is the filler: so many zeros, and no weight. Zeros at the end that do not make up a filler
   * are not written.
   *
   * @param symbols - at most 2^18
   * @param split - how many of so many pairs go into each stream
   */
  encodePairs(
    symbols: Uint16Array,
    gaps: StreamCode,
    weights: StreamCode,
    split: (pairs: number) => readonly number[],
  ): PairStreams;

  /**
   * Compresses bytes for `expand`, a few kilobytes a step. The result is much smaller than that of deflate for graphs with their
   * names and for small tensors, and takes longer to make.
   */
  squeeze(bytes: Uint8Array): Steps<Uint8Array>;
}

/**
 * The bits of a float32 as a number that, read as unsigned, rises with the float: positive floats get the top bit set,
 * negative ones are inverted, because their magnitude counts downwards.
 */
export function orderedKey(bits: number): number {
  return bits ^ ((bits >> 31) | 0x80000000);
}
