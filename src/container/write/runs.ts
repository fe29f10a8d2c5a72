import { BitWriter } from '../../binary/bits.js';
import type { ByteWriter } from '../../binary/bytes.js';
import { canonicalCodes } from '../../entropy/canonical.js';
import { writeGolomb, zigzag } from '../../entropy/golomb.js';
import { codedBits, codeLengths } from '../../entropy/lengths.js';
import { encodeKernels } from '../../kernels/encode/index.js';
import type { StreamCode } from '../../kernels/encode/kernels.js';
import { codeLimit, FOUR_STREAMS_FROM, firstLength, segments } from '../constants.js';

/** A Huffman code ready to write with, and what a text with the counts it was made from costs. */
export class WriterCode implements StreamCode {
  /** Bits that the counted symbols take. */
  readonly bits: number;
  #codes: Uint16Array | undefined;
  #table: Uint8Array | undefined;

  constructor(
    readonly lengths: Uint8Array,
    counts: ArrayLike<number>,
  ) {
    this.bits = codedBits(counts, lengths);
  }

  // Of many codes that are looked at few are written with.
  get codes(): Uint16Array {
    this.#codes ??= canonicalCodes(this.lengths);
    return this.#codes;
  }

  /** The code lengths as they stand in a section. */
  get table(): Uint8Array {
    this.#table ??= lengthTable(this.lengths);
    return this.#table;
  }
}

/** The best code for symbols that occur this often. */
export function makeCode(counts: ArrayLike<number>, limit = codeLimit(counts.length)): WriterCode {
  return new WriterCode(codeLengths(counts, limit), counts);
}

/** Bytes that codes take with all that is written in them: exact but for the padding and the lengths of streams. */
export function bytesOf(codes: readonly WriterCode[]): number {
  return Math.ceil(codes.reduce((sum, { table, bits }) => sum + table.length + bits / 8, 0));
}

/** Code lengths as they stand in a section: each as its difference to the one before. */
function lengthTable(lengths: Uint8Array): Uint8Array {
  const bits = new BitWriter();
  let before = firstLength(lengths.length);
  for (const length of lengths) {
    writeGolomb(bits, zigzag(length - before), 0);
    before = length;
  }
  return bits.finish();
}

/** Writes the streams of a run: each but the section's last preceded by its length. */
export function writeStreams(writer: ByteWriter, streams: readonly Uint8Array[], isLast: boolean): void {
  for (const [i, stream] of streams.entries()) if (i < streams.length - 1 || !isLast) writer.varint(stream.length);
  for (const stream of streams) writer.bytes(stream);
}

/** Writes a run of symbols in one stream or four. */
export function writeRun(
  writer: ByteWriter,
  code: StreamCode,
  symbols: Uint8Array | Uint16Array,
  isLast: boolean,
): void {
  writeStreams(writer, encodeKernels().encodeRun(symbols, code, segments(symbols.length, FOUR_STREAMS_FROM)), isLast);
}
