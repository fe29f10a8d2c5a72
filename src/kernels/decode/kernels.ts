import type { Stripes } from '../../binary/xxh32.js';

/** Bit patterns of weights, or symbols: whatever is one unit of a payload. */
export type Units = Uint8Array | Uint16Array | Uint32Array;

/** What the work area holds, by byte offset: the decoded chunk, and behind it what a chunk is made from. */
export const CHUNK_AT = 0;
/**
 * A chunk is up to 256 Ki weights of four bytes. The 128 bytes behind it take what a kernel writes beyond the last weight,
 * since it stores several weights at a time.
 */
export const PARTS_AT = (1 << 20) + 128;
/** Up to eight byte planes, or the bit mask in the place of the first … */
export const PLANE_BYTES = 1 << 16;
export const MASK_AT = PARTS_AT;
/** … and the kept weights behind it. */
export const KEPT_AT = PARTS_AT + PLANE_BYTES;
export const WORK_BYTES = PARTS_AT + 8 * PLANE_BYTES + 128;

/**
 * The inner loops of the decoder. There are two implementations, which agree in every byte and in what they refuse:
 * WebAssembly, and a TypeScript reference for where that is forbidden.
 *
 * One instance serves all tensors: nothing in it outlasts a synchronous decoding of one section. Callers check lengths,
 * counts and codes; kernels check what only decoding shows, and never touch anything outside of `work`.
 */
export interface Kernels {
  /** Results and their parts, `WORK_BYTES` long, see the offsets above. */
  readonly work: Uint8Array;

  /** XXH32's inner loop. */
  readonly stripes: Stripes;

  /**
   * Prepares `slot`, one of eight, for runs of the complete code of these lengths; for values of four bytes it is
   * slot 0.
   *
   * @param width - bytes a decoded symbol takes
   * @param values - what the symbols stand for; themselves, if there are none
   * @param count - how many symbols there are to decode, about: for few a large table does not pay
   */
  setCode(slot: number, lengths: Uint8Array, width: number, values?: Uint32Array, count?: number): void;

  /**
   * Prepares slot 0 for runs in which the code of a symbol is that of the class of the symbol `distance` before it, or of
   * the first class where its stream has none there.
   *
   * @param codes - lengths of the complete code of each class, one to eight
   * @param classes - the class of each symbol
   * @param distance - 1 to 2^14, which is as many symbols as a stream has
   * @param width - bytes a decoded symbol takes
   * @param values - what the symbols stand for
   */
  setContexts(
    codes: readonly Uint8Array[],
    classes: Uint8Array,
    distance: number,
    width: number,
    values: Uint32Array,
  ): void;

  /**
   * Decodes a run of `count` symbols of slot's code to `at` of the work area. The streams lie one behind the other in
   * `bytes`: one stream, or four whose first three have `each` symbols.
   *
   * @param ends - where in `bytes` each stream ends
   * @returns whether every stream's codes end where the stream ends, with zero bits after the last code
   */
  run(slot: number, bytes: Uint8Array, ends: readonly number[], each: number, count: number, at: number): boolean;

  /** Prepares for pairs: the code of the gaps, the last of which is the filler, and the code of the weights. */
  setPairCodes(gaps: Uint8Array, weights: Uint8Array, width: number, values: Uint32Array): void;

  /**
   * Decodes a chunk of `limit` weights from gap and value pairs to `CHUNK_AT`. Streams as in {@link run}.
   *
   * @param starts - at which weight each stream starts: none beyond `limit`
   * @returns the position after the last weight or filler, or −1 when the streams are damaged: a weight beyond the
   *   limit, a stream that does not begin where the one before it stopped, codes that do not end where their stream ends
   */
  pairs(
    bytes: Uint8Array,
    ends: readonly number[],
    starts: readonly number[],
    each: number,
    count: number,
    limit: number,
  ): number;

  /** How many weights the first `bytes` bytes of the mask keep. */
  countKept(bytes: number): number;

  /** Spreads the kept weights over the chunk's `count` weights as the mask says; all others are zero. */
  expand(count: number, width: number): void;

  /**
   * Multiplies the `count` weights of the chunk, which are float32, by the steps of their lines. Lines of `inner` weights
   * take turns, and begin again behind the last.
   *
   * @param steps - one a line
   * @param start - how many weights of the tensor came before
   */
  scale(steps: Float32Array, inner: number, start: number, count: number): void;

  /** Puts `count` units of the chunk together from its byte planes. */
  interleave(count: number, width: number): void;

  /**
   * Looks up `count` raw indices of `bits` bits and writes their values to the chunk.
   *
   * @returns the largest index; if it is beyond the codebook the chunk is of no use
   */
  unpack(bytes: Uint8Array, bits: number, count: number, width: number, values: Uint32Array): number;
}
