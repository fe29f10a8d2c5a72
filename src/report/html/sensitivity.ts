import { formatCount, formatPercent } from '../../inspect/format.js';
import type { Comparison } from '../comparison.js';
import { divergenceNote, divergenceWords } from '../words.js';
import { drawBars } from './bars.js';
import { html } from './markup.js';
import type { Plotter } from './plotter.js';
import { MOST_BARS, nameList, type Section, twice } from './section.js';

/** What the compression of each layer does to the answers. */
export function sensitivitySection({ sensitivity }: Comparison, plotter: Plotter): Section | undefined {
  if (!sensitivity || sensitivity.layers.length === 0) return undefined;
  const { layers, samples, original, skipped } = sensitivity;
  const changing = layers.filter(({ divergence }) => divergence !== 0);
  const rows = changing.slice(0, MOST_BARS).map((layer) => ({
    label: layer.name,
    note: divergenceNote(layer),
    bars: [{ value: layer.divergence, color: 'var(--accent)' }],
  }));
  const top1 =
    original.top1 === null ? '' : ` The original’s top-1 accuracy on them is ${formatPercent(original.top1)}.`;
  return {
    id: 'sensitivity',
    title: 'Which layer costs what',
    intro: `The original model with only this one layer compressed, run on ${formatCount(samples)} samples: the longest bar is the layer to be gentler with.${top1} ${divergenceWords(sensitivity)}.`,
    body: html`${
      rows.length > 0
        ? twice((width) => drawBars(plotter, 'Divergence of compressing each layer alone', rows, width))
        : html`<p class="note">No layer changes anything on these samples.</p>\n`
    }
${nameList(
  [...changing.slice(MOST_BARS), ...layers.filter(({ divergence }) => divergence === 0)].map(({ name }) => name),
  'layers with less divergence, or none',
)}${nameList(
  skipped.map(({ name, reason }) => `${name} (${reason})`),
  'tensors not measured',
)}`,
  };
}
