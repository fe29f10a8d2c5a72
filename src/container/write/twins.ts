import { isSameBytes } from '../../binary/bytes.js';
import { bitsOf } from '../../binary/dtype.js';
import { xxh32 } from '../../binary/xxh32.js';
import type { Tensor } from '../../model/model.js';
import { hasLines, naturalWidth } from '../header.js';
import { MAX_SHARES } from '../limits.js';
import type { CodedTensor, Coding } from './section.js';
import type { SectionStore } from './sections.js';

/** Shorter payloads are not worth a search. */
const MIN_BYTES = 64;

interface Written {
  readonly index: number;
  /** Gives what was written. */
  readonly read: () => Uint8Array;
  shares: number;
}

/**
 * Finds payloads that were written before: real models repeat weights, in the branches of an `If` or where an exporter
 * has copied a shared layer. Equal payloads are written as equal bytes, because they are always coded the same way.
 */
export class Twins {
  readonly #written = new Map<string, Written[]>();

  /** @param sections - where the sections of earlier tensors are */
  constructor(private readonly sections: SectionStore) {}

  /**
   * The entry that refers to an earlier tensor written as these very bytes, or `undefined`: then they are remembered,
   * and a section is taken to be the next that is appended.
   *
   * @param tensor - what the bytes stand for: how long the payload is and, by its dimensions, where its lines are
   * @param index - the tensor's place in the header
   */
  find(
    { entry, section, inline }: CodedTensor,
    { dtype, dims, length }: Pick<Tensor, 'dtype' | 'dims' | 'length'>,
    index: number,
  ): Coding | undefined {
    const bytes = section ?? inline;
    // A short repetition in the skeleton costs less than a reference to it.
    if (bytes.length < MIN_BYTES) return undefined;
    const { b, w, l, k, c, q, m, a, h, p, x } = entry;
    // The same bytes may stand for other payloads: of other units, or with more zeros at the end.
    const width = w ?? naturalWidth(bitsOf(dtype), length);
    const key = [length, width, l, k, c, q, m, a, h, p, x ?? xxh32(bytes), ...(hasLines(entry) ? dims : [])].join();
    const candidates = this.#written.get(key) ?? [];
    const twin = candidates.find(
      (earlier) => (earlier.shares + 1) * (m ?? 1) <= MAX_SHARES && isSameBytes(earlier.read(), bytes),
    );
    if (twin === undefined) {
      const read = section ? placeIn(this.sections, section.length) : keeping(inline);
      this.#written.set(key, [...candidates, { index, read, shares: 1 }]);
      return undefined;
    }
    twin.shares++;
    return { ...(b === undefined ? {} : { b }), ...(w === undefined ? {} : { w }), r: twin.index };
  }
}

// Two functions, so that the reader of a place does not keep the bytes themselves in its scope.
function placeIn(sections: SectionStore, length: number): Written['read'] {
  const start = sections.size;
  return () => sections.read(start, start + length);
}

function keeping(bytes: Uint8Array): Written['read'] {
  return () => bytes;
}
