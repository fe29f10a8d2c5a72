import { isCompleteCode } from './canonical.js';
import { decodingTable } from './table.js';

/** In which order the lengths of the code of code lengths stand. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * Raw deflate (RFC 1951), all of it at once. The platform's own decompressor runs on another thread, and starting that
 * takes longer than all that a head has to be inflated.
 *
 * @param size - the bytes that come out, exactly: that much memory is taken and no byte is written beyond it
 * @throws RangeError for bytes that are no deflate stream, or one of another length; for bytes behind its end
 */
export function inflate(deflated: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0;
  let to = 0;
  let buffer = 0;
  let held = 0;
  const fail = (isBad: boolean) => {
    if (isBad) throw new RangeError(`no deflate stream of ${size} bytes`);
  };
  /** Bytes beyond the end are zeros; that there are none is found when all is done. */
  const need = (count: number) => {
    for (; held < count; held += 8, from++) if (from < deflated.length) buffer |= deflated[from] << held;
  };
  const bits = (count: number) => {
    need(count);
    const value = buffer & ((1 << count) - 1);
    buffer >>>= count;
    held -= count;
    return value;
  };
  const reader = (lengths: Uint8Array) => {
    const { entries, bits: longest } = decodingTable(lengths);
    const mask = entries.length - 1;
    fail(!isCompleteCode(lengths, 15) && lengths.some(Boolean));
    // A single symbol has one code here and not two.
    if (entries[0] === entries[1] && longest === 1) entries[1] = 0;
    return () => {
      need(longest);
      const entry = entries[buffer & mask];
      fail(entry === 0);
      bits(entry & 15);
      return entry >>> 4;
    };
  };

  for (let isLast = 0; !isLast; ) {
    isLast = bits(1);
    const kind = bits(2);
    fail(kind === 3);
    if (kind === 0) {
      bits(held & 7);
      const length = bits(16);
      // What is held is whole bytes of these two numbers, so that nothing is left of it.
      fail((length ^ bits(16)) !== 0xffff || length > size - to || length > deflated.length - from);
      out.set(deflated.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    let lengths = new Uint8Array(320)
      .fill(8, 0, 144)
      .fill(9, 144, 256)
      .fill(7, 256, 280)
      .fill(8, 280, 288)
      .fill(5, 288);
    let literals = 288;
    if (kind === 2) {
      literals = 257 + bits(5);
      const distances = 1 + bits(5);
      fail(literals > 286 || distances > 30);
      const own = new Uint8Array(19);
      for (let i = 0, count = 4 + bits(4); i < count; i++) own[ORDER[i]] = bits(3);
      const next = reader(own);
      lengths = new Uint8Array(literals + distances);
      for (let i = 0; i < lengths.length; ) {
        const length = next();
        const times = length < 16 ? 1 : length < 18 ? 3 + bits(length === 16 ? 2 : 3) : 11 + bits(7);
        fail(times > lengths.length - i || (length === 16 && i === 0));
        lengths.fill(length < 16 ? length : length === 16 ? lengths[i - 1] : 0, i, i + times);
        i += times;
      }
      fail(lengths[256] === 0);
    }
    const literal = reader(lengths.subarray(0, literals));
    const distance = reader(lengths.subarray(literals));
    for (;;) {
      const symbol = literal();
      if (symbol === 256) break;
      fail(to === size);
      if (symbol < 256) {
        out[to++] = symbol;
        continue;
      }
      const l = symbol - 257;
      fail(l > 28);
      let length = l + 3;
      if (l === 28) length = 258;
      else if (l > 3) length = ((4 + (l & 3)) << ((l >> 2) - 1)) + 3 + bits((l >> 2) - 1);
      const d = distance();
      fail(d > 29);
      const back = d < 2 ? d + 1 : ((2 + (d & 1)) << ((d >> 1) - 1)) + 1 + bits((d >> 1) - 1);
      fail(back > to || length > size - to);
      for (const end = to + length; to < end; to++) out[to] = out[to - back];
    }
  }
  fail(to !== size || from - (held >> 3) !== deflated.length);
  return out;
}
