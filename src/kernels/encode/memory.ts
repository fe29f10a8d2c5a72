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

// What squeezing has from `TABLE` on; its input stands at `HEAP`.

/** Price of a decision by its probability, then of lengths at new distances and at earlier ones, and of the three parts of a distance. */
export const PRICES = 64;
export const MATCH_LEN_PRICES = 576;
export const REP_LEN_PRICES = 1728;
export const DIST_SLOT_PRICES = 2880;
export const DIST_SPECIAL_PRICES = 3904;
export const DIST_ALIGN_PRICES = 4416;
/** Prices of literals after a literal, by all nodes of their trees. */
export const LITERAL_PRICES = 4480;
/** The coder's probabilities. */
export const CODER_PROBS = 20864;
/** What the coder writes in a window, two bytes a digit: of nine decisions a byte each takes six bits at most. */
export const DIGITS = 35200;
/** For each place of a window the price of the way there, length and kind of its last step, the state after it, and the last four distances. */
export const COSTS = 100736;
export const STEP_LENGTHS = 117184;
export const STEPS = 133632;
export const STATES = 150080;
export const REPS = 166528;
/** The matches at a place, length and distance of each; then the places along the cheapest way. */
export const FOUND = 232192;
export const PATH = 232320;
/** How often each byte was a literal, by the upper bits of the byte before. */
export const LITERAL_COUNTS = 240640;
/** The last places of every hash of two, of three and of four bytes. */
export const PAIRS = 248832;
export const TRIPLES = 252928;
export const BUCKETS = 261120;

/** How often each byte is left over in a forecast, a plane of bytes after the other; the last places of two kinds of hashes stand at `TABLE`. */
export const FORECAST_COUNTS = 524416;
