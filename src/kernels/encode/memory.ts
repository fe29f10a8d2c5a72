/** What TypeScript and AssemblyScript share of the encoding kernels' memory, in bytes; nothing but integers. */

/** Tables: counters, limits, codes. Each kernel has its own use of them. */
export const TABLE = 64;
/** The second code of pairs, the ranks of found values, the first of the second digit's counters … */
export const SECOND = 8192;
/** … the counters of found values, in two banks … */
export const COUNTS = 40960;
export const BANK_BYTES = 8192;
/** … and the limits between centroids, behind 65,537 starts of buckets; behind them the centroids themselves. */
export const LIMITS = 262400;
export const CENTROIDS = 524800;
/** Whatever passes through in parts: 256 Ki symbols of two bytes, or 128 Ki numbers of four. */
export const INPUT = 1114112;
/** What becomes of a part: up to 28 bits a symbol of two bytes. */
export const OUTPUT = 1638528;
/** From here on: whole arrays, for which the memory grows. */
export const HEAP = 2621568;
