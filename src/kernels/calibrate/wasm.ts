import { type Exports, instancesOf, lender } from '../loader.js';
import { MODULE } from './generated/module.js';
import type { CalibrationKernels, Levels } from './kernels.js';
import { BITS, BLOCK, DEPTH, FIXED, LEVELS, TABLE_BYTES } from './memory.js';
import { referenceKernels } from './reference/kernels.js';

/** An instance whose memory has grown beyond this is not kept: memories never shrink. */
const KEPT = 1 << 24;
/** Rows of weights are worked on in parts, so that a part and what it is made from take about so many bytes. */
const PART = 1 << 26;
/** Below so many products the reference is done before a call is prepared. */
const SMALL = 4096;

/** Compiles the module; fails where a Content-Security-Policy forbids it or the platform has no vector instructions. */
export function compileCalibrationKernels(): CalibrationKernels {
  const lendBytes = lender(instancesOf(MODULE, KEPT));

  /** Lends areas of so many bytes. */
  function lend<T>(sizes: readonly number[], work: (memory: Memory, exports: Exports, ...places: number[]) => T): T {
    const places: number[] = [];
    let end = 64;
    for (const size of sizes) {
      places.push(end);
      end += Math.ceil(size / 64) * 64;
    }
    return lendBytes(end, (exports) => work(new Memory(exports.memory.buffer), exports, ...places));
  }

  /** Goes through rows of weights part by part. */
  function inParts(total: number, size: number, areas: number, work: (first: number, count: number) => void): void {
    const most = Math.max(BLOCK, Math.floor(PART / (8 * areas * padded(size))));
    for (let first = 0; first < total; first += most) work(first, Math.min(most, total - first));
  }

  /** Adds rows · matrix to sums, both in the memory already; the matrix is brought panel by panel. */
  function addProduct(
    memory: Memory,
    { multiply }: Exports,
    { sums, rows, panel, work }: { sums: number; rows: number; panel: number; work: number },
    count: number,
    matrix: Float64Array,
    size: number,
  ): void {
    const stride = strideOf(size);
    for (let start = 0; start < size; start += DEPTH) {
      const depth = Math.min(DEPTH, size - start);
      memory.put(panel, matrix, start, depth, size);
      multiply(sums, stride, rows + 8 * start, stride, panel, stride, count, size, depth, 1, 0, 0, work);
    }
  }

  return {
    inverseFactor(matrix, size) {
      if (size ** 3 < SMALL) return referenceKernels.inverseFactor(matrix, size);
      const stride = strideOf(size);
      const bytes = stride * padded(size);
      return lend([bytes, BLOCK * stride, workBytes(size)], (memory, { factorPanel, invertPanel }, at, fresh, work) => {
        // Back to front, the decomposition from the last row up is the usual one.
        memory.put(at, matrix, 0, size, size);
        memory.turn(at, size);
        for (let start = 0; start < size; start += BLOCK) {
          if (!factorPanel(at, stride, size, start, work)) return false;
        }
        for (let start = 0; start < size; start += BLOCK) invertPanel(at, stride, size, start, fresh, work);
        memory.turn(at, size);
        memory.get(at, matrix, 0, size, size);
        return true;
      });
    },

    product(rows, matrix, size) {
      if (rows.length * size < SMALL) return referenceKernels.product(rows, matrix, size);
      const result = new Float64Array(rows.length);
      inParts(rows.length / size, size, 2, (first, count) => {
        const bytes = strideOf(size) * padded(count);
        const sizes = [bytes, bytes, strideOf(size) * DEPTH, workBytes(count)];
        lend(sizes, (memory, exports, left, sums, panel, work) => {
          memory.put(left, rows, first, count, size);
          memory.clear(sums, bytes);
          addProduct(memory, exports, { sums, rows: left, panel, work }, count, matrix, size);
          memory.get(sums, result, first, count, size);
        });
      });
      return result;
    },

    timesInverse(rows, factor, size) {
      if (rows.length * size < SMALL) return referenceKernels.timesInverse(rows, factor, size);
      const stride = strideOf(size);
      inParts(rows.length / size, size, 2, (first, count) => {
        const bytes = stride * padded(count);
        const sizes = [bytes, bytes, 8 * DEPTH * padded(count), stride * DEPTH, workBytes(count)];
        lend(sizes, (memory, { multiply }, left, sums, middle, panel, work) => {
          memory.put(left, rows, first, count, size);
          memory.clear(sums, bytes);
          for (let start = 0; start < size; start += DEPTH) {
            const depth = Math.min(DEPTH, size - start);
            const rest = size - start;
            memory.put(panel, factor, start, depth, size);
            memory.clear(middle, 8 * DEPTH * padded(count));
            const offset = 8 * start;
            const between = 8 * DEPTH;
            multiply(middle, between, left + offset, stride, panel + offset, stride, count, depth, rest, 1, 1, 0, work);
            multiply(sums + offset, stride, middle, between, panel + offset, stride, count, rest, depth, 1, 0, 0, work);
          }
          memory.get(sums, rows, first, count, size);
        });
      });
    },

    quantise(shape, targets, factor, levels, bits, penalty, symbols, coupling) {
      const { rows, inputs } = shape;
      if (rows * inputs * inputs < SMALL) {
        referenceKernels.quantise(shape, targets, factor, levels, bits, penalty, symbols, coupling);
        return;
      }
      const stride = strideOf(inputs);
      const top = levels.length - 1;
      const work = (first: number, count: number) => {
        const bytes = stride * padded(count);
        const errorBytes = 8 * BLOCK * padded(count);
        const sizes = [bytes, 2 * count * inputs, errorBytes, errorBytes, stride * BLOCK, TABLE_BYTES];
        const rest = [workBytes(count), coupling ? squareBytes(rows) : 0];
        lend([...sizes, ...rest], (memory, exports, weights, chosen, errors, own, panel, table, work, shares) => {
          const { quantiseRow, addRows, multiply } = exports;
          memory.put(weights, targets, first, count, inputs);
          if (coupling) memory.put(shares, coupling, 0, rows, rows);
          memory.putLevels(table, levels, bits);
          memory.symbols(chosen, count * inputs).set(symbols.subarray(first * inputs, (first + count) * inputs));
          for (let start = 0; start < inputs; start += BLOCK) {
            const width = Math.min(BLOCK, inputs - start);
            const rest = inputs - start - width;
            memory.put(panel, factor, start, width, inputs);
            memory.clear(errors, errorBytes);
            for (let row = 0; row < count; row++) {
              const price = penalty[first + row];
              const at = weights + row * stride + 8 * start;
              const symbol = chosen + 2 * (row * inputs + start);
              const [carried, fresh] = [errors + 8 * BLOCK * row, own + 8 * BLOCK * row];
              if (coupling) addRows(carried, own, 8 * BLOCK, shares + row * strideOf(rows), row, width);
              quantiseRow(at, symbol, carried, fresh, panel + 8 * start, stride, width, price, table, top);
            }
            if (rest === 0) continue;
            const behind = 8 * (start + width);
            const operands = [weights + behind, stride, errors, 8 * BLOCK, panel + behind, stride];
            multiply(...operands, count, rest, width, -1, 0, 0, work);
          }
          symbols.set(memory.symbols(chosen, count * inputs), first * inputs);
        });
      };
      if (coupling) work(0, rows);
      else inParts(rows, inputs, 1, work);
    },

    descend(shape, targets, moments, levels, bits, penalty, symbols, sweeps, coupling) {
      const { rows, inputs } = shape;
      if (rows * inputs * inputs < SMALL) {
        referenceKernels.descend(shape, targets, moments, levels, bits, penalty, symbols, sweeps, coupling);
        return;
      }
      const stride = strideOf(inputs);
      const top = levels.length - 1;
      const work = (first: number, count: number) => {
        const bytes = stride * padded(count);
        const sizes = [bytes, bytes, 2 * count * inputs, stride * DEPTH, TABLE_BYTES, workBytes(count), 8 * DEPTH];
        const rest = coupling ? squareBytes(rows) : 0;
        lend([...sizes, rest], (memory, exports, differences, gradients, chosen, panel, table, work, slope, shares) => {
          const { addRows, descendRow } = exports;
          const part = symbols.subarray(first * inputs, (first + count) * inputs);
          const missed = new Float64Array(part.length);
          for (let i = 0; i < part.length; i++) missed[i] = targets[first * inputs + i] - levels[part[i] & ~FIXED];
          memory.put(differences, missed, 0, count, inputs);
          memory.clear(gradients, bytes);
          if (coupling) memory.put(shares, coupling, 0, rows, rows);
          memory.putLevels(table, levels, bits);
          const there = memory.symbols(chosen, part.length);
          there.set(part);
          addProduct(memory, exports, { sums: gradients, rows: differences, panel, work }, count, moments, inputs);
          const changes = new Uint32Array(count).fill(1);
          for (let sweep = 0; sweep < sweeps && changes.some((times) => times > 0); sweep++) {
            // Rows by themselves of which the last sweep has changed nothing are done.
            const active = [...changes.keys()].filter((row) => coupling || changes[row] > 0);
            changes.fill(0);
            for (let start = 0; start < inputs; start += DEPTH) {
              const width = Math.min(DEPTH, inputs - start);
              memory.put(panel, moments, start, width, inputs);
              for (const row of active) {
                const [at, line] = [gradients + row * stride, chosen + 2 * row * inputs];
                const price = penalty[first + row];
                if (coupling) {
                  memory.clear(slope, 8 * width);
                  addRows(slope, gradients + 8 * start, stride, shares + row * strideOf(rows), rows, width);
                }
                const from = coupling ? slope : at + 8 * start;
                changes[row] += descendRow(...[at, from, line, panel, stride, inputs, start, width, price, table, top]);
              }
            }
          }
          part.set(there);
        });
      };
      if (coupling) work(0, rows);
      else inParts(rows, inputs, 2, work);
    },
  };
}

