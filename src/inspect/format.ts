import { printable } from '../printable.js';
import type { TensorFormat } from '../quantize/record.js';

/** Figures as text: one way for each kind, everywhere. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** A size in decimal units, three digits: `999 B`, `1.07 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : threeDigits(value)} ${UNITS[unit]}`;
}

/** A whole number, grouped by thousands: `235,200`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of one: `8.1%`. */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(share === 1 ? 0 : 1)}%`;
}

/** A share of one to a hundredth of a percent, as accuracy is given: `99.37%`. */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

/** A small figure of any size: `0.0123`, `1.2e-5`. */
export function formatSmall(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  if (value === 0) return '0';
  return Math.abs(value) < 1e-4 || Math.abs(value) >= 1e4 ? value.toExponential(1) : value.toPrecision(3);
}

/** How many times smaller: `39.1×`. */
export function formatRatio(ratio: number): string {
  return `${ratio >= 99.95 ? Math.round(ratio) : ratio >= 9.995 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
}

/** Bits a weight. */
export function formatBits(bits: number): string {
  return bits.toFixed(1);
}

/** A ratio of energies: `31.2 dB`. */
export function formatDecibels(value: number): string {
  // Plus zero: what rounds to −0 prints without a sign.
  return Number.isFinite(value) ? `${(Math.round(10 * value) / 10 + 0).toFixed(1)} dB` : value > 0 ? '∞' : '-∞';
}

/** A number format, and what has parameters of its own in it: `int4 by channel`. */
export function formatOfWeights({ weights, by }: TensorFormat): string {
  return `${weights}${by === 'layer' ? '' : ` by ${by}`}`;
}

/** A figure that may not apply. */
export function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}

/** Milliseconds, in seconds from ten on: `12 ms`, `14.2 s`. */
export function formatTime(ms: number): string {
  return ms < 9999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/**
 * A text of at most `width` characters: long ones lose their middle. Most of what is left is
 * the end, where the names of layers differ.
 */
export function shorten(text: string, width: number, tail = usualTail(width)): string {
  const characters = [...printable(text)];
  if (characters.length <= width) return characters.join('');
  return [...characters.slice(0, width - 1 - tail), '…', ...characters.slice(characters.length - tail)].join('');
}

function usualTail(width: number): number {
  return Math.ceil((2 * (width - 1)) / 3);
}

/** Texts of at most `width` characters, all cut in one place: where as many as can be remain different. */
export function shortenAll(texts: readonly string[], width: number): string[] {
  const usual = usualTail(width);
  const tails = Array.from({ length: width }, (_, tail) => tail).sort(
    (a, b) => Math.abs(a - usual) - Math.abs(b - usual),
  );
  const different = new Set(texts).size;
  let [best, most]: [string[], number] = [[], -1];
  for (const tail of tails) {
    const cut = texts.map((text) => shorten(text, width, tail));
    const count = new Set(cut).size;
    if (count > most) [best, most] = [cut, count];
    if (count === different) break;
  }
  return best;
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
