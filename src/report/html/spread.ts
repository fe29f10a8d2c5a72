import type { FormatRange, Spread } from '../comparison.js';
import type { Markup } from './markup.js';
import type { Plotter } from './plotter.js';

const WIDTH = 300;
const HEIGHT = 96;
/** Octaves that are shown at least, so that bars of different plots are about as wide. */
const LEAST = 12;

/** How numbers are spread over powers of two, and what a format reaches of them. */
export function drawSpread({ plot, draw }: Plotter, label: string, spread: Spread, range: FormatRange | null): Markup {
  const { from, counts } = spread;
  const most = Math.max(...counts, 1);
  const bars = counts.map((count, i) => ({ x1: from + i, x2: from + i + 1, share: count / most }));
  const ends = range && { x1: Math.log2(range.low), x2: Math.log2(range.high) };
  const top = Math.ceil(Math.max(from + counts.length, ends?.x2 ?? from));
  const bottom = Math.floor(Math.min(top - LEAST, from, ends?.x1 ?? from));
  return draw(label, {
    width: WIDTH,
    height: HEIGHT,
    ...{ marginTop: 6, marginLeft: 8, marginRight: 8, marginBottom: 26 },
    x: { domain: [bottom, top], label: null, ticks: 6, tickSize: 4, tickFormat: powerOfTwo },
    y: { axis: null, domain: [0, 1] },
    marks: [
      ends ? plot.rect([ends], { x1: 'x1', x2: 'x2', y1: 0, y2: 1, fill: 'var(--accent)', fillOpacity: 0.14 }) : null,
      plot.rect(bars, {
        filter: 'share',
        x1: 'x1',
        x2: 'x2',
        y1: 0,
        y2: 'share',
        fill: 'var(--before)',
        insetRight: 0.5,
      }),
      ends ? plot.ruleX([ends.x1, ends.x2], { stroke: 'var(--accent)', strokeWidth: 1.25 }) : null,
      plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  });
}

/** `2⁻⁵`. */
function powerOfTwo(exponent: number): string {
  if (!Number.isInteger(exponent)) return '';
  const digits = [...String(Math.abs(exponent))].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
  return `2${exponent < 0 ? '⁻' : ''}${digits}`;
}
