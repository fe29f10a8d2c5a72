import { formatBits, formatBytes, formatCount, formatRatio, formatShare } from '../inspect/format.js';
import type { Row } from '../inspect/totals.js';

/** A column: what it sorts by and how that reads. */
export interface TableColumn {
  readonly group: string;
  readonly head: string;
  readonly value: (row: Row) => number | null;
  readonly text: (value: number) => string;
}

const column = (group: string, head: string, value: TableColumn['value'], text: TableColumn['text']): TableColumn => ({
  group,
  head,
  value,
  text,
});

/** The columns of the paper's tables, and the bytes that a layer takes. */
export const COLUMNS: readonly TableColumn[] = [
  column('', 'weights', ({ weights }) => weights, formatCount),
  column('', 'kept', ({ density }) => density, formatShare),
  column('weight bits', 'P+Q', ({ weightBits }) => weightBits[0], formatBits),
  column('weight bits', 'P+Q+H', ({ weightBits }) => weightBits[1], formatBits),
  column('index bits', 'P+Q', ({ indexBits }) => indexBits[0], formatBits),
  column('index bits', 'P+Q+H', ({ indexBits }) => indexBits[1], formatBits),
  column('ratio', 'P+Q', ({ ratio }) => ratio[0], formatRatio),
  column('ratio', 'P+Q+H', ({ ratio }) => ratio[1], formatRatio),
  // What stays in the skeleton has no size of its own.
  column('', 'size', ({ bytes }) => bytes || null, formatBytes),
];
