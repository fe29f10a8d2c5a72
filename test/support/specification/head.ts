import { equal } from './equal.js';

/** §6. Probabilities have names. */
export function expandHead(stream: Uint8Array, size: number): Uint8Array {
  const odds = new Map<string, number>();
  let from = 0;
  const next = () => stream[from++] ?? 0;
  let range = 2 ** 24 - 1;
  let code = next() * 65536 + next() * 256 + next();
  const narrow = (b: number) => {
    const bit = code < b ? 0 : 1;
    if (bit) {
      range -= b;
      code -= b;
    } else range = b;
    if (range < 2 ** 22) {
      range *= 256;
      code = code * 256 + next();
    }
    return bit;
  };
  const plain = () => narrow(Math.floor(range / 2));
  const decide = (name: string) => {
    const p = odds.get(name) ?? 1024;
    const bit = narrow(Math.floor(range / 2048) * p);
    odds.set(name, bit ? p - Math.floor(p / 32) : p + Math.floor((2048 - p) / 32));
    return bit;
  };
  const tree = (name: string, bits: number) => {
    let node = 1;
    for (let i = 0; i < bits; i++) node = 2 * node + decide(`${name} ${node}`);
    return node - 2 ** bits;
  };
  const reversed = (name: string, bits: number) => {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = decide(`${name} ${node}`);
      node = 2 * node + bit;
      value += bit * 2 ** i;
    }
    return value;
  };
  const lengthOf = (name: string) => {
    if (!decide(`${name} first`)) return 2 + tree(`${name} low`, 3);
    if (!decide(`${name} second`)) return 10 + tree(`${name} middle`, 3);
    return 18 + tree(`${name} high`, 8);
  };
  const distanceOf = (length: number) => {
    const t = tree(`slot ${Math.min(length, 5)}`, 6);
    if (t < 4) return t + 1;
    const m = Math.floor(t / 2) - 1;
    const a = (2 + (t % 2)) * 2 ** m;
    if (t < 14) return 1 + a + reversed(`near ${t}`, m);
    let open = 0;
    for (let i = 0; i < m - 4; i++) open = 2 * open + plain();
    return 1 + a + 16 * open + reversed('align', 4);
  };
  const out: number[] = [];
  const isByBefore = plain() === 1;
  let s = 0;
  const d = [1, 1, 1, 1];
  while (out.length < size) {
    let count = 1;
    if (!decide(`match ${s}`)) {
      const there = s >= 7 ? out[out.length - d[0]] : 0;
      let isSame = s >= 7;
      const set = isByBefore ? (out.at(-1) ?? 0) >> 5 : 0;
      let node = 1;
      for (let i = 7; i >= 0; i--) {
        const bitThere = (there >> i) & 1;
        const bit = decide(`byte ${set} ${isSame ? bitThere : ''} ${node}`);
        isSame &&= bit === bitThere;
        node = 2 * node + bit;
      }
      out.push(node - 256);
      s = s < 4 ? 0 : s < 10 ? s - 3 : s - 6;
      continue;
    }
    if (!decide(`repeat ${s}`)) {
      count = lengthOf('length');
      d.unshift(distanceOf(count));
      d.pop();
      s = s < 7 ? 7 : 10;
    } else if (!decide(`other ${s}`)) {
      const isLong = decide(`long ${s}`);
      if (isLong) count = lengthOf('repeat length');
      s = isLong ? (s < 7 ? 8 : 11) : s < 7 ? 9 : 11;
    } else {
      const which = decide(`older ${s}`) ? 2 + decide(`oldest ${s}`) : 1;
      d.unshift(...d.splice(which, 1));
      count = lengthOf('repeat length');
      s = s < 7 ? 8 : 11;
    }
    for (let i = 0; i < count; i++) out.push(out[out.length - d[0]]);
  }
  equal(out.length, size);
  return Uint8Array.from(out);
}
