import { html } from '../dom.js';
import { ratio, size } from '../format.js';
import type { Way } from '../protocol.js';

/** Sizes side by side; ours is the one that stands out. */
export function bars(original: number, ours: number | undefined, others: readonly Way[]): HTMLElement[] {
  const ways = [
    { name: 'original', bytes: original, isOurs: false },
    ...others.map((way) => ({ ...way, isOurs: false })),
    ...(ours === undefined ? [] : [{ name: 'fxq', bytes: ours, isOurs: true }]),
  ];
  return ways.map(({ name, bytes, isOurs }) =>
    html(
      'div',
      { class: `way${isOurs ? ' ours' : ''}` },
      html('span', { class: 'what' }, name),
      html('span', { class: 'line' }, html('span', { style: `width:${(100 * bytes) / original}%` })),
      html('span', { class: 'amount' }, `${size(bytes)}${bytes === original ? '' : `, ${ratio(original, bytes)}`}`),
    ),
  );
}
