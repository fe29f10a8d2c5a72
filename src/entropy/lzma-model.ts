/**
 * What the decisions of a squeezed stream depend on: each has a probability at one of these places of one array. This is
 * the model of LZMA (Igor Pavlov, 2001), with the names that xz's source has for its parts, and without contexts by
 * position (`lp` and `pb` are 0), which save nothing on heads of models. Those by the previous byte save a hundredth where there are
 * many weights in int8, and cost as much elsewhere: the first decision says whether there are any (`lc` is 3 or 0).
 *
 * A stream is a sequence of literals (single bytes) and matches (copies of earlier bytes). A match repeats one of the
 * last four distances, `rep0` (the last one) to `rep3`, or brings a new one.
 */

/** Decided in each of the 12 states, that is, by the kinds of the last few steps. Is it a match, and no literal? */
export const IS_MATCH = 0;
/** Is the match at one of the last four distances? */
export const IS_REP = 12;
/** Is it at another one than `rep0`? */
export const IS_REP0 = 24;
/** Is it at another one than `rep1`? */
export const IS_REP1 = 36;
/** Is it at `rep3`, and not at `rep2`? */
export const IS_REP2 = 48;
/** Is the match at `rep0` longer than one byte? Else it is a "short rep". */
export const IS_REP0_LONG = 60;
/** Trees of the 64 distance slots, one each for matches of 2, 3, 4 and more bytes. */
export const DIST_SLOT = 72;
/** Reversed trees of the lower bits of distances in the slots 4 to 13. */
export const DIST_SPECIAL = 328;
/** Reversed tree of the lowest four bits of distances in the slots from 14 on. */
export const DIST_ALIGN = 456;
/** Lengths of matches at new distances: two decisions, then trees of 8, 8 and 256 lengths. */
export const MATCH_LEN = 472;
/** The same for matches at one of the last four distances. */
export const REP_LEN = 746;
/** Trees of literals: one for those after a literal; two for those after a match, by the bit that the byte at `rep0` has. */
export const LITERAL = 1020;
/** Such trees follow one another for each value of the upper bits of the byte before, where literals are coded by it. */
export const LITERAL_TREES = 768;
export const BEFORE_BITS = 3;
/** How many probabilities there are. */
export const PROBS = 7164;

/** A probability is that of a 0, in 2^11ths. It starts at one half and moves by a 2^5th of what is missing each time. */
export const PROB_INIT = 1024;
export const PROB_BITS = 11;
export const MOVE_BITS = 5;

/**
 * A range that falls below this is made 256 times as large. LZMA has 2^24 here, and 2^32 − 1 for the first range; with these
 * values all numbers stay below 2^30, which JavaScript engines hold as small integers.
 */
export const TOP_VALUE = 1 << 22;
export const RANGE_INIT = (1 << 24) - 1;

export const MIN_MATCH = 2;
export const MAX_MATCH = 273;

/** The next state. The states below 7 are those after a literal. */
export function stateAfterLiteral(state: number): number {
  return state < 4 ? 0 : state - (state < 10 ? 3 : 6);
}
export function stateAfterMatch(state: number): number {
  return state < 7 ? 7 : 10;
}
export function stateAfterRep(state: number): number {
  return state < 7 ? 8 : 11;
}
export function stateAfterShortRep(state: number): number {
  return state < 7 ? 9 : 11;
}

/** Up to so many zeros at the end of a stream are left out. */
export const SPARED = 3;
