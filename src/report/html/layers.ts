import { formatCount, formatDecibels, formatOfWeights, formatShare } from '../../inspect/format.js';
import type { Centroid, Comparison, DensityMap, Histogram, LayerComparison } from '../comparison.js';
import { breakable, html, type Markup } from './markup.js';
import type { Plotter } from './plotter.js';
import { opacityImage } from './png.js';
import { key, nameList, type Section } from './section.js';
import { drawSpread } from './spread.js';

const WIDTH = 300;
const HEIGHT = 150;
/** Values that are closer than this on the page are drawn as one, px. */
const NEAR = 3;
/** Up to so many values each has a dot. */
const MOST_DOTS = 32;
/** Share of the weights that may have values outside of the plot, on either side. */
const TAIL = 0.001;
const MAP_HEIGHT = 110;
/** Between light and dark, as an image knows neither. */
const MAP_COLOR = [58, 118, 238];

/** The largest layers from near by. */
export function layersSection({ layers, otherLayers }: Comparison, plotter: Plotter): Section | undefined {
  if (layers.length === 0) return undefined;
  const hasMaps = layers.some(({ densityMap }) => densityMap !== null);
  const maps =
    ' Below, where the kept weights are: rows are the layer’s outputs (first dimension), columns everything else, from top left; the deeper the colour, the more weights of that spot were kept.';
  return {
    id: 'layers',
    title: 'Weights and the values they share',
    intro: `How often each weight value occurred in the original (grey), and the values that the compressed weights share (blue): the taller a line, the more weights have that value; where each channel rounds to values of its own, how often weights are there (blue outlines). What is farthest out, up to a thousandth on each side, is not drawn. Below, how the original’s weights are spread over powers of two, and what the layer’s number format reaches of them, if it has one.${hasMaps ? `${maps}` : ''}`,
    body: html`<details><summary>${formatCount(layers.length)} ${layers.length === 1 ? 'histogram' : 'histograms'}</summary><ul class="keys" style="margin-top: 14px">${key('var(--before)', 'weights of the original')}${key('var(--accent)', 'shared values')}${hasMaps && key('var(--bad)', 'zero, where pruned weights went')}</ul>
<div class="grid">
${layers.map((layer) => layerCard(plotter, layer))}</div></details>
${nameList(otherLayers, 'smaller layers, not drawn')}`,
  };
}

/** One layer: its weights, the values they came to share, and where they are that were kept. */
function layerCard(plotter: Plotter, layer: LayerComparison): Markup {
  const { name, dims, weights, zeros, centroids, densityMap, format, rounded } = layer;
  const shape = dims.length > 1 ? `${dims.join(' × ')}: ` : '';
  const kept = zeros > 0 ? `${formatShare(1 - zeros / weights)} kept` : 'none removed';
  const values =
    centroids !== null
      ? `${formatCount(centroids.length)} values`
      : rounded
        ? 'each line has its own values'
        : 'values not shared';
  return html`<figure class="layer">
<figcaption><h3>${breakable(name)}</h3>
${shape}${formatCount(weights)} weights, ${kept}, ${values}${format && `; ${formatWords(format)}`}</figcaption>
${drawHistogram(plotter, layer)}
${drawSpread(plotter, `Weights of ${name} by powers of two`, layer.spread, layer.reach)}
${densityMap && html`<div class="map">${drawMap(plotter, name, densityMap)}</div>`}
</figure>
`;
}

/** The number format of a layer, and how near it comes. */
function formatWords(format: NonNullable<LayerComparison['format']>): string {
  return `${formatOfWeights(format)}, ${formatDecibels(format.snr)}`;
}

