import type { Layout } from '../constants.js';
import type { WireTensor } from '../header.js';

/** One way to write a payload: what it would cost, and how to do it. Only the cheapest is done. */
export interface Plan {
  readonly layout: Layout;
  /** Bytes of the section: exact but for the padding and the lengths of its streams. */
  readonly bytes: number;
  /** The header fields that the layout adds. */
  readonly fields: Pick<WireTensor, 'k' | 'c' | 'q' | 'm' | 'a' | 'h'>;
  write(): Uint8Array;
}
