import type { DType } from '../binary/dtype.js';
import { CHUNK, MAX_CODEBOOK, SPARSE_CHUNK } from '../container/constants.js';
import type { TensorEntry } from '../container/header.js';
import { chunks } from '../container/read/layouts.js';
import { streamsOf } from '../container/write/contexts.js';
import { asUnits } from '../container/write/symbols.js';
import { present } from '../guards.js';
import type { Units } from '../kernels/decode/kernels.js';
import { encodeKernels } from '../kernels/encode/index.js';
import type { FoundValues } from '../kernels/encode/kernels.js';
import type { Parts } from './section-parts.js';

/** What the streams of a section hold, in bits. */
export interface CodedBits {
  /** How many values are coded: elements, except for types of less than a byte and for varints. */
  readonly units: number;
  /** What values other than zero take in Huffman codes. */
  readonly valueBits: number;
  /** What positions take before Huffman coding: a gap of fixed width before each weight or filler, or a bit mask. */
  readonly positionBits: number;
}

/** Counts the bits of a tensor's values and positions. */
export function codedBits(entry: TensorEntry, payload: Uint8Array, parts: Parts): CodedBits {
  const units = codedUnits(entry, asUnits(payload, entry.width), parts);
  const sign = signOf(entry.dtype);
  // A codebook's values, and zero where that is not listed.
  const found = present(encodeKernels().findValues(units, MAX_CODEBOOK + 1));
  const valueBits =
    entry.contexts.distance > 0
      ? followedValueBits(entry, units, sign, parts)
      : parts.bitsOfValue.length > 1
        ? linedValueBits(entry, units, sign, parts)
        : codedValueBits(found, sign, parts);
  return { units: units.length, valueBits, positionBits: positionBits(entry, found) };
}

/** The pattern that is a zero with a sign. Codebooks list it apart from zero. */
function signOf(dtype: DType): number {
  if (dtype === 'float32') return 2 ** 31;
  return dtype === 'float16' || dtype === 'bfloat16' ? 2 ** 15 : 0;
}

/** Units as the codebook has them: of grids by line the integers that steps multiply, and zeros where weights are escapes. */
function codedUnits({ lines: { inner } }: TensorEntry, units: Units, { book, bitsOfValue }: Parts): Units {
  const { steps, readEscapes } = book ?? {};
  if (!(units instanceof Uint32Array) || !(steps || readEscapes)) return units;
  const floats = new Float32Array(units.buffer, units.byteOffset, units.length);
  const coded = steps
    ? new Uint32Array(floats.map((value, i) => Math.round(value / steps[Math.floor(i / inner) % steps.length])).buffer)
    : units;
  return coded.map((pattern) => (bitsOfValue.some((bits) => bits.has(pattern)) ? pattern : 0));
}

function linedValueBits(
  { lines: { count, inner } }: TensorEntry,
  units: ArrayLike<number>,
  sign: number,
  { bitsOfValue, classes }: Parts,
): number {
  let bits = 0;
  for (let i = 0; i < units.length; i++) {
    if (units[i] === 0 || units[i] === sign) continue;
    bits += bitsOfValue[classes[Math.floor(i / inner) % count]].get(units[i]) ?? 0;
  }
  return bits;
}

function followedValueBits(
  { contexts: { distance } }: TensorEntry,
  units: ArrayLike<number>,
  sign: number,
  { bitsOfValue, classes }: Parts,
): number {
  const classOf = new Map([...bitsOfValue[0].keys()].map((value, i) => [value, classes[i]]));
  let bits = 0;
  for (const { start, count } of chunks(units.length, CHUNK)) {
    for (const { from, to } of streamsOf(start, count)) {
      for (let i = from; i < to; i++) {
        if (units[i] === 0 || units[i] === sign) continue;
        const of = i < from + distance ? 0 : (classOf.get(units[i - distance]) ?? 0);
        bits += bitsOfValue[of].get(units[i]) ?? 0;
      }
    }
  }
  return bits;
}

function codedValueBits({ values, counts }: FoundValues, sign: number, { bitsOfValue: [bitsOfValue] }: Parts): number {
  let bits = 0;
  for (const [number, value] of values.entries()) {
    if (value !== 0 && value !== sign) bits += counts[number] * (bitsOfValue?.get(value) ?? 0);
  }
  return bits;
}

function positionBits({ layout, gapBits }: TensorEntry, { values, symbols }: FoundValues): number {
  if (layout === 'mask') return symbols.length;
  if (layout !== 'gap') return 0;
  const kernels = encodeKernels();
  const isKept = symbols.slice();
  kernels.relabel(
    isKept,
    Uint16Array.from(values, (value) => Number(value !== 0)),
  );
  const { runs, tails } = kernels.countRuns(isKept, SPARSE_CHUNK);
  const filler = (1 << gapBits) - 1;
  const fillers = (zeros: number) => Math.floor(zeros / filler);
  let pairs = 0;
  for (const [zeros, count] of runs.entries()) pairs += count * (1 + fillers(zeros));
  for (const zeros of tails) pairs += fillers(zeros);
  return pairs * gapBits;
}
