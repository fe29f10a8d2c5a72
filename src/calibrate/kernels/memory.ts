/** What TypeScript and AssemblyScript share of the kernels' memory; nothing but integers. */

/** Rows or columns that are worked on together. The bits of a result do not depend on it. */
export const BLOCK = 64;
/** Rows of a product's right side that are summed up in one go. */
export const DEPTH = 128;
/** A table of levels, in bytes: by how much an index grows with a value, then the levels, then what each costs. */
export const LEVELS = 64;
/** At most `(BITS - LEVELS) / 8` levels: as many as a symbol of two bytes can tell apart. */
export const BITS = 524352;
export const TABLE_BYTES = 1048640;
