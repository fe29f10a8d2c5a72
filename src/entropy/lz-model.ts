/**
 * What a squeezed stream's decisions depend on: a probability each, at these places of one array. The model is that of
 * LZMA (Igor Pavlov, 2001) without its contexts by place and by the byte before, which buy nothing here.
 */

/** By the kinds of the last decisions, twelve states: is it a match, at one of the last four distances, at which of them. */
export const IS_MATCH = 0;
export const IS_REPEAT = 12;
export const IS_OTHER = 24;
export const IS_OLDER = 36;
export const IS_OLDEST = 48;
/** Is a match at the last distance longer than a byte. */
export const IS_LONG = 60;
/** Trees of 64 slots of distances, for lengths of 2, 3, 4 and more. */
export const SLOTS = 72;
/** What the slots from 4 to 13 leave open, bit by bit from the lowest, and the lowest four bits of those above. */
export const NEAR = 328;
export const ALIGN = 456;
/** Lengths of matches at new distances and at earlier ones: two decisions, trees of 8, 8 and 256. */
export const LENGTH = 472;
export const REPEAT_LENGTH = 746;
/** Trees of bytes: after a byte; after a match, by the bit that the byte at the last distance has there. */
export const BYTES = 1020;
export const DECISIONS = 1788;

/** Probabilities that a decision is 0, of 2^11; each time they move by a 2^5th of what is missing. */
export const EVEN = 1024;
export const SCALE_BITS = 11;
export const MOVE = 5;

/** A range of fewer than so many is made 256 times as wide: numbers stay below 2^30, small integers everywhere. */
export const LEAST_RANGE = 1 << 22;
export const FIRST_RANGE = (1 << 24) - 1;

export const MIN_MATCH = 2;
export const MAX_MATCH = 273;

/** The state after a byte; below 7 are those after a byte. */
export const afterByte = (state: number) => (state < 4 ? 0 : state - (state < 10 ? 3 : 6));
/** The state after a match at a new distance (0), at an earlier one (1), and of one byte (2). */
export const afterMatch = (state: number, kind: 0 | 1 | 2) => (state < 7 ? [7, 8, 9][kind] : kind === 0 ? 10 : 11);

/** Zeros at the end of a stream need not stand there, up to so many. */
export const SPARED = 3;
