import type { Units } from '../../decode/kernels.js';
import type { FoundValues } from '../kernels.js';

export function findValues(units: Units, most: number): FoundValues | undefined {
  // Open addressing over at most 2048 values in 4096 slots: short probes, and a full table is noticed early.
  const slots = new Int32Array(4096).fill(-1);
  const values = new Uint32Array(most);
  const counts = new Uint32Array(most);
  const symbols = new Uint16Array(units.length);
  let found = 0;
  for (let i = 0; i < units.length; i++) {
    const value = units[i];
    let slot = Math.imul(value, 0x9e3779b1) >>> 20;
    while (slots[slot] >= 0 && values[slots[slot]] !== value) slot = (slot + 1) & 4095;
    if (slots[slot] < 0) {
      if (found === most) return undefined;
      values[found] = value;
      slots[slot] = found++;
    }
    symbols[i] = slots[slot];
    counts[symbols[i]]++;
  }
  return { values: values.slice(0, found), counts: counts.slice(0, found), symbols };
}

export function relabel(symbols: Uint16Array, names: Uint16Array): void {
  for (let i = 0; i < symbols.length; i++) symbols[i] = names[symbols[i]];
}

export function countBytes(bytes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]]++;
  return counts;
}

export function countRuns(symbols: Uint16Array, chunk: number): { runs: Uint32Array; tails: Uint32Array } {
  const runs = new Uint32Array(Math.min(chunk, symbols.length) + 1);
  const tails = new Uint32Array(Math.ceil(symbols.length / chunk));
  for (let start = 0; start < symbols.length; start += chunk) {
    const end = Math.min(symbols.length, start + chunk);
    let length = 0;
    for (let i = start; i < end; i++) {
      if (symbols[i] === 0) length++;
      else {
        runs[length]++;
        length = 0;
      }
    }
    tails[start / chunk] = length;
  }
  return { runs: runs.slice(0, runs.findLastIndex((count) => count > 0) + 1), tails };
}

export function maskOf(symbols: Uint16Array): Uint8Array {
  const mask = new Uint8Array(Math.ceil(symbols.length / 8));
  for (let i = 0; i < symbols.length; i++) if (symbols[i] > 0) mask[i >>> 3] |= 1 << (i & 7);
  return mask;
}

export function withoutZeros(symbols: Uint16Array): Uint16Array {
  const kept = new Uint16Array(symbols.length);
  let count = 0;
  for (let i = 0; i < symbols.length; i++) if (symbols[i] !== 0) kept[count++] = symbols[i];
  return kept.slice(0, count);
}
