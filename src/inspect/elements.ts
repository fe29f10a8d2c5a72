import { bitsOf, type DType } from '../binary/dtype.js';
import { MAX_CODEBOOK } from '../container/constants.js';
import { asUnits } from '../container/write/symbols.js';
import type { Units } from '../kernels/decode/kernels.js';
import { encodeKernels } from '../kernels/encode/index.js';
import type { PayloadForm } from '../model/structure.js';

/** A payload counted by its values. */
export interface Values {
  /** Elements that are not zero. */
  readonly kept: number;
  /** Distinct values besides zero; `undefined` when there are more than {@link MAX_DISTINCT}. */
  readonly distinct: number | undefined;
}

/** What a codebook of the container holds besides zero. */
export const MAX_DISTINCT = MAX_CODEBOOK - 1;

/** Types in which the sign bit alone is a zero, too. */
const SIGNED_ZERO = new Set<DType>([
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'float8e4m3fn',
  'float8e5m2',
  'float4e2m1',
]);

/**
 * Counts what is not zero in a payload, and how many values there are. Works on bit patterns: −0 is a zero, every NaN a
 * value of its own. Of types from the future not even the size is known: their elements all count as kept.
 */
export function countValues(payload: Uint8Array, dtype: DType, form: PayloadForm, count: number): Values {
  const bits = bitsOf(dtype);
  if (form === 'varint') {
    // Several elements of less than a byte are packed into the lowest byte of a number, as into one of raw data.
    if (bits !== undefined && bits < 8) return countValues(lowestBytes(payload), dtype, 'raw', count);
    return countVarints(payload, SIGNED_ZERO.has(dtype) && bits !== undefined ? 1n << BigInt(bits - 1) : 0n);
  }
  if (bits === undefined) return { kept: count, distinct: undefined };
  if (bits > 32) return countWide(payload, bits / 8, SIGNED_ZERO.has(dtype));
  const sign = SIGNED_ZERO.has(dtype) ? 2 ** (bits - 1) : 0;
  return bits < 8
    ? countUnits(unpacked(payload, bits, count), sign)
    : countUnits(asUnits(payload.subarray(0, payload.length - (payload.length % (bits / 8))), bits / 8), sign);
}

/** @param sign - the pattern of −0, or 0 where there is none */
function countUnits(units: Units, sign: number): Values {
  const found = encodeKernels().findValues(units, MAX_DISTINCT + 2);
  if (found === undefined) return { kept: countKept(units, sign), distinct: undefined };
  let kept = 0;
  let distinct = 0;
  for (const [number, value] of found.values.entries()) {
    if (value === 0 || value === sign) continue;
    kept += found.counts[number];
    distinct++;
  }
  return { kept, distinct: distinct > MAX_DISTINCT ? undefined : distinct };
}

function countKept(units: Units, sign: number): number {
  let kept = 0;
  for (let i = 0; i < units.length; i++) if (units[i] !== 0 && units[i] !== sign) kept++;
  return kept;
}

/** Elements of less than a byte, the first in the low bits. */
function unpacked(payload: Uint8Array, bits: number, count: number): Uint8Array {
  const each = 8 / bits;
  const units = new Uint8Array(Math.min(count, payload.length * each));
  for (let i = 0; i < units.length; i++) {
    units[i] = (payload[Math.floor(i / each)] >> ((i % each) * bits)) & (2 ** bits - 1);
  }
  return units;
}

function countWide(payload: Uint8Array, bytes: number, isFloat: boolean): Values {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return countBig(
    (function* () {
      for (let at = 0; at + bytes <= payload.length; at += bytes) {
        let value = 0n;
        for (let k = bytes - 8; k >= 0; k -= 8) value = (value << 64n) | view.getBigUint64(at + k, true);
        yield isFloat && value === 1n << 63n ? 0n : value;
      }
    })(),
  );
}

/** The lowest eight bits of each varint. */
function lowestBytes(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(payload.length);
  let count = 0;
  let isFirst = true;
  for (const [i, byte] of payload.entries()) {
    // The eighth bit is the lowest of the byte that follows.
    if (isFirst) bytes[count++] = (byte & 0x7f) | (byte < 0x80 ? 0 : (payload[i + 1] & 1) << 7);
    isFirst = byte < 0x80;
  }
  return bytes.subarray(0, count);
}

/** @param sign - the pattern of −0, or 0 where there is none */
function countVarints(payload: Uint8Array, sign: bigint): Values {
  return countBig(
    (function* () {
      let value = 0n;
      let shift = 0n;
      for (const byte of payload) {
        value |= BigInt(byte & 0x7f) << shift;
        shift += 7n;
        if (byte >= 0x80) continue;
        yield value === sign ? 0n : value;
        value = 0n;
        shift = 0n;
      }
    })(),
  );
}

function countBig(values: Iterable<bigint>): Values {
  let kept = 0;
  const seen = new Set<bigint>();
  for (const value of values) {
    if (value === 0n) continue;
    kept++;
    if (seen.size <= MAX_DISTINCT) seen.add(value);
  }
  return { kept, distinct: seen.size > MAX_DISTINCT ? undefined : seen.size };
}
