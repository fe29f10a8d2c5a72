import { MAX_SHARES } from '../limits.js';
import type { Coding } from './section.js';

interface Written {
  readonly index: number;
  readonly section: Uint8Array;
  shares: number;
}

/**
 * Finds payloads that were written before: real models repeat weights, in the branches of an `If` or where an exporter
 * has copied a shared layer. Equal payloads have equal sections, because the same bytes are always coded the same way.
 */
export class Twins {
  readonly #written = new Map<string, Written[]>();

  /**
   * The entry that refers to an earlier tensor with this very section, or `undefined`: then it is remembered.
   *
   * @param index - the tensor's place in the header
   */
  find(entry: Coding, section: Uint8Array, index: number): Coding | undefined {
    const { b, w, l, k, c, q, s, x } = entry;
    const key = [b, w, l, k, c, q, s, x].join();
    const candidates = this.#written.get(key) ?? [];
    const twin = candidates.find((earlier) => earlier.shares < MAX_SHARES && isEqual(earlier.section, section));
    if (twin === undefined) {
      this.#written.set(key, [...candidates, { index, section, shares: 1 }]);
      return undefined;
    }
    twin.shares++;
    return { ...(b === undefined ? {} : { b }), ...(w === undefined ? {} : { w }), r: twin.index };
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
