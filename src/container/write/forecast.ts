import { encodeKernels } from '../../kernels/encode/index.js';
import { asUnits } from './symbols.js';

/** Bits of a match, and of one at the last distance. */
const MATCH_BITS = 22;
const REPEAT_BITS = 10;

/** How little is known of bytes that have not been seen yet. */
const UNSEEN = 0.25;

/** What it costs that the coder has to learn each plane's probabilities anew, and to forget them. */
const MANY_KINDS = 1.02;

/** Bits of so many decisions, each as likely as it was so far: of a byte's own and of those of all. */
const BITS_OF_COUNTS = [0];
const BITS_OF_TOTALS = [0];

/**
 * About how many bytes the head's coder makes of these: matches with the last place that began the same, and all other
 * bytes as likely as they were so far.
 *
 * @param bytes - a small payload
 * @param step - bytes between the places at which matches begin
 * @param planes - parts of equal length, each with bytes of its own kind
 */
export function estimate(bytes: Uint8Array, step: number, planes: number): number {
  const { matches, repeats, literals } = encodeKernels().forecast(bytes, step, planes);
  let bits = MATCH_BITS * matches + REPEAT_BITS * repeats;
  for (let plane = 0; plane < planes; plane++) {
    let total = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = literals[256 * plane + byte];
      total += count;
      bits -= sumOfLogs(BITS_OF_COUNTS, UNSEEN, count);
    }
    bits += sumOfLogs(BITS_OF_TOTALS, 256 * UNSEEN, total);
  }
  return Math.ceil((bits / 8) * (planes > 1 ? MANY_KINDS : 1));
}

/** The logarithms of the first `count` numbers from `first` on, one apart. */
function sumOfLogs(sums: number[], first: number, count: number): number {
  for (let n = sums.length; n <= count; n++) sums.push(sums[n - 1] + Math.log2(first + n - 1));
  return sums[count];
}

/** Four bytes without the highest bit of each unit. */
const SIGNLESS: Record<number, number> = { 1: 0x7f7f7f7f, 2: 0x7fff7fff, 4: 0x7fffffff };

/** A table of words that stood last with each hash. */
const HASH_BITS = 16;

/**
 * The share of words of four bytes that stand before, at the last place with the same hash, whatever the signs of the
 * units are.
 */
export function repeated(payload: Uint8Array, width: number): number {
  const words = asUnits(payload.subarray(0, payload.length & ~3), 4);
  const mask = SIGNLESS[Math.min(width, 4)];
  // No word without signs is −1.
  const last = new Int32Array(1 << HASH_BITS).fill(-1);
  let found = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] & mask;
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    if (last[slot] === word) found++;
    last[slot] = word;
  }
  return found / words.length;
}

/** Weights of a stretch that is looked for a second time. */
const STRETCH = 8;

/**
 * Whether most stretches of {@link STRETCH} weights stand before, as in Fourier bases: weights that only share few values
 * are well coded one by one, and a look at each of their layers would take longer than all other coding.
 */
export function hasLongRepeats(payload: Uint8Array, width: number): boolean {
  if (width !== 4) return false;
  const words = asUnits(payload.subarray(0, payload.length & ~3), 4);
  const last = new Int32Array(1 << HASH_BITS);
  let [found, looked] = [0, 0];
  for (let at = 0; at + STRETCH <= words.length; at++) {
    let hash = 1;
    let zeros = 0;
    for (let i = 0; i < STRETCH; i++) {
      const word = words[at + i] & SIGNLESS[4];
      hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
      if (word === 0) zeros++;
    }
    // Stretches of a pruned layer are alike because there is little in them.
    if (zeros > STRETCH / 2) continue;
    const slot = Math.imul(hash, 0x9e3779b1) >>> (32 - HASH_BITS);
    if (last[slot] === hash) found++;
    last[slot] = hash;
    looked++;
  }
  return found > looked / 2;
}