/** Rows and columns are filled up with zeros to multiples of four. */
function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function strideOf(size: number): number {
  return 8 * padded(size);
}

/** A square matrix, row by row. */
function squareBytes(size: number): number {
  return strideOf(size) * padded(size);
}

function workBytes(rows: number): number {
  return 8 * (4 * DEPTH + DEPTH * padded(rows) + BLOCK * BLOCK);
}

/** Views of a memory, and the ways in and out. */
class Memory {
  readonly #floats: Float64Array;
  readonly #buffer: ArrayBuffer;

  constructor(buffer: ArrayBuffer) {
    this.#buffer = buffer;
    this.#floats = new Float64Array(buffer);
  }

  clear(at: number, bytes: number): void {
    this.#floats.fill(0, at / 8, (at + bytes) / 8);
  }

  /** Rows of a matrix to an area of the memory that has room for a multiple of four. */
  put(at: number, matrix: Float64Array, first: number, count: number, size: number): void {
    const width = padded(size);
    let to = at / 8;
    if (width === size) {
      this.#floats.set(matrix.subarray(first * size, (first + count) * size), to);
      to += count * size;
    } else {
      for (let row = first; row < first + count; row++, to += width) {
        this.#floats.set(matrix.subarray(row * size, (row + 1) * size), to);
        this.#floats.fill(0, to + size, to + width);
      }
    }
    this.#floats.fill(0, to, at / 8 + padded(count) * width);
  }

