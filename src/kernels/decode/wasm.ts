import { type Exports, instantiate } from '../loader.js';
import { MODULE } from './generated/module.js';
import { KEPT_AT, type Kernels, MASK_AT, PARTS_AT, PLANE_BYTES, WORK_BYTES } from './kernels.js';
import {
  CONTEXT_BITS,
  CONTEXTS,
  GAP_SLOT,
  INPUT,
  INPUT_BYTES,
  LANES,
  LENGTHS,
  SLOT_BYTES,
  SLOTS,
  VALUES,
  WORK,
} from './memory.js';

/** What a slot holds: which of the module's functions reads its rows, and how. */
interface Slot {
  readonly run: Exports[string];
  readonly bits: number;
  readonly width: number;
}

/** Above this many bits a symbol, two seldom fit into one look-up. */
const MULTI_BELOW = 5.5;

/** For fewer symbols than this, making a table for several takes longer than looking them up one by one. */
const MULTI_FROM = 1 << 16;

/** Tables for several symbols a look-up have at least as many bits. */
const MULTI_BITS = 12;
const NARROW_BITS = 11;

const SYMBOLS = Uint32Array.from({ length: 256 }, (_, symbol) => symbol);

/** Compiles the module. Fails where there is no WebAssembly or a Content-Security-Policy forbids it. */
export function compileKernels(): Promise<Kernels> {
  return instantiate(MODULE).then(wasmKernels);
}

function wasmKernels(kernels: Exports): Kernels {
  const { buffer } = kernels.memory;
  const memory = new Uint8Array(buffer);
  const lanesThere = new Int32Array(buffer, LANES, 4);
  const slots: Slot[] = [];
  /** Of pairs: the masks of both codes' look-ups and the filler; and the width of a weight. */
  let codes: number[];
  let pairWidth: number;

  const slotAt = (slot: number) => SLOTS + slot * SLOT_BYTES;
  const putValues = (slot: number, values: Uint32Array) =>
    new Uint32Array(buffer, slotAt(slot) + VALUES, values.length).set(values);

  /** Builds the entries of a code; gives the number of bits that a look-up takes. */
  const build = (slot: number, lengths: Uint8Array, values: Uint32Array, bits: number) => {
    memory.set(lengths, LENGTHS);
    putValues(slot, values);
    return kernels.build(slotAt(slot), lengths.length, bits);
  };

  /** Brings streams into the memory; gives where each starts, 0 for those that are not there, and where they end. */
  const bring = (bytes: Uint8Array, ends: readonly number[]) => {
    memory.set(bytes, INPUT);
    const starts = [0, 1, 2].map((i) => (i + 1 < ends.length ? INPUT + ends[i] : 0));
    return [INPUT, ...starts, INPUT + bytes.length];
  };

  return {
    work: memory.subarray(WORK, WORK + WORK_BYTES),

    stripes(lanes, bytes) {
      lanesThere.set(lanes);
      for (let at = 0; at < bytes.length; at += 1 << 16) {
        const piece = bytes.subarray(at, at + (1 << 16));
        memory.set(piece, INPUT);
        kernels.stripes(piece.length);
      }
      lanes.set(lanesThere);
    },

    setCode(slot, lengths, width, values = SYMBOLS, count = Number.POSITIVE_INFINITY) {
      let entropy = 0;
      for (const length of lengths) entropy += length / (1 << length);
      const isSingle = width === 4 && (entropy > MULTI_BELOW || count < MULTI_FROM);
      const bits = build(slot, lengths, values, isSingle ? 0 : width < 4 ? NARROW_BITS : MULTI_BITS);
      if (width < 4) kernels.narrowRows(slotAt(slot), bits, width);
      else kernels.wideRows(bits, isSingle ? 4 : 12);
      const run = isSingle ? kernels.runSingle : width === 4 ? kernels.runMulti : kernels.runNarrow;
      slots[slot] = { run, bits, width };
    },

    setContexts(codes, classes, distance, width, values) {
      const bits = Math.max(...codes.map((lengths) => Math.max(...lengths)));
      const plain = new Uint16Array(buffer, SLOTS, 1 << bits);
      const entries = new Uint32Array(buffer, CONTEXTS);
      for (const [of, lengths] of codes.entries()) {
        build(0, lengths, values, bits);
        // Above an entry stands where those of the class of its symbol are, in bytes.
        for (let i = 0; i < plain.length; i++) {
          const entry = plain[i];
          entries[(of << CONTEXT_BITS) + i] = entry | (classes[entry >> 6] << (CONTEXT_BITS + 18));
        }
      }
      slots[0] = { run: kernels.runContexts, bits: (distance << 4) | bits, width };
    },

    run(slot, bytes, ends, each, count, at) {
      const { run, bits, width } = slots[slot];
      // More than the codes of any chunk take: some stream is too long.
      if (bytes.length > INPUT_BYTES) return false;
      const last = count - (ends.length - 1) * each;
      const streams = bring(bytes, ends);
      return run(slotAt(slot), bits, ...streams, WORK + at, each * width, last * width, width) !== 0;
    },

    setPairCodes(gaps, weights, width, values) {
      const gapBits = build(GAP_SLOT, gaps, SYMBOLS, 0);
      const weightBits = build(0, weights, values, 0);
      codes = [(1 << gapBits) - 1, (1 << weightBits) - 1, gaps.length - 1];
      pairWidth = width;
    },

    pairs(bytes, ends, starts, each, count, limit) {
      if (bytes.length > INPUT_BYTES) return -1;
      const last = count - (ends.length - 1) * each;
      const [, second = 0, third = 0, fourth = 0] = starts;
      const streams = bring(bytes, ends);
      return kernels[`pairs${pairWidth}`](...streams, each, last, second, third, fourth, limit, ...codes);
    },

    countKept: (bytes) => kernels.countKept(WORK + MASK_AT, bytes),

    expand(count, width) {
      kernels[`expand${width}`](WORK + MASK_AT, WORK + KEPT_AT, count);
    },

    scale(steps, inner, start, count) {
      const skip = start % inner;
      const lines = Math.min(steps.length, Math.ceil((skip + count) / inner));
      const first = ((start - skip) / inner) % steps.length;
      const part = steps.subarray(first, first + lines);
      const there = new Float32Array(buffer, INPUT, lines);
      there.set(part);
      there.set(steps.subarray(0, lines - part.length), part.length);
      kernels.scale(lines, Math.min(inner, count), Math.min(inner - skip, count), count);
    },

    interleave(count, width) {
      kernels.interleave(WORK + PARTS_AT, PLANE_BYTES, count, width);
    },

    unpack(bytes, bits, count, width, values) {
      memory.set(bytes, INPUT);
      putValues(0, values);
      return kernels.unpack(bits, count, width);
    },
  };
}
