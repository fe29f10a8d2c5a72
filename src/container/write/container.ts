import { Encoder } from 'cbor-x';
import { deflateSync } from 'fflate';
import { concat } from '../../binary/bytes.js';
import { DTYPES } from '../../binary/dtype.js';
import { Xxh32 } from '../../binary/xxh32.js';
import { breather } from '../../breather.js';
import { FxqError, throwIfAborted } from '../../errors.js';
import type { Model, Tensor } from '../../layers/model.js';
import { MAGIC, PREFIX_BYTES, VERSION } from '../constants.js';
import type { WireHeader, WireTensor } from '../header.js';
import {
  FREE_HEAD,
  FREE_ITEMS,
  FREE_OUTPUT,
  HEAD_PER_BYTE,
  ITEMS_PER_BYTE,
  MAX_HEAD_BYTES,
  OUTPUT_PER_BYTE,
} from '../limits.js';
import { type Coding, codeTensor } from './section.js';
import { Twins } from './twins.js';

export interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** Called with the share of the model's bytes that is done, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
}

/**
 * How the head is deflated: always by fflate, in JavaScript. A platform's own deflate differs between versions and
 * machines, and so would files.
 */
export const DEFLATE = { level: 9, mem: 12 } as const;

/** Bytes of a source that are copied at a time, so that a large skeleton or file is never in memory twice. */
const COPY_BYTES = 1 << 24;

/**
 * Writes a model as a container. Reads every payload once, in order, one at a time.
 *
 * @returns the container in pieces, in order: prefix, head, sections
 */
export async function writeContainer(model: Model, options: WriteOptions = {}): Promise<Uint8Array[]> {
  const breathe = breather();
  const header: WireHeader = { f: [], t: [] };
  const skeleton: Uint8Array[] = [];
  const sections: Uint8Array[] = [];
  const twins = new Twins();
  const total = model.files.reduce((sum, { size }) => sum + size, 0);
  let finished = 0;
  for (const [index, source] of model.files.entries()) {
    const hash = new Xxh32();
    const keep = (bytes: Uint8Array) => {
      skeleton.push(bytes);
      hash.update(bytes);
    };
    const copy = (start: number, end: number) => {
      for (let at = start; at < end; at += COPY_BYTES) keep(source.read(at, Math.min(end, at + COPY_BYTES)));
    };
    let at = 0;
    for (const tensor of model.tensors) {
      if (tensor.file !== index) continue;
      await breathe();
      throwIfAborted(options.signal);
      copy(at, tensor.offset);
      const payload = tensor.read();
      const { entry, section, inline } = codeTensor(tensor, payload);
      const twin = twins.find(entry, tensor.dims, section ?? inline, header.t.length);
      header.t.push(describe(tensor, tensor.offset - at, twin ?? entry));
      hash.update(payload);
      if (!twin) (section ? sections : skeleton).push(section ?? inline);
      at = tensor.offset + tensor.length;
      options.onProgress?.((finished + at) / total);
    }
    copy(at, source.size);
    const appendix = index === 0 ? model.appendix : new Uint8Array();
    keep(appendix);
    finished += source.size;
    header.f.push([index === 0 ? '' : source.name, source.size + appendix.length, hash.digest()]);
  }
  const sectionBytes = sections.reduce((sum, { length }) => sum + length, 0);
  return [...writeHead(header, concat(skeleton), sectionBytes), ...sections];
}

function writeHead(header: WireHeader, skeleton: Uint8Array, sectionBytes: number): Uint8Array[] {
  // Plain maps, lengths in the shortest form: nothing of cbor-x's own extensions.
  const cbor = new Encoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true }).encode(header);
  const inflated = concat([cbor, skeleton]);
  if (inflated.length > MAX_HEAD_BYTES) {
    throw new FxqError(
      'LIMIT',
      `the model has ${skeleton.length} bytes outside of its tensors, a container holds at most ${MAX_HEAD_BYTES}`,
      {
        expected: MAX_HEAD_BYTES,
        actual: inflated.length,
      },
    );
  }
  const deflated = deflateSync(inflated, DEFLATE);
  const least = leastHead(header, inflated.length, sectionBytes);
  const head = concat([emptyBlocks(Math.ceil(Math.max(0, least - deflated.length) / EMPTY_BLOCK.length)), deflated]);
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  prefix.set([...MAGIC, VERSION]);
  view.setUint32(4, head.length, true);
  view.setUint32(8, inflated.length, true);
  view.setUint32(12, cbor.length, true);
  view.setUint32(16, new Xxh32().update(prefix.subarray(0, 16)).update(head).digest(), true);
  return [prefix, head];
}

/** A stored deflate block of nothing. */
const EMPTY_BLOCK = [0, 0, 0, 0xff, 0xff];

function emptyBlocks(count: number): Uint8Array {
  return Uint8Array.from({ length: count * EMPTY_BLOCK.length }, (_, i) => EMPTY_BLOCK[i % EMPTY_BLOCK.length]);
}

/** How many bytes the deflated head must have for a reader to believe what it stands for. */
export function leastHead({ f, t }: WireHeader, inflatedBytes: number, sectionBytes: number): number {
  let items = 5 + 4 * f.length;
  for (const tensor of t) items += 1 + 2 * Object.keys(tensor).length + tensor.d.length;
  const output = f.reduce((sum, [, size]) => sum + size, 0);
  return Math.ceil(
    Math.max(
      inflatedBytes > FREE_HEAD ? inflatedBytes / HEAD_PER_BYTE : 0,
      (items - FREE_ITEMS) / ITEMS_PER_BYTE,
      (output - FREE_OUTPUT) / OUTPUT_PER_BYTE - PREFIX_BYTES - sectionBytes,
    ),
  );
}

function describe(tensor: Tensor, gap: number, entry: Coding): WireTensor {
  const { name, dtype, dims, file } = tensor;
  return { n: name, y: dtypeNumber(dtype), d: [...dims], ...(file > 0 ? { f: file } : {}), g: gap, ...entry };
}

function dtypeNumber(dtype: Tensor['dtype']): number {
  const index = (DTYPES as readonly string[]).indexOf(dtype);
  return index >= 0 ? index : Number(/\d+/.exec(dtype)?.[0]);
}
