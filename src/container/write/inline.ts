import { toPlanes } from '../../binary/planes.js';
import { squeeze } from '../../kernels/encode/index.js';
import { asUnits } from './symbols.js';

/** Payloads up to this size may stay in the skeleton, if less is made of them there than by any layout. */
const MAX_INLINE = 1 << 20;

/** What a payload larger than {@link SMALL} has to save to stay in the skeleton. */
const LARGE_WORTHWHILE = 0.9;

/** Larger payloads than this are looked at more closely, if they repeat themselves. */
const SMALL = 1 << 15;

/** Of which layouts make less than this share of a large payload are good enough for it. */
const INCOMPRESSIBLE = 0.5;

/** The share of a large payload that has to stand in it a second time. */
const REPEATED = 0.2;

/** Bytes up to which a payload of single bytes is squeezed to see what it takes. */
const SHORT = 1 << 17;

/** Of a word that stands before the head's coder makes about so much, of any other about all. */
const SHARE_OF_REPEATED = 0.45;

/** Bytes of a large payload by which its form is chosen. */
const SAMPLE_BYTES = 1 << 14;

/** Bytes from which the difference between what the head's coder is thought to take and what it takes tells, and its share at most. */
const MIN_SQUEEZED = 1 << 11;
const CLOSE = 0.05;

/** Bytes that it takes less where others of the kind stand before it. */
const LEARNT = 32;

/** A payload as it would stand in the skeleton. */
export interface InlineForm {
  readonly isPlanar: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The form in which a payload stays in the skeleton, if it takes at most `limit` bytes there. Small tables do, and
 * large ones that repeat in ways that a code of single weights cannot see, such as Fourier bases.
 */
export function inlineForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  if (payload.length > MAX_INLINE) return undefined;
  return payload.length > SMALL ? largeForm(payload, width, limit) : smallForm(payload, width, limit);
}

function smallForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  const about = estimate(payload, width, 1);
  // Of bytes a code of single ones makes about as much: then it is worth knowing what the coder does make.
  const isClose = width === 1 && payload.length >= MIN_SQUEEZED && Math.abs(about - limit) < CLOSE * limit;
  const plain = isClose ? squeeze(payload).length - LEARNT : about;
  if (width > 1) {
    const bytes = toPlanes(payload, width);
    const planar = estimate(bytes, 1, width);
    if (planar < plain) return planar <= limit ? { isPlanar: true, bytes } : undefined;
  }
  return plain <= limit ? { isPlanar: false, bytes: payload } : undefined;
}

/** Whether a payload is one of those that the head's coder may make least of, so that any change to its values costs bytes. */
export function repeatsItself(payload: Uint8Array, width: number): boolean {
  return payload.length <= MAX_INLINE && payload.length > SMALL && repeated(payload, width) >= REPEATED;
}

/** The skeleton has to be there before the first weight: what is large must be worth the wait, and is not looked at in vain. */
function largeForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  if (limit < payload.length * INCOMPRESSIBLE && !hasLongRepeats(payload, width)) return undefined;
  const share = repeated(payload, width);
  // Bytes repeat themselves in less than words, and a short look does not see it.
  if (share < REPEATED && (width > 1 || payload.length > SHORT)) return undefined;
  const start = ((payload.length - SAMPLE_BYTES) >> 1) & ~7;
  const sample = payload.subarray(start, start + SAMPLE_BYTES);
  const isPlanar = width > 1 && squeeze(toPlanes(sample, width)).length < squeeze(sample).length;
  const bytes = isPlanar ? toPlanes(payload, width) : payload;
  const most = LARGE_WORTHWHILE * limit;
  const about = payload.length * (1 - share * (1 - SHARE_OF_REPEATED));
  return about <= most || squeeze(bytes).length <= most ? { isPlanar, bytes } : undefined;
}

/**
 * The share of words of four bytes that stand before, at the last place with the same hash, whatever the signs of the
 * units are.
 */
