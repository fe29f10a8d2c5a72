import type { DecodingTable } from '../../../entropy/table.js';
import type { Units } from '../kernels.js';
import { endsAt } from './streams.js';

/** What {@link decodeContexts} decodes with: a code for each class, which class each symbol is of, and the codebook. */
export interface ContextCode {
  readonly tables: readonly DecodingTable[];
  readonly classes: Uint8Array;
  /** How far before a symbol that is whose class it goes by. */
  readonly distance: number;
  readonly values: Units;
}

/** The same as `decodeSymbols`, with the code of each symbol chosen by what came before it in the stream. */
export function decodeContexts(
  bytes: Uint8Array,
  start: number,
  end: number,
  { tables, classes, distance, values }: ContextCode,
  out: Units,
  at: number,
  count: number,
): boolean {
  /** The class that each symbol goes by: the first, as long as there is none so far before it. */
  const contexts = new Uint8Array(distance + count);
  let next = start;
  let buffer = 0;
  let held = 0;
  for (let i = 0; i < count; i++) {
    const { entries, bits } = tables[contexts[i]];
    while (held < bits) {
      buffer |= (next < end ? bytes[next] : 0) << held;
      next++;
      held += 8;
    }
    const entry = entries[buffer & (entries.length - 1)];
    const length = entry & 15;
    buffer >>>= length;
    held -= length;
    out[at + i] = values[entry >>> 4];
    contexts[i + distance] = classes[entry >>> 4];
  }
  return endsAt(end, next, buffer, held);
}
