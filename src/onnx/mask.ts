import { bitsOf, type DType } from '../binary/dtype.js';
import type { ByteSource } from '../model/model.js';
import type { PayloadForm } from '../model/structure.js';

/** Where a tensor's elements stand. */
export interface StoredElements {
  readonly source: ByteSource;
  readonly dtype: DType;
  readonly form: PayloadForm;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of a one, the last first: all others are zero. */
const ONES: Partial<Record<DType, readonly number[]>> = {
  float32: [0x3f, 0x80],
  float64: [0x3f, 0xf0],
  float16: [0x3c, 0x00],
  bfloat16: [0x3f, 0x80],
};

/** Bytes that are looked at together: of a weight, the first ones tell. */
const PIECE = 1 << 14;

/** Whether a floating-point tensor holds nothing but ones and zeros: then it says which weights count. */
export function isMask({ source, dtype, form, offset, length }: StoredElements): boolean {
  const one = ONES[dtype];
  const width = (bitsOf(dtype) ?? 0) / 8;
  if (!one || form === 'varint') return false;
  let ones = 0;
  for (let start = 0; start < length; start += PIECE) {
    const bytes = source.read(offset + start, offset + Math.min(length, start + PIECE));
    for (let at = 0; at < bytes.length; at += width) {
      let isZero = true;
      let isOne = true;
      for (let i = 0; i < width; i++) {
        const byte = bytes[at + width - 1 - i];
        if (byte !== 0) isZero = false;
        if (byte !== (one[i] ?? 0)) isOne = false;
      }
      if (!isZero && !isOne) return false;
      if (isOne) ones++;
    }
  }
  return ones > 0;
}
