import { formatCount } from '../../inspect/format.js';
import type { Comparison } from '../comparison.js';
import { harmNote, harmWords, percent } from '../words.js';
import { drawBars } from './bars.js';
import { html } from './markup.js';
import type { Plotter } from './plotter.js';
import { MOST_BARS, nameList, type Section, twice } from './section.js';

/** What the compression of each layer does to the answers. */
export function sensitivitySection({ sensitivity }: Comparison, plotter: Plotter): Section | undefined {
  if (!sensitivity || sensitivity.layers.length === 0) return undefined;
  const { layers, samples, original, skipped } = sensitivity;
  const harmful = layers.filter(({ harm }) => harm !== 0);
  const rows = harmful.slice(0, MOST_BARS).map((layer) => ({
    label: layer.name,
    note: harmNote(layer),
    bars: [{ value: layer.harm, color: 'var(--accent)' }],
  }));
  const top1 = original.top1 === null ? '' : ` The original’s top-1 accuracy on them is ${percent(original.top1)}.`;
  return {
    id: 'sensitivity',
    title: 'Which layer costs what',
    intro: `The original model with only this one layer compressed, run on ${formatCount(samples)} samples: the longest bar is the layer to be gentler with.${top1} ${harmWords(sensitivity)}.`,
    body: html`${
      rows.length > 0
        ? twice((width) => drawBars(plotter, 'Harm of compressing each layer alone', rows, width))
        : html`<p class="note">No layer changes anything on these samples.</p>\n`
    }
${nameList(
  [...harmful.slice(MOST_BARS), ...layers.filter(({ harm }) => harm === 0)].map(({ name }) => name),
  'layers with less harm, or none',
)}${nameList(
  skipped.map(({ name, reason }) => `${name} (${reason})`),
  'tensors not measured',
)}`,
  };
}
