import { BitWriter } from '../../binary/bits.js';
import { ByteWriter } from '../../binary/bytes.js';
import { encodeKernels } from '../../kernels/encode/index.js';
import { CHUNK, indexBits, PLANES } from '../constants.js';
import { chunks } from '../read/layouts.js';
import { escapesByChunk, sizeOf } from './escapes.js';
import { type Split, unsplit } from './lines.js';
import type { Plan } from './plan.js';
import { bytesOf, makeCode, type WriterCode, writeRun } from './runs.js';
import { type Indexed, writeCodebook } from './symbols.js';

/** The payload as it is. */
export function planVerbatim(payload: Uint8Array): Plan {
  return { layout: 'verbatim', bytes: payload.length, fields: {}, write: () => payload };
}

/** Raw indices of equal width: for tensors too small to pay for a code. */
export function planPacked(indexed: Indexed, isFloat: boolean): Plan {
  const { fields, bytes: codebook } = writeCodebook(indexed, isFloat);
  const width = indexBits(indexed.values.length);
  const escapes = escapesByChunk(indexed, CHUNK);
  return {
    layout: 'packed',
    bytes: codebook.length + Math.ceil((indexed.symbols.length * width) / 8) + sizeOf([escapes]),
    fields,
    write() {
      const writer = new ByteWriter().bytes(codebook);
      for (const { start, count } of chunks(indexed.symbols.length, CHUNK)) {
        const bits = new BitWriter();
        for (const symbol of indexed.symbols.subarray(start, start + count)) bits.write(symbol, width);
        writer.bytes(escapes[start / CHUNK]).bytes(bits.finish());
      }
      return writer.finish();
    },
  };
}

/** One Huffman code a weight, zero being a value like any other. */
export function planDense(indexed: Indexed, isFloat: boolean, split: Split = unsplit(indexed)): Plan {
  const { fields, bytes: codebook } = writeCodebook(indexed, isFloat);
  const codes = split.parts.map(({ counts }) => makeCode(counts));
  const escapes = split.parts.map((part) => escapesByChunk(part, CHUNK));
  return {
    layout: 'dense',
    bytes: codebook.length + split.table.length + bytesOf(codes) + sizeOf(escapes),
    fields: { ...fields, ...split.fields },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(split.table);
      for (const { table } of codes) writer.bytes(table);
      for (const [i, { symbols }] of split.parts.entries()) {
        for (const { start, count, isLast } of chunks(symbols.length, CHUNK)) {
          writer.bytes(escapes[i][start / CHUNK]);
          writeRun(writer, codes[i], symbols.subarray(start, start + count), isLast && i === codes.length - 1);
        }
      }
      return writer.finish();
    },
  };
}

/** Which weights are kept as Huffman-coded bytes of a bit mask, then the kept ones. */
export function planMask(indexed: Indexed, isFloat: boolean, split: Split = unsplit(indexed)): Plan | undefined {
  if (indexed.values[0] !== 0) return undefined;
  const { fields, bytes: codebook } = writeCodebook(indexed, isFloat, 1);
  const kernels = encodeKernels();
  const escapes = split.parts.map((part) => escapesByChunk(part, CHUNK));
  const parts = split.parts.map(({ symbols, counts }) => {
    const mask = kernels.maskOf(symbols);
    return { symbols, mask, kept: makeCode(counts.subarray(1)), masks: makeCode(kernels.countBytes(mask)) };
  });
  const codes = parts.flatMap(({ kept, masks }) => [kept, masks]);
  return {
    layout: 'mask',
    bytes: codebook.length + split.table.length + bytesOf(codes) + sizeOf(escapes),
    fields: { ...fields, ...split.fields },
    write() {
      const writer = new ByteWriter().bytes(codebook).bytes(split.table);
      for (const { kept, masks } of parts) writer.bytes(kept.table).bytes(masks.table);
      for (const [i, { symbols, mask, kept, masks }] of parts.entries()) {
        // The kept symbols count from one.
        const weights = { lengths: Uint8Array.of(0, ...kept.lengths), codes: Uint16Array.of(0, ...kept.codes) };
        for (const { start, count, isLast } of chunks(symbols.length, CHUNK)) {
          writer.bytes(escapes[i][start / CHUNK]);
          writeRun(writer, masks, mask.subarray(start / 8, Math.ceil((start + count) / 8)), false);
          const indices = kernels.withoutZeros(symbols.subarray(start, start + count));
          writeRun(writer, weights, indices, isLast && i === parts.length - 1);
        }
      }
      return writer.finish();
    },
  };
}

/** The bytes of all units by significance, each plane as cheaply as it can be: for values too many for a codebook. */
export function planPlanes(payload: Uint8Array, width: number): Plan | undefined {
  const units = payload.length / width;
  const split = encodeKernels().toPlanes(payload, width);
  const planes = Array.from({ length: width }, (_, p) => {
    return planPlane(split.subarray(p * units, (p + 1) * units));
  });
  const last = planes.findLastIndex(({ kind }) => kind !== 'constant');
  if (last < 0) return undefined;
  const bytes = Math.ceil(planes.reduce((sum, { cost }) => sum + cost, 0));
  return {
    layout: 'planes',
    bytes,
    fields: {},
    write() {
      const writer = new ByteWriter(bytes + ROOM_BESIDE);
      for (const { kind, bytes, code } of planes) {
        writer.byte(PLANES.indexOf(kind));
        if (kind === 'constant') writer.byte(bytes[0]);
        if (code) writer.bytes(code.table);
      }
      for (const { start, count, isLast } of chunks(units, CHUNK)) {
        for (const [p, { kind, bytes, code }] of planes.entries()) {
          const part = bytes.subarray(start, start + count);
          if (kind === 'raw') writer.bytes(part);
          if (code) writeRun(writer, code, part, isLast && p === last);
        }
      }
      return writer.finish();
    },
  };
}

/** Bytes that streams may take beyond what was expected, mostly for their lengths. */
const ROOM_BESIDE = 64;

/** A byte plane: what it is, and what that takes. */
interface Plane {
  readonly bytes: Uint8Array;
  readonly kind: (typeof PLANES)[number];
  /** Of what is coded. */
  readonly code?: WriterCode;
  readonly cost: number;
}

function planPlane(bytes: Uint8Array): Plane {
  const units = bytes.length;
  const counts = encodeKernels().countBytes(bytes);
  if (counts[bytes[0]] === units) return { bytes, kind: 'constant', cost: 2 };
  const raw: Plane = { bytes, kind: 'raw', cost: 1 + units };
  // A run's lengths are a few bytes a chunk: coding has to save more than that.
  const beside = 12 * Math.ceil(units / CHUNK);
  // Of the lowest bytes of floats no code makes less: then there is no need to make one.
  if (entropyBits(counts) / 8 + LEAST_TABLE + beside >= units) return raw;
  const code = makeCode(counts);
  const coded = code.table.length + code.bits / 8 + beside;
  return coded < units ? { bytes, kind: 'coded', code, cost: 1 + coded } : raw;
}

/** Bytes that the code lengths of a plane take at least. */
const LEAST_TABLE = 256 / 8;

/** Bits that no code of single symbols goes below. */
function entropyBits(counts: Uint32Array): number {
  let bits = 0;
  let total = 0;
  for (const count of counts) {
    total += count;
    if (count > 0) bits -= count * Math.log2(count);
  }
  return total > 0 ? bits + total * Math.log2(total) : 0;
}
