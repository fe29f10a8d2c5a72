/**
 * The memory of the encoding kernels as a map that their TypeScript and AssemblyScript sides share: addresses and sizes in
 * bytes, and nothing but integers, which both languages read alike.
 *
 * From `TABLE` to `INPUT` lie the tables of the kernel that is running. Each kernel fills the ones that it needs before
 * it starts, so they may overlap: the buckets of `assign` lie where another kernel has `SECOND` and `COUNTS`.
 */

/** The first table: counters, a code, or for every 16 upper bits of a weight where its limits begin (65,537 of them). */
export const TABLE = 64;
/** Distance from `TABLE` to a second table: the code of the weights, with that of the gaps in the first, or the values found. */
export const SECOND = 8192;
/** Counters of the values found, as two copies of `BANK_BYTES` that are used in turns, so that equal neighbours do not wait for each other. */
export const COUNTS = 40960;
export const BANK_BYTES = 8192;
/** The limits between neighbouring centroids, behind the buckets of `TABLE`; then the centroids themselves. */
export const LIMITS = 262400;
export const CENTROIDS = 524800;
/** The part of an array that a kernel works on: up to 256 Ki symbols of two bytes, or 128 Ki numbers of four. */
export const INPUT = 1114112;
/** What the kernel makes of the part. A code has at most 28 bits for a symbol of two bytes. */
export const OUTPUT = 1638528;
/** Arrays that are needed as a whole, to sort or to cluster them. The memory grows to hold them. */
export const HEAP = 2621568;
