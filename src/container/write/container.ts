import { Encoder } from 'cbor-x';
import { concat } from '../../binary/bytes.js';
import { bitsOf, dataTypeOf, dtypeOf } from '../../binary/dtype.js';
import { Xxh32 } from '../../binary/xxh32.js';
import { type Breathe, breather, inTurns } from '../../breather.js';
import { FxqError, throwIfAborted } from '../../errors.js';
import { loadKernels } from '../../kernels/decode/index.js';
import { encodeKernels } from '../../kernels/encode/index.js';
import type { Model, Tensor } from '../../model/model.js';
import { partsOf } from '../../model/parts.js';
import { LAYOUTS, MAGIC, PREFIX_BYTES, VERSION } from '../constants.js';
import { hasLines, naturalLength, naturalWidth, type WireHeader, type WireTensor } from '../header.js';
import {
  FREE_HEAD,
  FREE_ITEMS,
  FREE_OUTPUT,
  FREE_SYMBOLS,
  HEAD_PER_BYTE,
  ITEMS_PER_BYTE,
  MAX_HEAD_BYTES,
  OUTPUT_PER_BYTE,
  SYMBOLS_PER_BYTE,
  symbolsOf,
} from '../limits.js';
import { inOrder, type Limits, nextOf } from './ahead.js';
import type { CodingOptions } from './coding.js';
import { itemsOf, type Listing, listWithin } from './listing.js';
import { Repeats } from './repeats.js';
import { type CodedTensor, type Coding, codeTensor } from './section.js';
import { MemorySections, type SectionStore } from './sections.js';
import { withStretches } from './stretches.js';
import { Twins } from './twins.js';

export interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** Called with the share of the model's bytes that is done, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  /** Default: one tensor after the other, here. */
  coder?: Coder | undefined;
}

/** What a tensor has become: its payload after all stages, and that as it goes into the container. */
export interface Coded {
  readonly payload: Uint8Array;
  readonly coded: CodedTensor;
}

/** Where tensors are coded. Results depend on the tensor only, not on where or beside what it is done. */
export interface Coder {
  /** Tensors that may be under way at once, and bytes of them. */
  readonly limits: Limits;
  code(tensor: Tensor): Promise<Coded>;
}

/** One tensor after the other, in the caller's thread. */
export function inThreadCoder(coding?: CodingOptions): Coder {
  const repeats = new Repeats();
  return {
    limits: { items: 1, size: Number.POSITIVE_INFINITY },
    async code(tensor) {
      const payload = tensor.payload.read();
      return { payload, coded: repeats.of(tensor, payload, () => codeTensor(tensor, payload, coding)) };
    },
  };
}

/**
 * Writes a model as a container, in memory.
 *
 * @returns the container in pieces, in order: prefix, head, sections
 */
export async function writeContainer(model: Model, options: WriteOptions = {}): Promise<Uint8Array[]> {
  const sections = new MemorySections();
  return [...(await writeSections(model, sections, options)), ...sections.all()];
}

