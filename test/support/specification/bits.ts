import { equal } from './equal.js';

/** Codes by their bits, as text. */
export type Code = Map<string, number>;

/** §5, and the runs of §4. */
export class Bits {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  bit(): number {
    if (this.at >= 8 * this.bytes.length) throw new Error('beyond the end');
    const bit = (this.bytes[this.at >> 3] >> (this.at & 7)) & 1;
    this.at++;
    return bit;
  }

  number(width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += this.bit() * 2 ** i;
    return value;
  }

  align(): void {
    while (this.at % 8) equal(this.bit(), 0);
  }

  end(): void {
    equal(this.at, 8 * this.bytes.length);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.number(8);
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  golomb(order: number): number {
    let zeros = 0;
    while (this.bit() === 0) zeros++;
    const b = zeros + order;
    return 2 ** b + this.number(b) - 2 ** order;
  }

  code(symbols: number): Code {
    let length = Math.ceil(Math.log2(Math.max(1, symbols)));
    const lengths = Array.from({ length: symbols }, () => {
      const number = this.golomb(0);
      length += number % 2 ? (number + 1) / 2 : -number / 2;
      return length;
    });
    this.align();
    const code: Code = new Map();
    let next = 0;
    for (let bits = 1; bits <= 15; bits++, next *= 2) {
      for (const [symbol, of] of lengths.entries())
        if (of === bits) code.set((next++).toString(2).padStart(bits, '0'), symbol);
    }
    // A single symbol's bit may be either.
    if (code.size === 1) for (const symbol of [...code.values()]) code.set('1', symbol);
    return code;
  }

  symbol(code: Code): number {
    for (let text = ''; text.length < 15; ) {
      text += this.bit();
      const symbol = code.get(text);
      if (symbol !== undefined) return symbol;
    }
    throw new Error('no code');
  }

  streams(count: number, isLast: boolean): Bits[] {
    const lengths = Array.from({ length: isLast ? count - 1 : count }, () => this.varint());
    const start = this.at / 8;
    if (isLast) lengths.push(this.bytes.length - start - lengths.reduce((a, b) => a + b, 0));
    return lengths.map((length) => {
      this.at += 8 * length;
      return new Bits(this.bytes.subarray(this.at / 8 - length, this.at / 8));
    });
  }

  run(code: Code, count: number, isLast: boolean): number[] {
    const parts = segmentsOf(count, 8192);
    return this.streams(parts.length, isLast).flatMap((stream, i) => {
      const symbols = Array.from({ length: parts[i] }, () => stream.symbol(code));
      stream.align();
      stream.end();
      return symbols;
    });
  }
}

/** The symbols of each stream of a run. */
export function segmentsOf(count: number, fourFrom: number): number[] {
  const e = Math.ceil(count / 4);
  return count < fourFrom ? [count] : [e, e, e, count - 3 * e];
}
