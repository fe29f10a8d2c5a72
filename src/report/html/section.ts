import { formatCount } from '../../inspect/format.js';
import { html, type Markup } from './markup.js';

/** A part of the page, with an entry in its list of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  readonly body: Markup;
}

/** Widths that wide plots are drawn for, px: that of a phone, and that of the page. */
const WIDTHS = { narrow: 330, wide: 944 } as const;
/** Bars of more layers would be a page of their own. */
export const MOST_BARS = 24;

/** A plot for phones and one for wide pages; the style shows one of them. */
export function twice(draw: (width: number) => Markup): Markup {
  const [narrow, wide] = [draw(WIDTHS.narrow), draw(WIDTHS.wide)];
  return html`<figure><div class="narrow">${narrow}</div><div class="wide">${wide}</div></figure>
`;
}

export function key(color: string, text: string): Markup {
  return html`<li><span class="swatch" style="--c: ${color}"></span>${text}</li>`;
}

export function nameList(names: readonly string[], what: string): Markup | undefined {
  if (names.length === 0) return undefined;
  return html`<details><summary>${formatCount(names.length)} ${what}</summary><ul>${names.map((name) => html`<li>${name}</li>`)}</ul></details>
`;
}
