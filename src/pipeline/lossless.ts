import { type WriteOptions, writeSections } from '../container/write/container.js';
import type { SectionStore } from '../container/write/sections.js';
import type { Model } from '../model/model.js';

/** A container in its parts, before it is written. */
export interface Parts {
  /** Prefix and head. */
  readonly head: readonly Uint8Array[];
  readonly sections: SectionStore;
}

/** What the file takes without loss, where nobody has asked for a change and that is about as small. */
export interface Lossless {
  readonly bytes: number;
  /** Whether it is no larger than what compression makes of it, so that the file is kept as it is, byte for byte. */
  readonly isKept: boolean;
}

/** Bytes of a container. */
export function bytesOf({ head, sections }: Parts): number {
  return head.reduce((sum, { length }) => sum + length, sections.size);
}

/** Ends the work on a container that is too large already. */
class TooLarge extends Error {}

/** Codes a model as it is, unless its sections take more than so many bytes: then no more of it is coded than that. */
export async function losslessWithin(
  limit: number,
  model: Model,
  sections: SectionStore,
  options: WriteOptions,
): Promise<Parts | undefined> {
  const limited: SectionStore = {
    get size() {
      return sections.size;
    },
    append(bytes) {
      if (sections.size + bytes.length > limit) throw new TooLarge();
      sections.append(bytes);
    },
    read: (start, end) => sections.read(start, end),
    all: () => sections.all(),
  };
  try {
    return { head: await writeSections(model, limited, options), sections };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

/** Whether stages have left a model as it was: no tensor has other bytes, nor those that are still to be computed, and nothing is recorded. */
export function isUntouched(after: Model, before: Model): boolean {
  if (after.appendix !== before.appendix || after.files !== before.files) return false;
  return after.tensors.every(({ payload }, i) => payload === before.tensors[i].payload);
}
