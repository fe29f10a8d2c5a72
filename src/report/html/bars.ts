import { shorten } from '../../inspect/format.js';
import type { Markup } from './markup.js';
import { FONT, type Plotter } from './plotter.js';

/** One subject: a line of text, below it a bar for each value. */
export interface BarRow {
  readonly label: string;
  /** Stands at the right end of the line. */
  readonly note: string;
  readonly bars: readonly { readonly value: number; readonly color: string }[];
}

/** Height of a line of text, of a bar, and of the space below, px. */
const TEXT = 20;
const BAR = 9;
const GAP = 11;
/** Mean width of a character, px. */
const CHARACTER = 0.53 * FONT;
/** From this width on names stand beside their bars, else above them. */
const WIDE = 600;
/** Share of a wide plot that names may take, and what is left between them and bars, px. */
const NAMES = 0.3;
const SPACE = 16;
/** Characters of a note beside which no name has room on a phone. */
const LONG = 24;
/** What little is there is seen, px. */
const THIN = 1.5;

/**
 * Horizontal bars, all on one scale, with their names beside them, or above them where there is no room.
 */
export function drawBars({ plot, draw }: Plotter, label: string, rows: readonly BarRow[], width: number): Markup {
  const isWide = width >= WIDE;
  const longest = (of: (row: BarRow) => string) => Math.max(0, ...rows.map((row) => of(row).length)) * CHARACTER;
  const left = isWide
    ? Math.min(
        NAMES * width,
        longest((row) => row.label),
      ) + SPACE
    : 0;
  const right = isWide ? width - longest((row) => row.note) - SPACE : width;
  const most = Math.max(
    Number.MIN_VALUE,
    ...rows.flatMap((row) => row.bars.map(({ value }) => value)).filter(Number.isFinite),
  );
  const bars: { x: number; y1: number; y2: number; color: string; title: string }[] = [];
  const texts: { y: number; noteY: number; label: string; note: string }[] = [];
  let y = 0;
  for (const row of rows) {
    const height = row.bars.length * (BAR + 1);
    // A note that leaves its name no room stands on a line of its own.
    const isBelow = !isWide && (row.label.length + row.note.length + 3) * CHARACTER > width && row.note.length > LONG;
    const room = isWide ? left - SPACE : isBelow ? width : width - (row.note.length + 3) * CHARACTER;
    const label = shorten(row.label, Math.max(8, Math.floor(room / CHARACTER)));
    const middle = y + (isWide ? Math.max(TEXT, height) : TEXT) / 2;
    texts.push({ y: middle, noteY: middle + (isBelow ? TEXT : 0), label, note: row.note });
    const above = isBelow ? 2 * TEXT : TEXT;
    const top = isWide ? y + Math.max(0, TEXT - height) / 2 : y + above;
    for (const [i, { value, color }] of row.bars.entries()) {
      const y1 = top + i * (BAR + 1);
      const title = `${row.label}: ${row.note}`;
      bars.push({
        x: left + Math.max(value > 0 ? THIN : 0, (right - left) * Math.min(1, value / most)),
        y1,
        y2: y1 + BAR,
        color,
        title,
      });
    }
    y += (isWide ? Math.max(TEXT, height) : above + height) + (isWide ? GAP / 2 : GAP);
  }
  const height = Math.max(1, y);
  return draw(label, {
    width,
    height,
    margin: 0,
    x: { axis: null, domain: [0, width], range: [0, width] },
    y: { axis: null, domain: [0, height], range: [0, height] },
    marks: [
      plot.rect(bars, { x1: left, x2: 'x', y1: 'y1', y2: 'y2', fill: ({ color }) => color, title: 'title', rx: 2 }),
      plot.text(texts, { x: 0, y: 'y', text: 'label', textAnchor: 'start', fill: 'currentColor' }),
      plot.text(texts, { x: width, y: 'noteY', text: 'note', textAnchor: 'end', fill: 'var(--muted)' }),
    ],
  });
}

/** One bar of parts that follow each other, the whole width long. */
export function drawParts(
  { plot, draw }: Plotter,
  label: string,
  parts: readonly { name: string; bytes: number; color: string }[],
  width: number,
): Markup {
  let at = 0;
  const pieces = parts.map(({ name, bytes, color }) => {
    at += bytes;
    return { x1: at - bytes, x2: at, color, title: name };
  });
  return draw(label, {
    width,
    height: 36,
    margin: 0,
    x: { axis: null, domain: [0, at], range: [0, width] },
    y: { axis: null, domain: [0, 1], range: [0, 36] },
    marks: [plot.rect(pieces, { x1: 'x1', x2: 'x2', y1: 0, y2: 1, fill: ({ color }) => color, title: 'title' })],
  });
}
