import { formatDecibels, formatOfWeights, orDash } from '../inspect/format.js';
import type { Comparison, LayerRow } from './comparison.js';

/** A column that says something of a row, and the figure by which a page can sort. */
export interface FormatColumn {
  readonly head: string;
  readonly value: (row: LayerRow) => number | null;
  readonly text: (row: LayerRow) => string;
}

const COLUMNS: readonly FormatColumn[] = [
  {
    head: 'format',
    value: ({ format }) => format?.bits ?? null,
    text: ({ format }) => (format ? formatOfWeights(format) : '–'),
  },
  { head: 'SNR', value: ({ snr }) => snr, text: ({ snr }) => orDash(snr, formatDecibels) },
];

/** What the per-layer table has besides where weights were rounded to number formats. */
export function formatColumns({ rows }: Pick<Comparison, 'rows'>): readonly FormatColumn[] {
  return rows.some(({ format }) => format) ? COLUMNS : [];
}

/** What those columns mean, for pages that have the room to say it. */
export const FORMAT_WORDS = [
  { name: 'format', meaning: 'the number format that weights were rounded to, and what has parameters of its own' },
  { name: 'SNR', meaning: 'energy of the weights before, by that of what has changed in them' },
] as const;
