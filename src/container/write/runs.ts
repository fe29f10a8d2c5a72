import { type ByteWriter, concat } from '../../binary/bytes.js';
import { encodeKernels } from '../../encode-kernels/index.js';
import type { StreamCode } from '../../encode-kernels/kernels.js';
import { canonicalCodes } from '../../entropy/canonical.js';
import { codedBits, codeLengths } from '../../entropy/lengths.js';
import { packNibbles } from '../../entropy/nibbles.js';
import { codeLimit, FOUR_STREAMS_FROM, segments } from '../constants.js';

/** A Huffman code ready to write with, and what a text with the counts it was made from costs. */
export interface WriterCode extends StreamCode {
  /** The code lengths as they stand in a section. */
  readonly table: Uint8Array;
  /** Bits that the counted symbols take. */
  readonly bits: number;
}

/** The best code for symbols that occur this often. */
export function makeCode(counts: ArrayLike<number>): WriterCode {
  const lengths = codeLengths(counts, codeLimit(counts.length));
  return { lengths, codes: canonicalCodes(lengths), table: packNibbles(lengths), bits: codedBits(counts, lengths) };
}

/** Writes the streams of a run: each but the section's last preceded by its length. */
export function writeStreams(writer: ByteWriter, streams: readonly Uint8Array[], isLast: boolean): void {
  for (const [i, stream] of streams.entries()) if (i < streams.length - 1 || !isLast) writer.varint(stream.length);
  writer.bytes(concat(streams));
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
