import { BitReader } from '../../binary/bits.js';
import type { TensorEntry } from '../header.js';
import { malformed } from './errors.js';

/** A position in a tensor's section. Nothing is read beyond the section: what is not there is an error that says where. */
export class SectionCursor {
  at = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly tensor: TensorEntry,
  ) {}

  /** The next `count` bytes, as a view. */
  take(count: number, what: string): Uint8Array {
    if (count > this.bytes.length - this.at) {
      throw this.error(`expected ${count} bytes of ${what}, ${this.bytes.length - this.at} are left in its section`);
    }
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte(what: string): number {
    return this.take(1, what)[0];
  }

  /** A base-128 varint of at most five bytes, in the shortest form. */
  varint(what: string): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.error(`${what}: a varint of more than five bytes`);
  }

  /** Lets `read` take bits from here on; goes on with the byte after the last of them. */
  bits(what: string, read: (bits: BitReader) => void): void {
    const bits = this.open();
    read(bits);
    this.close(bits, what);
  }

  /** Bits from here on, for what is not read in one go: then {@link close} goes on behind them. */
  open(): BitReader {
    return new BitReader(this.bytes.subarray(this.at));
  }

  /** Goes on with the byte after the last of the bits that were read. */
  close(bits: BitReader, what: string): void {
    this.take(bits.end, what);
  }

  /** Everything must have been read: bytes left over mean that something else was written than was read. */
  finish(): void {
    if (this.at !== this.bytes.length)
      throw this.error(`${this.bytes.length - this.at} bytes of its section are left over`);
  }

  error(problem: string): Error {
    return malformed(problem, this.tensor.section.offset + this.at, this.tensor.name);
  }
}
