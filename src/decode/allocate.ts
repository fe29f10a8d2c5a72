import { FxqError } from '../errors.js';

/** Memory for `size` bytes; where the machine has none, a typed error instead of a bare RangeError. */
export function allocate(size: number, subject: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new FxqError('LIMIT', `${subject}: no memory for the ${size} bytes that it declares`, {
      expected: size,
      cause,
    });
  }
}
