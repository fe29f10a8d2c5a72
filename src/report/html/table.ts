import type { TensorReport } from '../../inspect/figures.js';
import { formatCount, orDash } from '../../inspect/format.js';
import { PAPER, PAPER_WORDS, SIZE } from '../../inspect/paper-columns.js';
import { sizesIn } from '../../inspect/sizes.js';
import type { Comparison, LayerRow } from '../comparison.js';
import { FORMAT_WORDS, type FormatColumn, formatColumns } from '../formats.js';
import { exactBytes } from '../words.js';
import { breakable, html, type Markup } from './markup.js';
import type { Section } from './section.js';

const COLUMNS = [...PAPER, SIZE];

/** Tables of more rows scroll by themselves, under their heads. */
const TALL = 30;

/** The per-layer table of the paper, and below it the file. */
export function tableSection(comparison: Comparison): Section {
  const { rows, total, tensors, compressed, original, overhead } = comparison;
  const formats = formatColumns(comparison);
  const weights = tensors.filter(({ role }) => role === 'weight').length;
  const isInline = tensors.some(({ layout }) => layout === 'inline');
  const known = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const placeOf = (row: LayerRow) => known.get(row.label);
  const sizes = sizesIn({ tensors, overhead }, compressed.kind === 'fxq');
  return {
    id: 'table',
    title: 'Layer by layer',
    intro: 'What each weight tensor takes, the largest in the file first.',
    body: html`<p class="note sorts" hidden>Choose a heading to sort.</p>
<div class="box${weights > TALL ? ' tall' : ''}" tabindex="0" role="region" aria-label="Layer by layer, may scroll sideways">${layerTable({ rows: rows.slice(0, weights), others: rows.slice(weights), total, formats }, placeOf)}</div>
<dl class="words">${[...PAPER_WORDS, ...(formats.length > 0 ? FORMAT_WORDS : [])].map(({ name, meaning }) => html`<div><dt>${name}</dt><dd>${meaning}</dd></div>`)}</dl>
${isInline && html`<p class="note">Tensors of a few bytes stay in the skeleton, the part of the model file that is no weight, and have no figures of their own.</p>`}
<p class="note">The file has ${exactBytes(compressed.bytes)}: ${sizes.map(({ name, bytes }) => `${name} ${formatCount(bytes)}`).join(', ')}. The original has ${exactBytes(original.bytes)}.</p>
`,
  };
}

/** What the per-layer table is made of: rows of weights, those of what else there is, and all together. */
interface LayerTable {
  readonly rows: readonly LayerRow[];
  readonly others: readonly LayerRow[];
  readonly total: LayerRow;
  readonly formats: readonly FormatColumn[];
}

/** The per-layer table. Cells carry their figures, which the script sorts by; the last rows stay where they are. */
function layerTable(
  { rows, others, total, formats }: LayerTable,
  placeOf: (row: LayerRow) => TensorReport | undefined,
): Markup {
  const heads = [...COLUMNS, ...formats].map(({ head }) => head);
  return html`<table class="sortable sticky">
<thead>
<tr><th></th>${groups().map(({ group, span }) =>
    group === ''
      ? html`<th colspan="${span}"></th>`
      : html`<th class="group" colspan="${span}"><span>${group}</span></th>`,
  )}${formats.map(() => html`<th></th>`)}</tr>
<tr><th scope="col" data-column="0">layer</th>${heads.map(
    (head, i) => html`<th scope="col" data-column="${i + 1}">${head}</th>`,
  )}</tr>
</thead>
<tbody>
${rows.map((row) => html`<tr>${cells(row, formats, placeOf(row))}</tr>\n`)}</tbody>
<tfoot>
${others.map((row) => html`<tr class="others">${cells(row, formats)}</tr>\n`)}<tr>${cells(total, formats)}</tr>
</tfoot>
</table>
`;
}

function cells(row: LayerRow, formats: readonly FormatColumn[], tensor?: TensorReport): Markup {
  const figures = COLUMNS.map(({ value, text }) => {
    const figure = value(row);
    return html`<td data-value="${figure ?? ''}">${orDash(figure, text)}</td>`;
  });
  const told = formats.map(({ value, text }) => html`<td data-value="${value(row) ?? ''}">${text(row)}</td>`);
  // Where it stands in the net: its operator and shape.
  const place = tensor && [tensor.op, tensor.dims.join('×')].filter(Boolean).join(' ');
  return html`<th scope="row">${breakable(row.label)}${place && html` <small>${place}</small>`}</th>${figures}${told}`;
}

/** Neighbours of one group, with their number. */
function groups(): { group: string; span: number }[] {
  const found: { group: string; span: number }[] = [];
  for (const { group } of COLUMNS) {
    const last = found.at(-1);
    if (last?.group === group) last.span++;
    else found.push({ group, span: 1 });
  }
  return found;
}
