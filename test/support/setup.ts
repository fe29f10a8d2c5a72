import { expect } from 'vitest';

/**
 * Arrays of the same bytes are equal; only if they are not is it worth looking element by element, which takes seconds a
 * megabyte: to find numbers that are written in several ways, such as NaN, or the place for the message.
 */
function haveSameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined;
  return bytesOf(a).equals(bytesOf(b)) || undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

expect.addEqualityTesters([haveSameBytes]);
