import type { Footprint } from '../../footprint/footprint.js';
import { placementsOf } from '../../footprint/table.js';
import { formatBytes, formatCount } from '../../inspect/format.js';
import type { Comparison } from '../comparison.js';
import { exactBytes } from '../words.js';
import { html, type Markup } from './markup.js';
import type { Plotter } from './plotter.js';
import { type Section, twice } from './section.js';

/** Beyond so many buffers the smallest are left out of the picture, where nobody could see them. */
const MOST_BUFFERS = 1500;

/** Where activations lie in memory, and for how long. */
export function memorySection({ footprint }: Comparison, plotter: Plotter): Section | undefined {
  if (!footprint || footprint.steps.length === 0) return undefined;
  const { peak, bound, steps } = footprint;
  const fullest = steps.reduce((most, step) => (step.live > most.live ? step : most));
  const best = peak === bound ? 'no placement can take less' : `at least ${exactBytes(bound)} are alive at once`;
  return {
    id: 'memory',
    title: 'Memory while it runs',
    intro: `Every value of the model as a bar, from the node that makes it to the last that reads it, where it lies in memory: ${exactBytes(peak)} for one sample, and ${best}. Most is alive at ${fullest.node} (${fullest.op}), the dashed line. Weights are not among them.`,
    body: html`${twice((width) => drawBuffers(plotter, footprint, width))}
<div class="box"><table class="legend"><tbody>
${placementsOf(footprint.others).map(({ label, bytes }) => html`<tr><th scope="row">${label}</th><td>${exactBytes(bytes)}</td></tr>\n`)}</tbody></table></div>
`,
  };
}

function drawBuffers({ plot, draw }: Plotter, { peak, steps, buffers }: Footprint, width: number): Markup {
  const shown = buffers
    .slice()
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST_BUFFERS);
  const bars = shown.map(({ name, bytes, offset, first, last }) => ({
    ...{ x1: first, x2: last + 1, y1: offset, y2: offset + bytes },
    title: `${name}: ${formatBytes(bytes)}, from ${steps[first].node} to ${steps[last].node}`,
  }));
  const at = steps.reduce((most, { live }, i) => (live > steps[most].live ? i : most), 0);
  return draw(`Memory of ${formatCount(buffers.length)} values by node`, {
    width,
    height: Math.round(Math.min(360, 160 + width / 4)),
    ...{ marginLeft: 64, marginRight: 12, marginTop: 24, marginBottom: 42 },
    x: {
      domain: [0, steps.length],
      label: 'nodes in the order in which they run →',
      labelAnchor: 'right',
      labelArrow: 'none',
    },
    y: {
      domain: [0, peak],
      label: '↑ place in memory',
      labelArrow: 'none',
      tickFormat: formatBytes,
      ticks: 5,
      grid: true,
    },
    marks: [
      plot.rect(bars, {
        ...{ x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'var(--accent)', fillOpacity: 0.55 },
        ...{ stroke: 'var(--card)', strokeWidth: 0.75, title: 'title' },
      }),
      plot.ruleX([at + 0.5], { stroke: 'var(--bad)', strokeDasharray: '4 3', strokeWidth: 1.25 }),
      plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  });
}
