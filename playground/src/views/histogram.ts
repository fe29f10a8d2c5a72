import { html, svg } from '../dom.js';
import type { LayerView } from '../protocol.js';

const WIDTH = 600;
const HEIGHT = 180;
const FOOT = 18;

/** The weights of a layer as they were, and the values that they have come to share, each as high as weights have it. */
export function histogram({ name, from, to, counts, values, zeros, weights }: LayerView): HTMLElement {
  const place = (value: number) => (to > from ? ((value - from) / (to - from)) * WIDTH : WIDTH / 2);
  const inside = values?.filter(({ value }) => value >= from && value <= to) ?? [];
  const height = (count: number, most: number) => Math.sqrt(count / most) * (HEIGHT - FOOT - 8);
  const mostCount = Math.max(1, ...counts);
  const bar = WIDTH / counts.length;
  const bars = counts.map((count, i) => {
    const tall = height(count, mostCount);
    return svg('rect', {
      class: 'was',
      x: i * bar + 0.5,
      y: HEIGHT - FOOT - tall,
      width: Math.max(0.5, bar - 1),
      height: tall,
    });
  });
  const all = zeros > 0 ? [...inside, { value: 0, weights: zeros }] : inside;
  const mostWeights = Math.max(1, ...all.map((each) => each.weights));
  const sticks = all.flatMap(({ value, weights: count }) => {
    const [x, y] = [place(value), HEIGHT - FOOT - height(count, mostWeights)];
    return [
      svg('line', { class: 'now', x1: x, x2: x, y1: HEIGHT - FOOT, y2: y }),
      ...(all.length <= 64 ? [svg('circle', { class: 'now', cx: x, cy: y, r: 3 })] : []),
    ];
  });
  const axis = svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HEIGHT - FOOT, y2: HEIGHT - FOOT });
  const ends = [from, to].map((value, i) =>
    svg('text', { x: i * WIDTH, y: HEIGHT - 3, 'text-anchor': i ? 'end' : 'start' }, value.toPrecision(2)),
  );
  const zero = from < 0 && to > 0 ? [svg('text', { x: place(0), y: HEIGHT - 3, 'text-anchor': 'middle' }, '0')] : [];
  const shared = values
    ? `${values.length + (zeros > 0 ? 1 : 0)} values stand for ${weights.toLocaleString('en')} weights`
    : `${weights.toLocaleString('en')} weights, each with its own value`;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': `${name}: ${shared}` },
    ...bars,
    ...sticks,
    axis,
    ...ends,
    ...zero,
  );
  return html('figure', { class: 'histogram' }, drawing, html('figcaption', {}, html('b', {}, name), ` ${shared}`));
}
