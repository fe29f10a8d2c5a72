import { ESCAPES, MINUS_ZERO } from '../../src/container/constants.js';
import type { TensorEntry } from '../../src/container/header.js';

/** What the first byte of a section says of its grid; nothing of that, where its values are on none. */
export function gridFlags(
  { codebookKind, section: { offset } }: TensorEntry,
  container: Uint8Array,
): { hasEscapes: boolean; hasMinusZero: boolean } {
  const flags = codebookKind.startsWith('grid') ? container[offset] : 0;
  return { hasEscapes: (flags & ESCAPES) > 0, hasMinusZero: (flags & MINUS_ZERO) > 0 };
}
