import { treemap } from '../../../src/report/html/treemap.js';
import { html } from '../dom.js';
import { percent, size } from '../format.js';

/** A layer and what it takes, before or after. */
export interface Block {
  readonly name: string;
  readonly bytes: number;
  /** Number of its colour: the same before and after. */
  readonly hue: number;
}

/** Layers that have a tile of their own; the others share one. */
const MOST = 60;

/**
 * Draws bytes as areas.
 *
 * @param scale - share of the map that they take: the map of the smaller file is to the scale of the larger one's
 */
export function drawMap(
  into: HTMLElement,
  blocks: readonly Block[],
  scale: number,
  onPick: (name: string) => void,
): void {
  const sorted = [...blocks].sort((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(MOST).reduce((sum, { bytes }) => sum + bytes, 0);
  const shown: Block[] = [...sorted.slice(0, MOST), { name: '', bytes: rest, hue: -1 }];
  const total = shown.reduce((sum, { bytes }) => sum + bytes, 0);
  const edge = 100 * Math.sqrt(Math.min(1, scale));
  const tiles = treemap(shown, ({ bytes }) => bytes, 100, 100).map(({ item, x1, x2, y1, y2 }) => {
    const { name, bytes, hue } = item;
    const label = `${name || 'smaller layers'}: ${size(bytes)}, ${percent(bytes / total)}`;
    const style = `left:${x1}%;top:${y1}%;width:${x2 - x1}%;height:${y2 - y1}%;--hue:${Math.max(0, hue)}`;
    const kind = `tile${hue < 0 ? ' rest' : ''}`;
    // Of tiles that are too small for it, the name is said all the same.
    const isLarge = x2 - x1 > 22 && y2 - y1 > 14 && edge > 45;
    const tile = html('button', {
      type: 'button',
      class: kind,
      style,
      title: label,
      'aria-label': label,
      'data-layer': name,
    });
    if (isLarge) tile.append(html('span', {}, name || 'smaller'), html('small', {}, size(bytes)));
    if (name) tile.addEventListener('click', () => onPick(name));
    else tile.disabled = true;
    return tile;
  });
  const square = html('div', { class: 'square', style: `width:${edge}%;height:${edge}%` }, ...tiles);
  into.replaceChildren(square);
}

/** Shows which tiles are one layer's. */
export function markLayer(name: string | undefined): void {
  for (const tile of document.querySelectorAll<HTMLElement>('[data-layer]'))
    tile.classList.toggle('picked', name !== undefined && name !== '' && tile.dataset.layer === name);
}
