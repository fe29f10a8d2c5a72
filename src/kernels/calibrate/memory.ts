/** What TypeScript and AssemblyScript share of the kernels' memory; nothing but integers. */

/** Rows or columns that are worked on together. The bits of a result do not depend on it. */
export const BLOCK = 64;
/** Rows of a product's right side that are summed up in one go. */
export const DEPTH = 128;
/** A table of levels, in bytes: by how much an index grows with a value, then the levels, then what each costs. */
export const LEVELS = 64;
/** At most `(BITS - LEVELS) / 8` levels: more than the 32768 that a symbol can tell apart. */
export const BITS = 524352;
export const TABLE_BYTES = 1048640;

/** In a symbol, of two bytes: this weight has its level already and keeps it. */
export const FIXED = 0x8000;
