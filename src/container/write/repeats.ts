import { isSameBytes } from '../../binary/bytes.js';
import { xxh32 } from '../../binary/xxh32.js';
import type { Tensor } from '../../model/model.js';
import type { CodedTensor } from './section.js';

/** Larger payloads are read and coded anew: comparing them is no longer a small part of that. */
const MAX_BYTES = 1 << 14;

/** Bytes of payloads that are remembered at most. */
const KEPT_BYTES = 1 << 22;

/**
 * Small payloads that were coded before. Exporters write constants, and the tables of what they have unrolled, again and
 * again; equal ones are coded equally, so once is enough.
 */
export class Repeats {
  readonly #known = new Map<string, { readonly payload: Uint8Array; readonly coded: CodedTensor }>();
  #bytes = 0;

  /**
   * What a tensor is coded as.
   *
   * @param code - does it, where nothing is known
   */
  of(
    { dtype, dims, form, length }: Pick<Tensor, 'dtype' | 'dims' | 'form' | 'length'>,
    payload: Uint8Array,
    code: () => CodedTensor,
  ): CodedTensor {
    if (length > MAX_BYTES) return code();
    const key = [dtype, form, dims.join('x'), length, xxh32(payload)].join();
    const known = this.#known.get(key);
    if (known && isSameBytes(known.payload, payload)) return known.coded;
    const coded = code();
    if (this.#bytes > KEPT_BYTES) {
      this.#known.clear();
      this.#bytes = 0;
    }
    // A copy: what was read is a view of the whole file.
    this.#known.set(key, { payload: payload.slice(), coded });
    this.#bytes += length;
    return coded;
  }
}
