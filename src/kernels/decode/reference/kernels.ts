import { stripes } from '../../../binary/xxh32.js';
import { decodingTable } from '../../../entropy/table.js';
import { CHUNK_AT, KEPT_AT, type Kernels, MASK_AT, PARTS_AT, PLANE_BYTES, type Units, WORK_BYTES } from '../kernels.js';
import { decodeContexts } from './contexts.js';
import { decodePairs, decodeSymbols, type PairCode } from './streams.js';

const SYMBOLS = Uint32Array.from({ length: 256 }, (_, symbol) => symbol);

/** Decodes a stream, of `bytes[start … end)`, to `out` from `at` on; says whether it is sound. */
type StreamDecoder = (
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Units,
  at: number,
  symbols: number,
) => boolean;

/** The kernels in plain TypeScript: what runs where WebAssembly may not, what it is tested against, and how to read it. */
export function referenceKernels(): Kernels {
  const work = new Uint8Array(WORK_BYTES);
  const slots: { decode: StreamDecoder; width: number }[] = [];
  let pairCode: PairCode & { width: number };

  return {
    work,
    stripes,

    setCode(slot, lengths, width, values = SYMBOLS) {
      const table = decodingTable(lengths);
      const decode: StreamDecoder = (bytes, start, end, ...rest) =>
        decodeSymbols(bytes, start, end, table, values, ...rest);
      slots[slot] = { decode, width };
    },

    setContexts(codes, classes, distance, width, values) {
      const code = { tables: codes.map(decodingTable), classes, distance, values };
      slots[0] = { decode: (bytes, start, end, ...rest) => decodeContexts(bytes, start, end, code, ...rest), width };
    },

    run(slot, bytes, ends, each, count, at) {
      const { decode, width } = slots[slot];
      const out = units(work, at, width, count);
      return ends.every((end, i) => {
        const symbols = Math.min(each, count - i * each);
        return decode(bytes, i === 0 ? 0 : ends[i - 1], end, out, i * each, symbols);
      });
    },

    setPairCodes(gaps, weights, width, values) {
      const filler = gaps.length - 1;
      pairCode = { gaps: decodingTable(gaps), weights: decodingTable(weights), values, filler, width };
    },

    pairs(bytes, ends, starts, each, count, limit) {
      const out = units(work, CHUNK_AT, pairCode.width, limit).fill(0);
      let position = 0;
      for (const [i, end] of ends.entries()) {
        if (starts[i] !== position) return -1;
        const pairs = Math.min(each, count - i * each);
        position = decodePairs(bytes, i === 0 ? 0 : ends[i - 1], end, pairCode, out, position, limit, pairs);
        if (position < 0) return -1;
      }
      return position;
    },

    countKept(bytes) {
      let kept = 0;
      for (let i = 0; i < 8 * bytes; i++) kept += isKept(work, i);
      return kept;
    },

    expand(count, width) {
      const out = units(work, CHUNK_AT, width, count);
      const kept = units(work, KEPT_AT, width, count);
      let next = 0;
      for (let i = 0; i < count; i++) out[i] = isKept(work, i) ? kept[next++] : 0;
    },

    scale(steps, inner, start, count) {
      const out = new Float32Array(work.buffer, CHUNK_AT, count);
      for (let i = 0; i < count; i++) out[i] *= steps[Math.floor((start + i) / inner) % steps.length];
    },

    interleave(count, width) {
      for (let p = 0; p < width; p++) {
        const plane = PARTS_AT + p * PLANE_BYTES;
        for (let i = 0; i < count; i++) work[CHUNK_AT + i * width + p] = work[plane + i];
      }
    },

    unpack(bytes, bits, count, width, values) {
      const out = units(work, CHUNK_AT, width, count);
      let largest = 0;
      for (let i = 0, bit = 0; i < count; i++, bit += bits) {
        const pair = bytes[bit >> 3] | (bytes[(bit >> 3) + 1] << 8);
        const index = (pair >> (bit & 7)) & ((1 << bits) - 1);
        largest = Math.max(largest, index);
        out[i] = values[index];
      }
      return largest;
    },
  };
}

function isKept(work: Uint8Array, i: number): number {
  return (work[MASK_AT + (i >> 3)] >> (i & 7)) & 1;
}

function units(work: Uint8Array<ArrayBuffer>, at: number, width: number, count: number): Units {
  const array = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
  return new array(work.buffer, work.byteOffset + at, count);
}