/** How many bytes a model takes as a container. */
export async function containerSize(model: Model, options: WriteOptions = {}): Promise<number> {
  const pieces = await writeContainer(model, options);
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Codes a model: appends its sections to a store, and gives what stands before them. Reads every payload once, in
 * order, and keeps none.
 *
 * @returns prefix and head
 */
export async function writeSections(
  model: Model,
  sections: SectionStore,
  options: WriteOptions = {},
): Promise<Uint8Array[]> {
  const { signal, onProgress, coder = inThreadCoder() } = options;
  const breathe = breather();
  const { stripes } = await loadKernels();
  const hashes = model.files.map(() => new Xxh32(0, stripes));
  const tensors: WireTensor[] = [];
  const skeleton: Uint8Array[] = [];
  /** Where in the skeleton tensors stand. */
  const pieces: (number | undefined)[] = [];
  const twins = new Twins(sections);
  const items = withStretches(model);
  const total = model.files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  /** Skeleton since the tensor before, or the start of the file. */
  let gap = 0;
  let last = 0;
  let held = 0;
  const coded = inOrder(
    items,
    coder.limits,
    ({ length }) => length,
    (tensor) => coder.code(tensor),
  );
  // A function of its own: what it holds of one tensor is gone when the next is read.
  const put = async (tensor: Tensor, file: number) => {
    const { payload, coded: written } = await nextOf(coded);
    const twin = twins.find(written, tensor, tensors.length);
    tensors.push(describe(tensor, gap, twin ?? written.entry));
    hashes[file].update(payload);
    if (!twin && written.section) sections.append(written.section);
    const isInline = !twin && written.inline !== undefined;
    pieces.push(isInline ? skeleton.length : undefined);
    if (isInline) skeleton.push(written.inline);
  };
  for (const { file, tensor, bytes } of partsOf({ ...model, tensors: items })) {
    if (file !== last) gap = 0;
    last = file;
    if (tensor) {
      await breathe();
      throwIfAborted(signal);
      await put(tensor, file);
      gap = 0;
      done += tensor.length;
      onProgress?.(done / total);
    } else {
      skeleton.push(bytes);
      held += bytes.length;
      checkHead(held, held);
      hashes[file].update(bytes);
      gap += bytes.length;
      done += bytes.length;
    }
  }
  const files = model.files.map(({ name, size }, i): WireHeader['f'][number] => [
    i === 0 ? '' : name,
    size + (i === 0 ? model.appendix.length : 0),
    hashes[i].digest(),
  ]);
  const listing = { tensors, skeleton, pieces };
  const pause = () => {
    throwIfAborted(signal);
    return breathe();
  };
  const head = await makeHead(files, listing, pause);
  const payable = FREE_ITEMS + ITEMS_PER_BYTE * head.squeezed.length;
  if (countItems(head.header) <= payable) return writeHead(head, sections.size);
  // What is left of the head when its header has fewer tensors is about what the skeleton takes alone.
  const alone = await inTurns(encodeKernels().squeeze(concat(skeleton)), pause);
  const limit = FREE_ITEMS + ITEMS_PER_BYTE * alone.length - countItems({ f: files, t: [] });
  return writeHead(await makeHead(files, listWithin(listing, limit), pause), sections.size);
}

/** A head, and what the coder makes of it. */
interface Head {
  readonly header: WireHeader;
  readonly headerBytes: number;
  readonly expandedBytes: number;
  readonly squeezed: Uint8Array;
}

async function makeHead(files: WireHeader['f'], { tensors, skeleton }: Listing, pause: Breathe): Promise<Head> {
  const header = { f: files, t: [...tensors] };
  // Plain maps, lengths in the shortest form: nothing of cbor-x's own extensions.
  const cbor = new Encoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true }).encode(header);
  const expanded = concat([cbor, ...skeleton]);
  checkHead(expanded.length, expanded.length - cbor.length);
  const squeezed = await inTurns(encodeKernels().squeeze(expanded), pause);
  return { header, headerBytes: cbor.length, expandedBytes: expanded.length, squeezed };
}

function writeHead({ header, headerBytes, expandedBytes, squeezed }: Head, sectionBytes: number): Uint8Array[] {
  const least = leastHead(header, expandedBytes, sectionBytes);
  // Zeros behind the end mean nothing.
  const head = concat([squeezed, new Uint8Array(Math.max(0, least - squeezed.length))]);
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  prefix.set([...MAGIC, VERSION]);
  view.setUint32(4, head.length, true);
  view.setUint32(8, expandedBytes, true);
  view.setUint32(12, headerBytes, true);
  view.setUint32(16, new Xxh32().update(prefix.subarray(0, 16)).update(head).digest(), true);
  return [prefix, head];
}

function checkHead(bytes: number, skeletonBytes: number): void {
  if (bytes <= MAX_HEAD_BYTES) return;
  throw new FxqError(
    'LIMIT',
    `the model has ${skeletonBytes} bytes or more outside of its tensors, a container holds at most ${MAX_HEAD_BYTES}`,
    { expected: MAX_HEAD_BYTES, actual: bytes },
  );
}

/** How many bytes the squeezed head must have for a reader to believe what it stands for. */
export function leastHead(header: WireHeader, expandedBytes: number, sectionBytes: number): number {
  const { f, t } = header;
  let symbols = 0;
  for (const tensor of t) {
    const owner = tensor.r === undefined ? tensor : t[tensor.r];
    const { l = 0, k = 0, m = 1, a = 0 } = owner;
    const { y = 2, d = [], b = naturalLength(bitsOf(dtypeOf(y)), d) } = tensor;
    const lines = hasLines(owner) ? (owner.d?.[a] ?? 1) : 0;
    symbols += symbolsOf(LAYOUTS[l], k, m, lines, tensor.w ?? naturalWidth(bitsOf(dtypeOf(y)), b));
  }
  const output = f.reduce((sum, [, size]) => sum + size, 0);
  return Math.ceil(
    Math.max(
      expandedBytes > FREE_HEAD ? expandedBytes / HEAD_PER_BYTE : 0,
      (countItems(header) - FREE_ITEMS) / ITEMS_PER_BYTE,
      (output - FREE_OUTPUT) / OUTPUT_PER_BYTE - PREFIX_BYTES - sectionBytes,
      (symbols - FREE_SYMBOLS) / SYMBOLS_PER_BYTE - PREFIX_BYTES - sectionBytes,
    ),
  );
}

/** CBOR items of a header. */
function countItems({ f, t }: WireHeader): number {
  return t.reduce((items, tensor) => items + itemsOf(tensor), 5 + 4 * f.length);
}

function describe({ name, dtype, dims, file, form }: Tensor, gap: number, entry: Coding): WireTensor {
  const what = form === 'stretch' ? {} : { n: name, y: dataTypeOf(dtype), d: [...dims] };
  return { ...what, ...(file > 0 ? { f: file } : {}), g: gap, ...entry };
}
