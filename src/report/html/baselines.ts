import type { Comparison } from '../comparison.js';
import { int8Note, sizeNote, sizesOf } from '../words.js';
import { type BarRow, drawBars } from './bars.js';
import { html } from './markup.js';
import type { Plotter } from './plotter.js';
import { type Section, twice } from './section.js';

/** The file beside what other means make of the original. */
export function baselineSection(comparison: Comparison, plotter: Plotter): Section | undefined {
  if (comparison.baselines.length === 0) return undefined;
  const sizes = sizesOf(comparison);
  const ours = sizes.at(-1);
  const rows = sizes.flatMap((size): BarRow[] =>
    size.bytes === null
      ? []
      : [
          {
            label: size.name,
            note: sizeNote(size, comparison.original.bytes),
            bars: [{ value: size.bytes, color: size === ours ? 'var(--accent)' : 'var(--before)' }],
          },
        ],
  );
  const larger = int8Note(comparison);
  const missing = sizes.filter(({ bytes }) => bytes === null);
  return {
    id: 'baselines',
    title: 'Beside other ways',
    intro:
      'What a web server or a simple converter would make of the same model. gzip and brotli keep every weight as it is; int8 rounds each weight to one of 255 levels of its tensor, or of its channel. “5.0×” is five times smaller.',
    body: html`${twice((width) =>
      drawBars(plotter, 'File sizes of the original, of other ways to compress it, and of this file', rows, width),
    )}${missing.map((size) => html`<p class="note">${size.name}: ${sizeNote(size, comparison.original.bytes)}.</p>`)}${larger ? html`<p class="note">${larger}.</p>` : ''}`,
  };
}
