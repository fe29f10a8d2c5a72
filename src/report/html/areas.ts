import { formatBytes, shorten } from '../../inspect/format.js';
import type { Markup } from './markup.js';
import { FONT, type Plotter } from './plotter.js';
import { treemap } from './treemap.js';

/** Something of so many bytes. */
export interface Area {
  readonly name: string;
  readonly bytes: number;
  readonly color: string;
}

const HEIGHT = 240;
/** Between rectangles, px. */
const GAP = 1;
/** Mean width of a character, and what a rectangle must have for its text, px. */
const CHARACTER = 0.64 * FONT;
const FEWEST_CHARACTERS = 7;
const TEXT_HEIGHT = 18;

/** Rectangles whose areas are bytes; the large ones carry their names and sizes. */
export function drawAreas({ plot, draw }: Plotter, label: string, areas: readonly Area[], width: number): Markup {
  const tiles = treemap(areas, ({ bytes }) => bytes, width, HEIGHT).map(({ item, ...at }) => {
    const characters = Math.floor((at.x2 - at.x1 - 12) / CHARACTER);
    const lines = Math.floor((at.y2 - at.y1 - 8) / TEXT_HEIGHT);
    const hasText = characters >= FEWEST_CHARACTERS && lines >= 1;
    const texts = [item.name, formatBytes(item.bytes)].slice(0, lines).map((text) => shorten(text, characters));
    return {
      ...at,
      color: item.color,
      title: `${item.name}: ${formatBytes(item.bytes)}`,
      text: hasText ? texts.join('\n') : '',
    };
  });
  const named = tiles.filter(({ text }) => text !== '');
  return draw(label, {
    ...{ width, height: HEIGHT, margin: 0 },
    x: { axis: null, domain: [0, width], range: [0, width] },
    y: { axis: null, domain: [0, HEIGHT], range: [0, HEIGHT] },
    marks: [
      plot.rect(tiles, {
        ...{ x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', title: 'title', inset: GAP, rx: 2 },
        fill: ({ color }) => color,
      }),
      plot.text(named, {
        x: ({ x1 }) => x1 + 6,
        y: ({ y1 }) => y1 + 6,
        ...{ text: 'text', textAnchor: 'start', lineAnchor: 'top', fill: 'var(--card)' },
      }),
    ],
  });
}
