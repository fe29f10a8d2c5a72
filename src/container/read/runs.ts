import type { Kernels } from '../../kernels/decode/kernels.js';
import { FOUR_STREAMS_FROM, segments } from '../constants.js';
import type { Code } from './codes.js';
import type { SectionCursor } from './cursor.js';

/** The streams of a run, one behind the other, and where among these bytes each ends. */
export interface Streams {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

/**
 * Reads the streams of a run. Each but the section's last says its length; the last takes what is left.
 */
export function readStreams(cursor: SectionCursor, count: number, isLast: boolean): Streams {
  const ends: number[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const left = cursor.bytes.length - cursor.at;
    if (isLast && i === count - 1) {
      if (total > left) throw cursor.error('the lengths of its streams exceed its section');
      total = left;
    } else {
      total += cursor.varint('stream length');
    }
    ends.push(total);
  }
  return { bytes: cursor.take(total, 'streams'), ends };
}

/**
 * Decodes a run of `count` symbols, in one stream or four, to `at` of the kernels' work area.
 *
 * @param slot - where the kernels have the code
 * @param isLast - whether the run is the section's last
 */
export function readRun(
  cursor: SectionCursor,
  kernels: Kernels,
  slot: number,
  code: Code,
  count: number,
  at: number,
  isLast: boolean,
): void {
  if (code.isEmpty && count > 0) throw cursor.error('a code without symbols');
  const parts = segments(count, FOUR_STREAMS_FROM);
  const { bytes, ends } = readStreams(cursor, parts.length, isLast);
  const isWhole = code.isEmpty ? bytes.length === 0 : kernels.run(slot, bytes, ends, parts[0], count, at);
  if (!isWhole) throw cursor.error(`damaged run of ${count} symbols: its codes do not end where its streams end`);
}
