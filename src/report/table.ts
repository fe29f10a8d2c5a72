import { MAX_DISTINCT } from './elements.js';
import { formatBits, formatBytes, formatCount, formatRatio, formatShare, shorten } from './format.js';
import type { Report, TensorReport } from './report.js';
import { type Row, toRow } from './totals.js';

export interface TableOptions {
  /** A row for every tensor. Default: for weights only, the others summed into one. */
  readonly all?: boolean | undefined;
}

/** What the table has to fit into, and what names get of it at least. */
const WIDTH = 100;
const MIN_NAME_WIDTH = 24;

interface Column {
  /** Head of this and the following columns that have none. */
  readonly group: string;
  readonly head: string;
  readonly text: (row: Row) => string;
}

const SIZE: Column[] = [
  { group: '', head: 'weights', text: ({ weights }) => formatCount(weights) },
  { group: '', head: 'kept', text: ({ density }) => formatShare(density) },
];

/** As in the tables of Deep Compression (Han, Mao, Dally 2016): pruned and quantised, then also Huffman-coded. */
const CODED: Column[] = [
  ...SIZE,
  { group: 'weight bits', head: 'P+Q', text: ({ weightBits }) => orDash(weightBits[0], formatBits) },
  { group: 'weight bits', head: 'P+Q+H', text: ({ weightBits }) => orDash(weightBits[1], formatBits) },
  { group: 'index bits', head: 'P+Q', text: ({ indexBits }) => orDash(indexBits[0], formatBits) },
  { group: 'index bits', head: 'P+Q+H', text: ({ indexBits }) => orDash(indexBits[1], formatBits) },
  { group: 'ratio', head: 'P+Q', text: ({ ratio }) => orDash(ratio[0], formatRatio) },
  { group: 'ratio', head: 'P+Q+H', text: ({ ratio }) => orDash(ratio[1], formatRatio) },
];

const PLAIN: Column[] = [
  ...SIZE,
  { group: '', head: 'values', text: ({ clusters }) => orDash(clusters, formatValues) },
  { group: '', head: 'weight bits', text: ({ weightBits }) => orDash(weightBits[0], formatBits) },
  { group: '', head: 'size', text: ({ bytes }) => formatBytes(bytes) },
];

/**
 * The per-layer table of a report, and below it where the file's bytes are. Plain text without a final line break, at
 * most a hundred columns wide.
 *
 * @example
 * console.log(formatTable(inspectOnnx(model)));
 */
export function formatTable(report: Report, options: TableOptions = {}): string {
  const { tensors } = report;
  const isCoded = tensors.some(({ layout }) => layout !== null);
  const own = options.all ? tensors : tensors.filter(({ role }) => role === 'weight');
  const others = options.all ? [] : tensors.filter(({ role }) => role !== 'weight');
  const rows = own.map((tensor) => toRow(tensor.name, [tensor]));
  if (others.length > 0) rows.push(toRow(`other tensors (${others.length})`, others));
  const columns = isCoded ? CODED : PLAIN;
  const lines = tensors.length === 0 ? ['no tensors'] : layOut(columns, rows, toRow('total', tensors));
  const isInline = ({ layout }: TensorReport) => layout === 'inline';
  const isRepeated = ({ sharedWith }: TensorReport) => sharedWith !== null;
  lines.push(...note(tensors.filter(isInline), 'in the skeleton', 'with no ratio of their own'));
  lines.push(...note(tensors.filter(isRepeated), 'repeated', 'whose bytes stand with another tensor'));
  return [...lines, '', ...formatSizes(report, isCoded)].join('\n');
}

/** The line that says why some tensors have dashes for figures. */
function note(tensors: readonly TensorReport[], where: string, remark: string): string[] {
  if (tensors.length === 0) return [];
  const bytes = tensors.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
  const noun = tensors.length === 1 ? 'tensor of' : 'tensors, together';
  return [`– ${where}: ${formatCount(tensors.length)} ${noun} ${formatBytes(bytes)}, ${remark}`];
}

function layOut(columns: readonly Column[], rows: readonly Row[], total: Row): string[] {
  const cells = [...rows, total].map((row) => columns.map(({ text }) => text(row)));
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...cells.map((line) => line[i].length)));
  const figures = widths.reduce((sum, each) => sum + each + 2, 0);
  const names = [...rows, total].map(({ label }) => shorten(label, Math.max(MIN_NAME_WIDTH, WIDTH - figures)));
  const first = Math.max('layer'.length, ...names.map((name) => [...name].length));
  const line = (name: string, texts: readonly string[]) =>
    `${name.padEnd(first)}${texts.map((text, i) => `  ${text.padStart(widths[i])}`).join('')}`.trimEnd();
  const rule = '─'.repeat(first + figures);
  const body = cells.map((texts, i) => line(names[i], texts));
  const head = line(
    'layer',
    columns.map(({ head: text }) => text),
  );
  const groups = groupLine(columns, widths, first);
  return [...(groups ? [groups] : []), head, rule, ...body.slice(0, -1), rule, ...body.slice(-1)];
}

/** The line above the heads: each group's name, to the right as the heads are. */
function groupLine(columns: readonly Column[], widths: readonly number[], first: number): string | undefined {
  if (columns.every(({ group }) => group === '')) return undefined;
  let line = ' '.repeat(first);
  for (let i = 0; i < columns.length; ) {
    const { group } = columns[i];
    let width = 0;
    for (; i < columns.length && columns[i].group === group; i++) {
      width += widths[i] + 2;
      if (group === '') break;
    }
    if (group === '') i++;
    line += group.padStart(width);
  }
  return line.trimEnd();
}

function formatSizes({ bytes, originalBytes, ratio, overhead, tensors }: Report, isCoded: boolean): string[] {
  const exact = (size: number) => `${formatCount(size)} bytes`;
  const coded = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const parts: [string, number][] = isCoded
    ? [
        ['weights and indices', coded],
        ['codebooks', overhead.codebooks],
        ['code tables', overhead.tables],
        ['header', overhead.header],
        ['skeleton', overhead.skeleton],
        ['prefix', overhead.other],
      ]
    : [
        ['tensors', coded],
        ['everything else', overhead.skeleton],
      ];
  const total: [string, string] = ['file', exact(bytes)];
  const lines: [string, string][] = [...parts.map(([name, size]): [string, string] => [`  ${name}`, exact(size)])];
  const names = Math.max(...[total, ...lines].map(([name]) => name.length), 'original'.length);
  const sizes = Math.max(...[total, ...lines].map(([, size]) => size.length), exact(originalBytes).length);
  const row = ([name, size]: [string, string], note = '') =>
    `${name.padEnd(names)}  ${size.padStart(sizes)}${note && `  ${note}`}`;
  const share = (i: number) => (bytes === 0 ? '' : formatShare(parts[i][1] / bytes).padStart(6));
  return [
    ...(isCoded ? [row(['original', exact(originalBytes)], formatBytes(originalBytes))] : []),
    row(total, isCoded ? `${formatBytes(bytes)}, ${formatRatio(ratio)} smaller` : formatBytes(bytes)),
    ...lines.map((line, i) => row(line, share(i))),
  ];
}

function formatValues(count: number): string {
  return Number.isFinite(count) ? formatCount(count) : `>${formatCount(MAX_DISTINCT)}`;
}

function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}
