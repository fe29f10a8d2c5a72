import { concat } from '../binary/bytes.js';
import type { ByteSource } from '../model/model.js';
import type { Bytes } from './wire.js';

/** A stretch of some bytes: what an edited file is made of. */
export interface Run {
  readonly bytes: Bytes;
  readonly start: number;
  readonly end: number;
}

/** Runs one after the other, which are one file without having been copied. */
export class Pieces {
  readonly #runs: Run[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(run: Run): void {
    const { bytes, start, end } = run;
    if (start === end) return;
    this.#size += end - start;
    const last = this.#runs.at(-1);
    if (last?.bytes === bytes && last.end === start) this.#runs[this.#runs.length - 1] = { ...last, end };
    else this.#runs.push(run);
  }

  append(pieces: Pieces): void {
    for (const run of pieces.#runs) this.push(run);
  }

  /** All of it as one, in memory of its own where it is several runs. */
  read(): Uint8Array {
    return this.source('').read(0, this.#size);
  }

  /**
   * The runs as a file. A read within one run gives what the run gives, so a payload is not copied.
   *
   * @param isFresh - whether `original` gives memory that nobody else has: then all that is read is such memory
   */
  source(name: string, isFresh = false, original?: Bytes): ByteSource & { locate(offset: number): Run | undefined } {
    const runs = this.#runs;
    const starts: number[] = [];
    let size = 0;
    for (const { start, end } of runs) {
      starts.push(size);
      size += end - start;
    }
    const indexOf = (offset: number) => {
      let low = 0;
      let high = runs.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle] <= offset) low = middle + 1;
        else high = middle;
      }
      return low - 1;
    };
    const part = (index: number, from: number, to: number) => {
      const { bytes, start, end } = runs[index];
      const at = start - starts[index];
      const read = bytes.subarray(at + Math.max(from, starts[index]), Math.min(end, at + to));
      return isFresh && bytes !== original ? new Uint8Array(read) : read;
    };
    return {
      name,
      size,
      ...(isFresh && { isFresh }),
      read(from, to) {
        if (from >= to) return new Uint8Array();
        const [first, last] = [indexOf(from), indexOf(to - 1)];
        if (first === last) return part(first, from, to);
        return concat(Array.from({ length: last - first + 1 }, (_, i) => part(first + i, from, to)));
      },
      /** The rest of the run in which a byte of the file stands. */
      locate(offset) {
        const index = indexOf(offset);
        const run = runs[index];
        return run && { ...run, start: run.start + offset - starts[index] };
      },
    };
  }
}
