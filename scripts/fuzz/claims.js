// What is claimed of any bytes at all, and how a decoder's work on one input is checked against it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { xxh32 } from '../../build/binary/xxh32.js';
import { LAYOUTS } from '../../build/container/constants.js';
import { FREE_HEAD, HEAD_PER_BYTE } from '../../build/container/limits.js';
import { readCbor } from '../../build/container/read/cbor.js';
import { expand } from '../../build/entropy/expand.js';

/** Memory beside what is declared. */
const MEMORY = 16 * 2 ** 20;

/** Garbage that lies about when the heap is looked at: what V8's young generation holds before it is collected. */
const GARBAGE = 32 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Processor time for files under a megabyte. */
const MILLISECONDS = 2000;

const CODES = ['CONTAINER_MALFORMED', 'CONTAINER_VERSION', 'CHECKSUM', 'LIMIT'];

/** Units that a byte of a section can stand for, from the specification, §7, and not from the decoder's own table. */
const UNITS_PER_BYTE = { packed: 8, dense: 8, planes: 8, mask: 64, gap: 2304 };

/**
 * Lets a decoder do `work` and measures it.
 *
 * @param isWeighed - whether the process's own figures are asked for, too, which takes as long as a small container
 * Memory that is too much is measured once more from a clean heap: other inputs' garbage may have been in it.
 *
 * @returns `files`, or `error` with `code` as far as it is typed; processor time, and memory that was asked for
 */
export async function attempt(decoder, work, isWeighed = true, isAgain = false) {
  const { meter, FxqError } = decoder;
  const before = isWeighed ? process.memoryUsage() : undefined;
  const start = process.cpuUsage();
  meter.bytes = 0;
  const result = {};
  try {
    result.files = await work(decoder);
  } catch (error) {
    result.error = error;
    if (error instanceof FxqError && CODES.includes(error.code) && error.message !== '') result.code = error.code;
  }
  const { user, system } = process.cpuUsage(start);
  const after = isWeighed ? process.memoryUsage() : undefined;
  // What is collected in between makes these too small; of the heap, what is not collected yet makes it too large.
  const buffers = after ? after.arrayBuffers - before.arrayBuffers : 0;
  const heap = after ? after.heapUsed - before.heapUsed - GARBAGE : 0;
  const memory = Math.max(meter.bytes, buffers + Math.max(0, heap));
  if (isWeighed && !isAgain && memory > MEMORY) {
    collect();
    return attempt(decoder, work, isWeighed, true);
  }
  return { ...result, ms: (user + system) / 1000, memory };
}

/** What decoding did, in a few words that two decoders can be compared by. */
export function outcomeOf({ files, error, code }) {
  if (files) return `decoded ${files.map(({ name, bytes }) => `${name} ${bytes.length} ${xxh32(bytes)}`).join()}`;
  if (code === undefined) return `UNTYPED ${error?.stack ?? error}`;
  // Whether there is memory for what is declared depends on the moment.
  return code === 'LIMIT' ? code : `${code} ${error.tensor ?? ''} ${error.offset}`;
}

/**
 * Checks one decoder's work on an input; gives what does not hold.
 *
 * @param known - outcomes that an input with sums of its own may have, if its sums were left as they were
 */
export function violation(input, result, known) {
  const { bytes, verify, keepsSums } = input;
  const { files, ms, memory, isPartial } = result;
  const outcome = outcomeOf(result);
  if (outcome.startsWith('UNTYPED')) return outcome;
  if (ms > MILLISECONDS) return `${ms.toFixed(0)} ms of processor time`;
  if (memory <= MEMORY && !files) return undefined;
  const header = readHeader(bytes);
  const declared = header?.files.reduce((sum, { size }) => sum + size, 0) ?? 0;
  if (memory > declared + MEMORY) return `${memory} bytes of memory for ${declared} that are declared`;
  if (!files || isPartial) return undefined;
  if (header === undefined) return 'decoded without a header';
  if (files.length !== header.files.length) return `${files.length} files, declared ${header.files.length}`;
  for (const [i, { bytes: file }] of files.entries()) {
    const { size, hash } = header.files[i];
    if (file.length !== size) return `${file.length} bytes of a file of ${size}`;
    if (verify === 'all' && xxh32(file) !== hash) return `a file with another hash than its own`;
  }
  if (declared > header.capacity) return `${declared} bytes from a container that can hold ${header.capacity}`;
  if (keepsSums && verify !== 'none' && !known.has(outcome)) return 'damage that the sums did not find';
  return undefined;
}

/** The files of a container, and the most bytes that what is present can stand for; nothing if there is no header. */
export function readHeader(bytes) {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [squeezed, headBytes, headerBytes] = [4, 8, 12].map((at) => view.getUint32(at, true));
    // Two gigabytes of a few bytes: no decoder takes them, and to make them takes minutes.
    if (squeezed > bytes.length - 20 || headBytes > Math.max(FREE_HEAD, HEAD_PER_BYTE * squeezed)) return undefined;
    const head = expand(bytes.subarray(20, 20 + squeezed), headBytes);
    const { f, t } = /** @type {any} */ (readCbor(head.subarray(0, headerBytes), 0));
    const skeleton = head.length - headerBytes;
    let capacity = Math.min(skeleton, Math.max(FREE_HEAD, HEAD_PER_BYTE * squeezed));
    for (const tensor of t) capacity += capacityOf(tensor.r === undefined ? tensor : t[tensor.r], tensor, skeleton);
    return { files: f.map(([, size, hash]) => ({ size, hash })), capacity };
  } catch {
    return undefined;
  }
}

function capacityOf(owner, tensor, skeleton) {
  const layout = LAYOUTS[owner.l ?? 0];
  // What stands in the skeleton is counted there, unless it repeats.
  if (layout === 'inline') return owner === tensor ? 0 : skeleton;
  return layout === 'verbatim' ? owner.s : owner.s * UNITS_PER_BYTE[layout] * (owner.w ?? 8);
}
