import { kindOfFile } from '../../binary/signatures.js';
import { hashInSteps, Xxh32 } from '../../binary/xxh32.js';
import { type Breathe, inTurns, type Steps } from '../../breather.js';
import { expandInSteps } from '../../entropy/expand.js';
import { FxqError } from '../../errors.js';
import type { Kernels } from '../../kernels/decode/kernels.js';
import { MAGIC, PREFIX_BYTES, VERSION } from '../constants.js';
import type { FileEntry, TensorEntry } from '../header.js';
import { FREE_HEAD, FREE_ITEMS, HEAD_PER_BYTE, ITEMS_PER_BYTE, MAX_HEAD_BYTES } from '../limits.js';
import { readCbor } from './cbor.js';
import { checkHeader } from './check.js';
import { checksumError, cutShort, malformed } from './errors.js';

/** The first bytes of a container: how much must be there before the head can be read. */
interface Prefix {
  /** Bytes of the squeezed head, which follows the prefix. */
  readonly squeezedBytes: number;
  /** Bytes of the head once expanded: header, then skeleton. */
  readonly expandedBytes: number;
  readonly headerBytes: number;
  readonly checksum: number;
}

/** Everything of a container but its sections. */
export interface Head {
  readonly files: readonly FileEntry[];
  readonly tensors: readonly TensorEntry[];
  /** All bytes of all files that are not coded in sections, in order. */
  readonly skeleton: Uint8Array;
  /** Size of the whole container, prefix to last section. */
  readonly bytes: number;
  /** Sizes of all files together. */
  readonly total: number;
  readonly prefix: Prefix;
}

/**
 * Reads the prefix.
 *
 * @param bytes - at least the first 20 bytes of the container
 * @throws FxqError `CONTAINER_MALFORMED`, `CONTAINER_VERSION`
 */
function readPrefix(bytes: Uint8Array): Prefix {
  const isMagic = MAGIC.every((byte, i) => bytes[i] === byte);
  if (!isMagic) throw malformed(`not a .fxq container: ${kindOfFile(bytes) ?? 'it does not start with "FXQ"'}`, 0);
  if (bytes.length < PREFIX_BYTES) throw cutShort(PREFIX_BYTES, bytes.length);
  const version = bytes[3];
  if (version !== VERSION) {
    throw new FxqError(
      'CONTAINER_VERSION',
      `a container of ${version > VERSION ? 'a newer fxq-compress, update this one' : 'an older fxq-compress, encode the model again'}: expected format version ${VERSION}, got ${version} (byte 3)`,
      { offset: 3, expected: VERSION, actual: version },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  const prefix = {
    squeezedBytes: view.getUint32(4, true),
    expandedBytes: view.getUint32(8, true),
    headerBytes: view.getUint32(12, true),
    checksum: view.getUint32(16, true),
  };
  const { squeezedBytes, expandedBytes, headerBytes } = prefix;
  if (
    expandedBytes > Math.min(MAX_HEAD_BYTES, Math.max(FREE_HEAD, squeezedBytes * HEAD_PER_BYTE)) ||
    headerBytes > expandedBytes
  )
    throw malformed(
      `sizes that cannot be: ${squeezedBytes} bytes for a head of ${expandedBytes} with a header of ${headerBytes}`,
      8,
    );
  return prefix;
}

/**
 * Reads the head: header and skeleton.
 *
 * @param take - gives the next bytes of the container, from its first one on; fewer only if `orLess`
 * @param breathe - called between steps
 * @throws FxqError `CONTAINER_MALFORMED`, `CONTAINER_VERSION`, `CHECKSUM`, `LIMIT`, with the byte offset
 */
export async function readHead(
  take: (count: number, orLess?: boolean) => Uint8Array | Promise<Uint8Array>,
  breathe: Breathe = () => undefined,
): Promise<Head> {
  const start = await take(PREFIX_BYTES, true);
  const prefix = readPrefix(start);
  const squeezed = await take(prefix.squeezedBytes);
  const hash = new Xxh32().update(start.subarray(0, 16));
  await inTurns(hashInSteps(hash, squeezed), breathe);
  const actual = hash.digest();
  if (actual !== prefix.checksum) throw checksumError('the head', 16, prefix.checksum, actual);
  const size = prefix.expandedBytes;
  let head: Uint8Array;
  try {
    head = await inTurns(expandInSteps(squeezed, size), breathe);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const offset = PREFIX_BYTES;
    const problem = `the head does not expand to the ${size} bytes that it declares (byte ${offset})`;
    throw new FxqError('CONTAINER_MALFORMED', problem, { offset, cause });
  }
  const header = readCbor(
    head.subarray(0, prefix.headerBytes),
    PREFIX_BYTES,
    Math.floor(FREE_ITEMS + squeezed.length * ITEMS_PER_BYTE),
  );
  const skeleton = head.subarray(prefix.headerBytes);
  return { ...checkHeader(header, skeleton.length, PREFIX_BYTES + squeezed.length), skeleton, prefix };
}

/** Checks the bytes of a tensor's section against the sum in the header. */
export function* verifySection(tensor: TensorEntry, section: Uint8Array, kernels: Kernels): Steps<void> {
  const hash = new Xxh32(0, kernels.stripes);
  yield* hashInSteps(hash, section);
  const actual = hash.digest();
  const { checksum, offset } = tensor.section;
  if (actual !== checksum) throw checksumError(tensor.name, offset, checksum, actual, tensor.name);
}
