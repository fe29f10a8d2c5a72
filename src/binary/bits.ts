/** Bits, least significant first: bit 0 of byte 0 is the first of the stream. */
export class BitWriter {
  #bytes = new Uint8Array(64);
  #length = 0;
  /** Bits not yet in a byte; fewer than 8 between calls. */
  #pending = 0;
  #count = 0;

  /** Appends the low `width` bits of `value`, at most 24 at a time. */
  write(value: number, width: number): void {
    this.#pending |= value << this.#count;
    this.#count += width;
    while (this.#count >= 8) {
      if (this.#length === this.#bytes.length) this.#grow();
      this.#bytes[this.#length++] = this.#pending;
      this.#pending >>>= 8;
      this.#count -= 8;
    }
  }

  /** The stream so far, filled up to a whole byte with zero bits. */
  finish(): Uint8Array {
    const tail = this.#count > 0 ? [this.#pending] : [];
    const whole = new Uint8Array(this.#length + tail.length);
    whole.set(this.#bytes.subarray(0, this.#length));
    whole.set(tail, this.#length);
    return whole;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Reads what a {@link BitWriter} wrote. Beyond the end there are zeros: who cares looks at `end`. */
export class BitReader {
  /** In bits. */
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** The next 25 bits, and whatever stands above them. */
  peek(): number {
    const { bytes } = this;
    const i = this.#at >>> 3;
    const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    return word >>> (this.#at & 7);
  }

  skip(width: number): void {
    this.#at += width;
  }

  /** The next `width` bits, at most 24 at a time. */
  take(width: number): number {
    const value = this.peek() & ((1 << width) - 1);
    this.#at += width;
    return value;
  }

  /** Bytes that what was read takes. */
  get end(): number {
    return (this.#at + 7) >>> 3;
  }
}