function repeated(payload: Uint8Array, width: number): number {
  const words = asUnits(payload.subarray(0, payload.length & ~3), 4);
  const mask = SIGNLESS[Math.min(width, 4)];
  const places = new Int32Array(1 << HASH_BITS);
  let found = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] & mask;
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const place = places[hash];
    if (place > 0 && (words[place - 1] & mask) === word) found++;
    places[hash] = at + 1;
  }
  return found / words.length;
}

/**
 * Whether most stretches of {@link STRETCH} weights stand before, as in Fourier bases: weights that only share few values
 * are well coded one by one, and a look at each of their layers would take longer than all other coding.
 */
function hasLongRepeats(payload: Uint8Array, width: number): boolean {
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

/** Weights of a stretch that is looked for a second time. */
const STRETCH = 8;

/** Four bytes without the highest bit of each unit. */
const SIGNLESS: Record<number, number> = { 1: 0x7f7f7f7f, 2: 0x7fff7fff, 4: 0x7fffffff };

/** Bits of a match, and of one at the last distance. */
const MATCH_BITS = 22;
const REPEAT_BITS = 10;

/** How little is known of bytes that have not been seen yet. */
const UNSEEN = 0.25;
const LOGS_OF_COUNTS = Float64Array.from({ length: SMALL + 1 }, (_, n) => Math.log2(n + UNSEEN));
const LOGS_OF_TOTALS = Float64Array.from({ length: SMALL + 1 }, (_, n) => Math.log2(n + 256 * UNSEEN));

/** What it costs that the coder has to learn each plane's probabilities anew, and to forget them. */
const MANY_KINDS = 1.02;

/** A table of last places has about as many as there are bytes, up to 2^16. */
const HASH_BITS = 16;

/** Bytes of the same kind that a match is looked for by: many, which finds the long ones, and if there is none, few. */
const BEGINNINGS = [16, 4];

/**
 * About how many bytes the head's coder makes of these: matches with the last place that began the same, and all other
 * bytes as likely as they were so far.
 *
 * @param bytes - at most {@link SMALL} of them
 * @param step - bytes between the places at which matches begin
 * @param planes - parts of equal length, each with bytes of its own kind
 */
function estimate(bytes: Uint8Array, step: number, planes: number): number {
  const { length } = bytes;
  const shift = Math.max(32 - HASH_BITS, Math.clz32(length));
  const tables = BEGINNINGS.map(() => new Int32Array(2 ** (32 - shift)));
  const counts = new Uint16Array(256);
  const plane = length / planes;
  let total = 0;
  let bits = 0;
  let back = 0;
  let end = 0;
  for (let at = 0; at < length; ) {
    if (at >= end) {
      end += plane;
      counts.fill(0);
      total = 0;
    }
    let same = 0;
    if (at % step === 0) {
      for (let t = 0; t < BEGINNINGS.length; t++) {
        const beginning = BEGINNINGS[t];
        if (at + beginning > length) continue;
        let hash = 0;
        for (let i = at; i < at + beginning; i++) hash = Math.imul(hash ^ bytes[i], 0x9e3779b1) ^ (hash >>> 15);
        hash = Math.imul(hash, 0x9e3779b1) >>> shift;
        const place = tables[t][hash] - 1;
        tables[t][hash] = at + 1;
        if (place < 0 || same > 0) continue;
        while (at + same < length && bytes[place + same] === bytes[at + same]) same++;
        if (same < BEGINNINGS[1]) same = 0;
        else {
          bits += at - place === back ? REPEAT_BITS : MATCH_BITS;
          back = at - place;
        }
      }
    }
    if (same > 0) {
      at += same;
      continue;
    }
    bits += LOGS_OF_TOTALS[total++] - LOGS_OF_COUNTS[counts[bytes[at]]++];
    at++;
  }
  return Math.ceil((bits / 8) * (planes > 1 ? MANY_KINDS : 1));
}
