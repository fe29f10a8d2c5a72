import { decodeSymbols, type Units } from '../../kernels/reference/streams.js';
import { FOUR_STREAMS_FROM, segments } from '../constants.js';
import type { Code } from './codes.js';
import type { SectionCursor } from './cursor.js';

/**
 * Reads the byte ranges of a run's streams. Each but the section's last says its length; the last takes what is left.
 */
export function readStreams(cursor: SectionCursor, count: number, isLast: boolean): { start: number; end: number }[] {
  const lengths: number[] = [];
  for (let i = 0; i < count; i++) if (i < count - 1 || !isLast) lengths.push(cursor.varint('stream length'));
  if (isLast) lengths.push(cursor.bytes.length - cursor.at - lengths.reduce((sum, length) => sum + length, 0));
  return lengths.map((length) => {
    if (length < 0) throw cursor.error('the lengths of its streams exceed its section');
    const start = cursor.at;
    cursor.take(length, 'stream');
    return { start, end: cursor.at };
  });
}

/**
 * Decodes a run of `count` symbols, in one stream or four, into the start of `out`.
 *
 * @param values - what each symbol stands for
 * @param isLast - whether the run is the section's last
 */
export function readRun(
  cursor: SectionCursor,
  code: Code,
  values: Units,
  out: Units,
  count: number,
  isLast: boolean,
): void {
  if (code.isEmpty && count > 0) throw cursor.error('a code without symbols');
  const parts = segments(count, FOUR_STREAMS_FROM);
  const streams = readStreams(cursor, parts.length, isLast);
  let at = 0;
  for (const [i, { start, end }] of streams.entries()) {
    if (!decodeSymbols(cursor.bytes, start, end, code.table, values, out, at, parts[i])) {
      throw cursor.error(`stream of ${parts[i]} symbols does not end where its ${end - start} bytes end`);
    }
    at += parts[i];
  }
}
