import { html } from '../dom.js';
import { decibels, percent, size } from '../format.js';
import type { Opened, ShrunkLayer } from '../protocol.js';

/** Layers that have a row: a table of hundreds takes longer to lay out than anybody reads in it. */
const MOST = 40;

/** The table of layers, the largest first. Another layer is picked by its button; a box leaves it as it is. */
export function layerTable(
  opened: Opened,
  shrunk: readonly ShrunkLayer[],
  exact: ReadonlySet<string>,
  { onPick, onExact }: { onPick(name: string): void; onExact(name: string, isExact: boolean): void },
): Node[] {
  const now = new Map(shrunk.map((layer) => [layer.name, layer]));
  const rows = [...opened.layers]
    .filter(({ role, bytes }) => role === 'weight' || bytes > 4096)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, MOST)
    .map(({ name, bytes, op, role }) => {
      const layer = now.get(name);
      const pick = html('button', { type: 'button', class: 'link', 'data-layer': name }, name);
      pick.addEventListener('click', () => onPick(name));
      const box = html('input', { type: 'checkbox', 'aria-label': `leave ${name} as it is` });
      box.checked = exact.has(name);
      box.addEventListener('change', () => onExact(name, box.checked));
      return html(
        'tr',
        {},
        html('th', { scope: 'row' }, pick, html('small', {}, op)),
        html('td', {}, size(bytes)),
        html('td', {}, layer?.bytes ? size(layer.bytes) : '–'),
        html('td', {}, layer ? percent(layer.density) : '–'),
        html('td', {}, layer?.clusters?.toLocaleString('en') ?? '–'),
        html('td', {}, layer ? decibels(layer.snr) : '–'),
        html('td', {}, role === 'weight' ? box : ''),
      );
    });
  const heads = ['layer', 'before', 'after', 'kept', 'values', 'over noise', 'leave'].map((text) =>
    html('th', { scope: 'col' }, text),
  );
  return [html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...rows)];
}
