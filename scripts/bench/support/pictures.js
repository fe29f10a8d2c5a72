// Deep Compression's comparisons as pictures: SVG files that stand for themselves, light and on white.
import { loadPlotter } from '../../../build/report/html/plotter.js';

const COLORS = ['#1f5fbf', '#c2452d', '#3a8f4d'];
/** Points above this are drawn at it: what answers at random is of no interest. */
const MOST_LOST = 8;

/**
 * Loss by size for pruning alone, shared values alone, and both.
 *
 * @param {{ way: string, setting: string, size: number, lost: number }[]} points
 */
export async function lossBySize(points) {
  const ways = [...new Set(points.map(({ way }) => way))];
  const shown = points.map((point) => ({ ...point, size: 100 * point.size, lost: Math.min(MOST_LOST, point.lost) }));
  return draw('Points of top-1 lost by size of the file, for pruning, shared values and both', ways, shown, {
    ...{ x: 'size', y: 'lost', z: 'way' },
    scale: {
      label: 'size of the file, % of the original →',
      labelArrow: 'none',
      type: 'log',
      ticks: [2, 5, 10, 20, 50, 100],
    },
  });
}

/**
 * Loss by bits for the three starts of k-means.
 *
 * @param {{ init: string, bits: number, lost: number }[]} points
 */
export async function lossByStart(points) {
  const starts = [...new Set(points.map(({ init }) => init))];
  const shown = points.map((point) => ({ ...point, lost: Math.min(MOST_LOST, point.lost) }));
  return draw('Points of top-1 lost by bits of a weight, for three starts of k-means', starts, shown, {
    ...{ x: 'bits', y: 'lost', z: 'init' },
    scale: { label: 'bits of a weight →', labelArrow: 'none', ticks: [...new Set(points.map(({ bits }) => bits))] },
  });
}

async function draw(label, names, points, { x, y, z, scale }) {
  const { plot, draw: render } = await loadPlotter();
  const color = (name) => COLORS[names.indexOf(name)];
  const svg = render(label, {
    width: 640,
    height: 360,
    ...{ marginLeft: 48, marginRight: 24, marginTop: 48, marginBottom: 44 },
    x: scale,
    y: {
      label: '↑ points of top-1 lost',
      labelArrow: 'none',
      grid: true,
      domain: [Math.min(-0.5, ...points.map((p) => p[y])), MOST_LOST],
    },
    marks: [
      plot.ruleY([0], { stroke: '#888' }),
      plot.line(points, { x, y, z, stroke: (point) => color(point[z]), strokeWidth: 1.75, sort: x }),
      plot.dot(points, { x, y, r: 3, fill: (point) => color(point[z]) }),
      ...names.map((name, i) =>
        plot.text([name], {
          frameAnchor: 'top-left',
          dy: -40,
          dx: 150 * (i + 1),
          text: () => `● ${name}`,
          fill: color(name),
        }),
      ),
    ],
  }).toString();
  return svg
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace('style="', 'style="background: white; font-family: sans-serif; ');
}
