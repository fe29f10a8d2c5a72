import { cutShort, readHead } from '../container/read/index.js';
import { throwIfAborted } from '../errors.js';
import { allocate } from './allocate.js';
import { breatherFor, checkSize, type Opened } from './container.js';
import type { Room } from './rebuild.js';

/** A container of which any part can be had at once, such as a file on disk. */
export interface Ranges {
  /** Size in bytes. */
  readonly size: number;
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Uint8Array;
}

/**
 * Opens a container that is read part by part, each when its turn comes: of one that is larger than memory never more
 * than a section is there.
 *
 * @throws FxqError as `decode` does
 */
export async function openRanges(source: Ranges, signal?: AbortSignal): Promise<Opened> {
  const { size } = source;
  let at = 0;
  const take = (count: number, orLess = false) => {
    throwIfAborted(signal);
    const end = orLess ? Math.min(size, at + count) : at + count;
    if (end > size) throw cutShort(end, size);
    const bytes = source.read(at, end);
    at = end;
    return bytes;
  };
  const head = await readHead(take, breatherFor(signal));
  checkSize(head, size);
  const input = { size, take: async (count: number) => take(count), finish: async () => {}, cancel() {} };
  return { head, input };
}

/** Room for one payload at a time, always the same memory: for callers that are done with a piece when they ask for the next. */
export function reusedRoom(): Room {
  let room = new Uint8Array();
  return ({ length, name }) => {
    if (room.length < length) {
      // The smaller one goes first.
      room = new Uint8Array();
      room = allocate(length, name);
    }
    return room.subarray(0, length);
  };
}
