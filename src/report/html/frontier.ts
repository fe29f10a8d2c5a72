import { formatAmount } from '../../evaluate/loss-words.js';
import { formatBytes, formatCount } from '../../inspect/format.js';
import type { Comparison, FrontierPoint } from '../comparison.js';
import { exactBytes, lossHead, lossText } from '../words.js';
import { html, Markup } from './markup.js';
import { FONT, type Plotter } from './plotter.js';
import { type Section, twice } from './section.js';

/** The models that a search has tried. */
export function frontierSection({ frontier }: Comparison, plotter: Plotter): Section | undefined {
  if (frontier.length === 0) return undefined;
  const hasLoss = frontier.some(({ loss }) => loss !== null);
  return {
    id: 'frontier',
    title: 'What a smaller file would cost',
    intro:
      'Every model that the search tried, and the line through those that no other one betters: the smaller the file, the more accuracy it costs. Losses are those on samples that the search kept apart for this, so they differ a little from the accuracy above; bars are what 95 % are sure of.',
    body: html`${hasLoss && twice((width) => drawFrontier(plotter, frontier, width))}
<details${new Markup(hasLoss ? '' : ' open')}><summary>${formatCount(frontier.length)} models as a table</summary><div class="box"><table class="legend">
<thead><tr><th scope="col">file</th><th scope="col">${lossHead(frontier)}</th><th scope="col"></th></tr></thead><tbody>
${frontier.map((point) => html`<tr><td>${exactBytes(point.bytes)}</td><td>${lossText(point)}</td><td>${point.isChosen && 'chosen'}</td></tr>\n`)}</tbody></table></div></details>
`,
  };
}

/** Loss by size of the models that a search has tried, the chosen one with a ring. */
function drawFrontier({ plot, draw }: Plotter, points: readonly FrontierPoint[], width: number): Markup {
  const known = points.flatMap(({ loss, ...point }) => (loss === null ? [] : [{ ...point, loss }]));
  const bars = known.flatMap(({ bytes, low, high }) => (low === null || high === null ? [] : [{ bytes, low, high }]));
  const head = lossHead(points);
  const label = `${head[0].toUpperCase()}${head.slice(1)} by file size, for every model that the search tried`;
  return draw(label, {
    width,
    height: Math.round(Math.min(320, 120 + width / 4)),
    ...{ marginLeft: 44, marginRight: 24, marginTop: 28, marginBottom: 42 },
    x: {
      label: 'file size →',
      labelAnchor: 'right',
      labelArrow: 'none',
      ticks: Math.floor(width / 110),
      tickFormat: formatBytes,
      nice: true,
    },
    y: {
      ...{ label: `↑ ${head}`, labelArrow: 'none', grid: true, ticks: 5, nice: true },
      tickFormat: (loss: number) => (known[0]?.unit === 'share' ? formatAmount(loss, 'share') : `${loss}`),
    },
    marks: [
      plot.ruleY([0], { stroke: 'var(--muted)' }),
      plot.ruleX(bars, { x: 'bytes', y1: 'low', y2: 'high', stroke: 'var(--accent)', strokeOpacity: 0.35 }),
      plot.line(undominated(known), { x: 'bytes', y: 'loss', stroke: 'var(--accent)', strokeWidth: 1.75 }),
      plot.dot(known, {
        ...{ x: 'bytes', y: 'loss', r: 3.5, fill: 'var(--accent)' },
        title: (point) => `${formatBytes(point.bytes)}, ${lossText(point)} ${head}`,
      }),
      plot.dot(known, { filter: 'isChosen', x: 'bytes', y: 'loss', r: 8, stroke: 'var(--accent)', strokeWidth: 2 }),
      plot.text(known, {
        ...{ filter: 'isChosen', x: 'bytes', y: 'loss', dy: -FONT - 6, fill: 'currentColor', fontWeight: 600 },
        ...{ stroke: 'var(--card)', strokeWidth: 5 },
        text: () => 'chosen',
      }),
    ],
  });
}

/** Points that no other one betters in size and loss: the curve. They come by size. */
function undominated<T extends { bytes: number; loss: number }>(points: readonly T[]): T[] {
  return points.filter(
    (point) =>
      !points.some(
        ({ bytes, loss }) => bytes <= point.bytes && loss <= point.loss && (bytes < point.bytes || loss < point.loss),
      ),
  );
}
