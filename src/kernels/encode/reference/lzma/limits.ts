/** What bounds the search for the cheapest sequence. TypeScript and AssemblyScript share these, so nothing but integers. */

/** Buckets of the last places of every hash of four bytes, each with so many places; of every hash of three and of two bytes the last place. */
export const BUCKET_BITS = 15;
export const BUCKET_PLACES = 4;
export const TRIPLE_BITS = 11;
export const PAIR_BITS = 10;

/** Matches of two and of three bytes cost more than literals if they are further back than this. */
export const NEAR_PAIR = 2048;
export const NEAR_TRIPLE = 32768;

/** A match of this length is taken without looking for anything longer or cheaper (`nice_len` of LZMA). */
export const NICE_LEN = 64;

/** The same for a match at one of the last four distances, in inputs larger than this: it is cheap, and the time tells there. */
export const NICE_REP = 6;
export const SMALL_INPUT = 32768;

/**
 * The encoder looks for the cheapest sequence of steps through this many bytes at a time, at the prices that hold at their
 * beginning.
 */
export const WINDOW = 4096;

/**
 * A step of the sequence as a number: one of these, {@link STEP_REP} to `STEP_REP + 3` for a match at `rep0` to `rep3`, or
 * from 0 on the distance, less one, of a match at a new distance.
 */
export const STEP_LITERAL = -6;
export const STEP_SHORT_REP = -5;
export const STEP_REP = -4;

/** The highest price. */
export const NO_WAY = 0x7fffffff;

/** A forecast finds the last place that began with the same long stretch, of so many words of four bytes, by tables of at most 2^bits places. */
export const LONG_WORDS = 4;
export const MAX_HASH_BITS = 16;
