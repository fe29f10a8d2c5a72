import { FxqError } from '../../errors.js';

/** The error of a container that contradicts itself or the bytes present. */
export function malformed(problem: string, offset: number, tensor?: string): FxqError {
  const subject = tensor === undefined ? '' : `${tensor}: `;
  return new FxqError('CONTAINER_MALFORMED', `${subject}${problem} (byte ${offset})`, { offset, tensor });
}

/** The error of a container that ends before it should. */
export function cutShort(expected: number, actual: number): FxqError {
  return malformed(`cut short: expected at least ${expected} bytes, got ${actual}`, actual);
}

/** The error of bytes that are not the ones that were written. */
export function checksumError(
  subject: string,
  offset: number,
  expected: number,
  actual: number,
  tensor?: string,
): FxqError {
  return new FxqError(
    'CHECKSUM',
    `${subject}: damaged: expected checksum ${hex(expected)}, got ${hex(actual)} (byte ${offset}); get the file again`,
    { offset, expected, actual, tensor },
  );
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
