import { concat } from '../../binary/bytes.js';

/** Where sections wait until the head is known, which stands before them. */
export interface SectionStore {
  /** Bytes appended so far. */
  readonly size: number;
  append(bytes: Uint8Array): void;
  /** The bytes from `start` up to, not including, `end` of what was appended. Not to be written to. */
  read(start: number, end: number): Uint8Array;
  /** Everything that was appended, in pieces, each to be used before the next is asked for. */
  all(): Iterable<Uint8Array>;
}

/** Sections in memory. They are kept, not copied. */
export class MemorySections implements SectionStore {
  readonly #pieces: Uint8Array[] = [];
  /** Where each piece begins. */
  readonly #starts: number[] = [];
  size = 0;

  append(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#starts.push(this.size);
    this.size += bytes.length;
  }

  read(start: number, end: number): Uint8Array {
    const parts = this.#pieces.flatMap((piece, i) => {
      const from = this.#starts[i];
      const isInside = from < end && from + piece.length > start;
      return isInside ? [piece.subarray(Math.max(0, start - from), end - from)] : [];
    });
    return parts.length === 1 ? parts[0] : concat(parts);
  }

  all(): Iterable<Uint8Array> {
    return this.#pieces;
  }
}