  get(at: number, matrix: Float64Array, first: number, count: number, size: number): void {
    const width = padded(size);
    if (width === size) {
      matrix.set(this.#floats.subarray(at / 8, at / 8 + count * size), first * size);
      return;
    }
    for (let row = 0; row < count; row++) {
      const from = at / 8 + row * width;
      matrix.set(this.#floats.subarray(from, from + size), (first + row) * size);
    }
  }

  /** Reverses the order of rows and columns of a square matrix. */
  turn(at: number, size: number): void {
    const width = padded(size);
    const row = (i: number) => this.#floats.subarray(at / 8 + i * width, at / 8 + i * width + size);
    for (let i = 0, j = size - 1; i <= j; i++, j--) {
      const top = row(i).slice().reverse();
      row(i).set(row(j).reverse());
      row(j).set(top);
    }
  }

  putLevels(at: number, levels: Levels, bits: Float32Array): void {
    const top = levels.length - 1;
    const slope = top / (levels[top] - levels[0]);
    this.#floats[at / 8] = Number.isFinite(slope) ? slope : 0;
    this.#floats.set(levels, (at + LEVELS) / 8);
    this.#floats.set(bits, (at + BITS) / 8);
  }

  symbols(at: number, count: number): Uint16Array {
    return new Uint16Array(this.#buffer, at, count);
  }
}
