import { CHILDREN } from './scan.js';
import type { Range } from './unclaimed.js';
import { type Bytes, LENGTH_DELIMITED, readFields } from './wire.js';

/** Lists of numbers, which are no messages. */
const LISTS: readonly string[] = ['floats', 'ints'];

/**
 * What stands in the long fields of a model file in which no message is known to be: texts, metadata, strings, payloads, and
 * fields from the future. In order, apart from each other; only messages that are as long are looked into.
 */
export function longFields(bytes: Bytes, atLeast: number): Range[] {
  return [...within('model', 0, bytes.length)];

  function* within(kind: string, start: number, end: number): Generator<Range> {
    for (const field of readFields(bytes, start, end, kind)) {
      if (field.type !== LENGTH_DELIMITED || field.end - field.start < atLeast) continue;
      const child = CHILDREN[kind]?.[field.number];
      if (child && !LISTS.includes(child.kind)) yield* within(child.kind, field.start, field.end);
      else yield { start: field.start, end: field.end };
    }
  }
}
