// Containers in parts: taken apart, and put together again with sums that fit, so that damage reaches what lies behind.
import { xxh32 } from '../../build/binary/xxh32.js';
import { MAGIC, PREFIX_BYTES, VERSION } from '../../build/container/constants.js';
import { readCbor } from '../../build/container/read/cbor.js';
import { expand } from '../../build/entropy/expand.js';
import { squeeze } from '../../build/kernels/encode/index.js';
import { CborMap, encodeTree, toTree } from './cbor.js';

/** Header as a tree, skeleton, all sections in one. */
export function takeApart(container) {
  const view = new DataView(container.buffer, container.byteOffset);
  const end = PREFIX_BYTES + view.getUint32(4, true);
  const head = expand(container.subarray(PREFIX_BYTES, end), view.getUint32(8, true));
  const headerBytes = view.getUint32(12, true);
  return {
    header: toTree(readCbor(head.subarray(0, headerBytes), 0)),
    skeleton: head.subarray(headerBytes),
    sections: container.subarray(end),
  };
}

/** Puts the sums of sections into the header, as far as it says where they are. */
export function sumSections(header, sections) {
  let at = 0;
  for (const tensor of header.get('t')) {
    const bytes = tensor instanceof CborMap ? tensor.get('s') : undefined;
    if (!Number.isSafeInteger(bytes) || bytes < 0) continue;
    tensor.set('x', xxh32(sections.subarray(at, at + bytes)));
    at += bytes;
  }
}

/** A container of a header's tree, skeleton and sections. */
export function putTogether({ header, skeleton, sections }) {
  sumSections(header, sections);
  return seal(encodeTree(header), skeleton, sections);
}

/** A container of these bytes; `squeezed` stands in the place of the squeezed head, `sizes` in that of its sizes. */
export function seal(header, skeleton, sections, { squeezed = undefined, sizes = undefined } = {}) {
  const head = squeezed ?? squeeze(Buffer.concat([header, skeleton]));
  const container = Buffer.allocUnsafeSlow(PREFIX_BYTES + head.length + sections.length);
  container.set([...MAGIC, VERSION]);
  container.writeUInt32LE(sizes?.[0] ?? head.length, 4);
  container.writeUInt32LE(sizes?.[1] ?? header.length + skeleton.length, 8);
  container.writeUInt32LE(sizes?.[2] ?? header.length, 12);
  container.set(head, PREFIX_BYTES);
  container.set(sections, PREFIX_BYTES + head.length);
  const summed = Buffer.concat([container.subarray(0, 16), head]);
  container.writeUInt32LE(xxh32(summed), 16);
  return new Uint8Array(container.buffer);
}
