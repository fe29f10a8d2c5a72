import { formatCount } from '../../inspect/format.js';
import type { Comparison, ValueSpread } from '../comparison.js';
import { breakable, html, type Markup } from './markup.js';
import type { Plotter } from './plotter.js';
import { key, nameList, type Section } from './section.js';
import { drawSpread } from './spread.js';

/** Values that are shown: more would be a page of their own. */
const SHOWN = 48;

/** What the original computes, value by value. */
export function valuesSection({ values }: Comparison, plotter: Plotter): Section | undefined {
  if (values.length === 0) return undefined;
  const shown = values.slice(0, SHOWN);
  return {
    id: 'values',
    title: 'Values between layers',
    intro:
      'How the numbers that the original computes on the data are spread over powers of two, and what the fixed-point format of 8 bits that makes the least error reaches of them: what is left of it becomes zero, what is right of it is cut.',
    body: html`<details><summary>${formatCount(shown.length)} ${shown.length === 1 ? 'value' : 'values'}</summary><ul class="keys" style="margin-top: 14px">${key('var(--before)', 'numbers')}${key('var(--accent)', 'reach of the format')}</ul>
<div class="grid">
${shown.map((value) => valueCard(plotter, value))}</div></details>
${nameList(
  values.slice(SHOWN).map(({ name }) => name),
  'later values, not drawn',
)}`,
  };
}

function valueCard(plotter: Plotter, { name, op, low, high, spread, format, reach }: ValueSpread): Markup {
  const [from, to] = [low, high].map((end) => String(Number(end.toPrecision(3))).replace('-', '−'));
  return html`<figure class="layer">
<figcaption><h3>${breakable(name)}</h3>
${op}, ${from} to ${to}; ${format}</figcaption>
${drawSpread(plotter, `Value ${name} by powers of two`, spread, reach)}
</figure>
`;
}
