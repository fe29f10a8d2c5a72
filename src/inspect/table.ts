import { PREFIX_BYTES } from '../container/constants.js';
import { type Column, layOut } from './columns.js';
import { MAX_DISTINCT } from './elements.js';
import type { Report, TensorReport } from './figures.js';
import { formatBits, formatBytes, formatCount, formatRatio, formatShare, orDash } from './format.js';
import { type Row, toRow } from './totals.js';

/** Settings of `formatTable`. */
export interface TableOptions {
  /** A row for every tensor. Default: for weights only, the others summed into one. */
  readonly all?: boolean | undefined;
}

const SIZE: Column<Row>[] = [
  { group: '', head: 'weights', text: ({ weights }) => formatCount(weights) },
  { group: '', head: 'kept', text: ({ density }) => formatShare(density) },
];

/** As in the tables of Deep Compression (Han, Mao, Dally 2016): pruned and quantised, then also Huffman-coded. */
const CODED: Column<Row>[] = [
  ...SIZE,
  { group: 'weight bits', head: 'P+Q', text: ({ weightBits }) => orDash(weightBits[0], formatBits) },
  { group: 'weight bits', head: 'P+Q+H', text: ({ weightBits }) => orDash(weightBits[1], formatBits) },
  { group: 'index bits', head: 'P+Q', text: ({ indexBits }) => orDash(indexBits[0], formatBits) },
  { group: 'index bits', head: 'P+Q+H', text: ({ indexBits }) => orDash(indexBits[1], formatBits) },
  { group: 'ratio', head: 'P+Q', text: ({ ratio }) => orDash(ratio[0], formatRatio) },
  { group: 'ratio', head: 'P+Q+H', text: ({ ratio }) => orDash(ratio[1], formatRatio) },
];

const PLAIN: Column<Row>[] = [
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
        ['prefix', PREFIX_BYTES],
        ...(overhead.other > PREFIX_BYTES ? [['of no tensor', overhead.other - PREFIX_BYTES] as [string, number]] : []),
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