function drawHistogram({ plot, draw }: Plotter, layer: LayerComparison): Markup {
  const { name, histogram, rounded, densityMap } = layer;
  const shared = bulkOf(layer.centroids ?? []);
  const bins = binsOf(histogram);
  const after = rounded ? binsOf(rounded) : [];
  const low = Math.min(bins[0].x1, after.at(0)?.x1 ?? bins[0].x1, shared.at(0)?.value ?? bins[0].x1);
  const end = bins[bins.length - 1].x2;
  const high = Math.max(end, after.at(-1)?.x2 ?? end, shared.at(-1)?.value ?? end);
  const lines: { value: number; share: number }[] = [];
  const most = Math.max(...shared.map(({ weights }) => weights));
  for (const { value, weights } of shared) {
    const last = lines.at(-1);
    // Where few weights are, a line is still to be seen.
    const share = Math.max(weights / most, 0.05);
    if (last && (value - last.value) / (high - low) < NEAR / WIDTH) last.share = Math.max(last.share, share);
    else lines.push({ value, share });
  }
  const label = `Histogram of the weights of ${name}, with the values that they share after compression`;
  const blue = { x: 'value', y: 'share' };
  return draw(label, {
    width: WIDTH,
    height: HEIGHT,
    ...{ marginTop: 6, marginLeft: 8, marginRight: 8, marginBottom: 26 },
    x: { domain: [low, high], label: null, ticks: 4, tickSize: 4, tickFormat: formatTick },
    y: { axis: null, domain: [0, 1] },
    marks: [
      plot.rect(bins, { ...BARS, fill: 'var(--before)' }),
      plot.rect(after, { ...BARS, fill: 'none', stroke: 'var(--accent)' }),
      densityMap && low <= 0 && high >= 0
        ? plot.ruleX([0], { stroke: 'var(--bad)', strokeDasharray: '3 3', strokeWidth: 1.25 })
        : null,
      plot.ruleX(lines, { x: 'value', y1: 0, y2: 'share', stroke: 'var(--accent)', strokeWidth: 1.25 }),
      lines.length <= MOST_DOTS ? plot.dot(lines, { ...blue, r: 2.5, fill: 'var(--accent)' }) : null,
      plot.ruleY([0], { stroke: 'var(--muted)' }),
    ],
  });
}

const BARS = { filter: 'count', x1: 'x1', x2: 'x2', y1: 0, y2: 'count', insetRight: 0.5 };

/** The bars of a histogram, by the highest. */
function binsOf({ from, to, counts }: Histogram): { x1: number; x2: number; count: number }[] {
  const pad = from === to ? Math.abs(from) || 1 : 0;
  const width = (to - from + 2 * pad) / counts.length;
  const most = Math.max(...counts);
  return counts.map((count, i) => {
    const x1 = from - pad + i * width;
    return { x1, x2: x1 + width, count: count / most };
  });
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

/** Shared values without those farthest out, which hardly any weight has. */
function bulkOf(centroids: readonly Centroid[]): readonly Centroid[] {
  const all = centroids.reduce((sum, { weights }) => sum + weights, 0);
  let below = 0;
  return centroids.filter(({ weights }) => {
    const before = below;
    below += weights;
    return below > TAIL * all && before < (1 - TAIL) * all;
  });
}

function drawMap({ plot, draw }: Plotter, name: string, { rows, columns, shares }: DensityMap): Markup {
  const height = Math.max(12, Math.min(MAP_HEIGHT, 6 * rows));
  // Where few weights are left they would hardly be seen: full colour is for the densest cell.
  const most = Math.max(...shares, Number.MIN_VALUE);
  const image = opacityImage(
    rows,
    columns,
    shares.map((share) => share / most),
    MAP_COLOR,
  );
  return draw(`Density map of ${name}: where weights were kept`, {
    width: WIDTH,
    height,
    margin: 0,
    x: { axis: null, domain: [0, 1] },
    y: { axis: null, domain: [0, 1] },
    marks: [
      plot.frame({ fill: 'var(--soft)', stroke: 'none' }),
      plot.image([0.5], {
        ...{ x: 0.5, y: 0.5, src: () => image, width: WIDTH, height },
        preserveAspectRatio: 'none',
        imageRendering: 'pixelated',
      }),
    ],
  });
}
