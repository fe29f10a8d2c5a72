import type { Forecast } from '../../kernels.js';
import { LONG_WORDS, MAX_HASH_BITS } from './limits.js';

/** Words that a match is looked for by: many, which finds the long ones, and if there is none, one. */
const BEGINNINGS = [LONG_WORDS, 1];

export function forecast(bytes: Uint8Array, step: number, planes: number): Forecast {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const shift = hashShift(length);
  const tables = BEGINNINGS.map(() => new Int32Array(2 ** (32 - shift)));
  const literals = new Uint32Array(256 * planes);
  const plane = length / planes;
  let [matches, repeats, back] = [0, 0, 0];
  for (let at = 0; at < length; ) {
    let same = 0;
    if (at % step === 0) {
      for (const [t, words] of BEGINNINGS.entries()) {
        if (at + 4 * words > length) continue;
        let hash = 0;
        for (let i = at; i < at + 4 * words; i += 4)
          hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1) ^ (hash >>> 15);
        hash = Math.imul(hash, 0x9e3779b1) >>> shift;
        const place = tables[t][hash] - 1;
        tables[t][hash] = at + 1;
        if (place < 0 || same > 0) continue;
        while (at + same < length && bytes[place + same] === bytes[at + same]) same++;
        if (same < 4) same = 0;
        else {
          if (at - place === back) repeats++;
          else matches++;
          back = at - place;
        }
      }
    }
    if (same === 0) literals[256 * Math.floor(at / plane) + bytes[at]]++;
    at += Math.max(1, same);
  }
  return { matches, repeats, literals };
}

/** Bits of a hash that are left out, so that a table of last places has about as many as there are bytes. */
export function hashShift(bytes: number): number {
  return Math.max(32 - MAX_HASH_BITS, Math.clz32(bytes));
}
