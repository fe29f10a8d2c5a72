import { formatBits, formatBytes, formatCount, formatRatio, formatShare } from './format.js';
import type { Row } from './totals.js';

/** A column of figures about tensors: the figure, by which a page can sort, and how it reads. */
export interface FigureColumn {
  /** Head of this and the following columns that have the same. */
  readonly group: string;
  readonly head: string;
  /** `null` is "does not apply". */
  readonly value: (row: Row) => number | null;
  readonly text: (value: number) => string;
}

const column = (
  group: string,
  head: string,
  value: FigureColumn['value'],
  text: FigureColumn['text'],
): FigureColumn => ({
  group,
  head,
  value,
  text,
});

/** What every table of tensors begins with. */
export const WEIGHTS: readonly FigureColumn[] = [
  column('', 'weights', ({ weights }) => weights, formatCount),
  column('', 'kept', ({ density }) => density, formatShare),
];

/** The columns of the tables in Deep Compression (Han, Mao, Dally 2016): pruned and quantised, then also Huffman-coded. */
export const PAPER: readonly FigureColumn[] = [
  ...WEIGHTS,
  column('weight bits', 'P+Q', ({ weightBits }) => weightBits[0], formatBits),
  column('weight bits', 'P+Q+H', ({ weightBits }) => weightBits[1], formatBits),
  column('index bits', 'P+Q', ({ indexBits }) => indexBits[0], formatBits),
  column('index bits', 'P+Q+H', ({ indexBits }) => indexBits[1], formatBits),
  column('ratio', 'P+Q', ({ ratio }) => ratio[0], formatRatio),
  column('ratio', 'P+Q+H', ({ ratio }) => ratio[1], formatRatio),
];

/** Bytes that tensors take. What stays in the skeleton has no size of its own. */
export const SIZE: FigureColumn = column('', 'size', ({ bytes }) => bytes || null, formatBytes);

/** What the paper's columns mean, for pages that have the room to say it. */
export const PAPER_WORDS: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: 'kept', meaning: 'share of the weights that are not zero' },
  { name: 'weight bits', meaning: 'what the value of a kept weight takes, on average' },
  { name: 'index bits', meaning: 'what the place of a kept weight takes, on average' },
  { name: 'ratio', meaning: 'bytes of the weights before, by all that they take now' },
  { name: 'P+Q', meaning: 'pruned and quantised: before Huffman coding' },
  { name: 'P+Q+H', meaning: 'with Huffman coding: as in the file' },
];
