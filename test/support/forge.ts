import { encode as encodeCbor } from 'cbor-x';
import { Xxh32, xxh32 } from '../../src/binary/xxh32.js';
import { MAGIC, VERSION } from '../../src/container/constants.js';
import type { WireHeader } from '../../src/container/header.js';
import { squeeze } from '../../src/kernels/encode/index.js';
import { concat } from './protobuf.js';

/** The sizes in a container's prefix, where they are to be others than the true ones. */
export interface Sizes {
  squeezed?: number;
  expanded?: number;
  header?: number;
}

/** A container with this header, whatever it says. Sections' checksums are put into it; the head's always fits. */
export function forge(
  header: WireHeader,
  skeleton: Uint8Array = new Uint8Array(),
  sections: readonly Uint8Array[] = [],
  sizes: Sizes = {},
): Uint8Array {
  const coded = header.t.filter(({ s }) => s !== undefined);
  for (const [i, tensor] of coded.entries()) tensor.x ??= xxh32(sections[i] ?? new Uint8Array());
  const cbor = new Uint8Array(encodeCbor(header));
  const head = concat(cbor, skeleton);
  const squeezed = squeeze(head);
  const prefix = new Uint8Array(20);
  prefix.set([...MAGIC, VERSION]);
  const view = new DataView(prefix.buffer);
  view.setUint32(4, sizes.squeezed ?? squeezed.length, true);
  view.setUint32(8, sizes.expanded ?? head.length, true);
  view.setUint32(12, sizes.header ?? cbor.length, true);
  view.setUint32(16, new Xxh32().update(prefix.subarray(0, 16)).update(squeezed).digest(), true);
  return concat(prefix, squeezed, ...sections);
}
