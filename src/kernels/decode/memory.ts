/**
 * Where things lie in the memory of the WebAssembly kernels, in bytes. Shared by TypeScript and AssemblyScript, so
 * nothing but integers. The memory never grows: a chunk is decoded at a time, whatever the size of its tensor.
 */

/** The four lanes of XXH32. */
export const LANES = 64;
/** The code lengths that a table is built from, a byte a symbol. */
export const LENGTHS = 1024;
/** Code tables: nine slots, the last for the code of the gaps. */
export const SLOTS = 4096;
export const SLOT_BYTES = 81920;
export const GAP_SLOT = 8;
/** In a slot: 4 Ki entries of two bytes, what up to 1024 symbols stand for, the bits of 4 Ki rows, rows of up to sixteen bytes. */
export const VALUES = 8192;
export const TAKEN = 12288;
export const ROWS = 16384;
/** Codes by what came before: 2 Ki entries of four bytes for each of eight classes, in the place of the second slot. */
export const CONTEXTS = 86016;
export const CONTEXT_BITS = 11;
/**
 * What each of four streams has decoded, two bytes a value, behind as many zeros as it has values; in the place of byte planes.
 * The streams' are a little apart, or all would share few of a cache's lines.
 */
export const HISTORY = 1790080;
export const HISTORY_ZEROS = 32768;
export const HISTORY_BYTES = 66624;
/** The work area, see `WORK_BYTES` of the interface. Its parts may be written a little beyond their ends. */
export const WORK = 741376;
/**
 * Compressed streams: as much as the largest chunk takes, and behind it what damaged streams are read beyond. Afterwards the
 * steps of a chunk's lines, up to one a weight and one more.
 */
export const INPUT = 2314496;
export const INPUT_BYTES = 917504;
/** Look-ups of four streams whose rows are yet to be fetched, two bytes each: as many as a stream has weights. */
export const LOOKUPS = 3538944;
export const LOOKUPS_BYTES = 32768;
/** 64 KiB pages in all; scripts/build-kernels.js reads it off this text. @public */
export const PAGES = 56;
