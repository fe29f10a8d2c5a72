import { BitReader } from '../../binary/bits.js';
import { indexBits } from '../constants.js';
import type { Lines } from '../header.js';
import type { SectionCursor } from './cursor.js';

/** From this many bytes on, copying them at once is faster than weight by weight. */
const AT_ONCE = 64;

/** Reads which class each of `count` lines or values has, and how many there are of each. */
export function readClasses(
  cursor: SectionCursor,
  classes: number,
  count: number,
): { classOf: Uint8Array; sizes: Uint32Array } {
  const width = indexBits(classes);
  const bits = new BitReader(cursor.take(Math.ceil((count * width) / 8), 'classes'));
  const classOf = new Uint8Array(count);
  const sizes = new Uint32Array(1 << width);
  for (let i = 0; i < count; i++) {
    const of = bits.take(width);
    classOf[i] = of;
    sizes[of]++;
  }
  if (sizes.some((size, of) => size > 0 !== of < classes))
    throw cursor.error(`a class that is none of ${classes}, or that nothing has`);
  return { classOf, sizes };
}

/** Reads which class each line has; gives the lines of each class, in order. */
export function readLines(cursor: SectionCursor): Uint32Array[] {
  const { classes, count } = cursor.tensor.lines;
  const { classOf, sizes } = readClasses(cursor, classes, count);
  const members = Array.from({ length: classes }, (_, of) => new Uint32Array(sizes[of]));
  sizes.fill(0);
  for (let line = 0; line < count; line++) {
    const of = classOf[line];
    members[of][sizes[of]++] = line;
  }
  return members;
}

/**
 * Puts decoded weights of a class where its lines are.
 *
 * @param lines - those of the class
 * @param start - how many weights of the class came before
 * @param weights - the bytes of the next ones
 * @param width - bytes of a weight
 */
export function putLines(
  out: Uint8Array,
  { count, inner }: Lines,
  lines: Uint32Array,
  start: number,
  weights: Uint8Array,
  width: number,
): void {
  const each = inner * width;
  const stride = count * each;
  const length = out.length / count;
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const words = new Uint32Array(weights.buffer, weights.byteOffset, weights.length >> 2);
  let line = Math.floor((start * width) / length);
  let skip = start * width - line * length;
  for (let from = 0; from < weights.length; line++, skip = 0) {
    const stop = Math.min(weights.length, from + length - skip);
    const piece = Math.floor(skip / each);
    skip -= piece * each;
    let place = piece * stride + lines[line] * each;
    // The shortest pieces there are, which are the most.
    if (each === 4) {
      for (; from < stop; from += 4, place += stride) view.setUint32(place, words[from >> 2], true);
      continue;
    }
    for (; from < stop; place += stride, skip = 0) {
      const end = Math.min(stop, from + each - skip);
      let to = place + skip;
      if (end - from >= AT_ONCE) out.set(weights.subarray(from, end), to);
      else if (width === 4) for (let at = from; at < end; at += 4, to += 4) view.setUint32(to, words[at >> 2], true);
      else for (let at = from; at < end; at++) out[to++] = weights[at];
      from = end;
    }
  }
}
