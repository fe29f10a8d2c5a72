import { type Column, layOut } from './columns.js';
import { MAX_DISTINCT } from './elements.js';
import type { Report, TensorReport } from './figures.js';
import { formatBits, formatBytes, formatCount, formatOfWeights, formatRatio, formatShare, orDash } from './format.js';
import { type FigureColumn, PAPER, WEIGHTS } from './paper-columns.js';
import { sizesIn } from './sizes.js';
import { type Row, toRow } from './totals.js';

/** Settings of `formatTable`. */
export interface TableOptions {
  /** A row for every tensor. Default: for weights only, the others summed into one. */
  readonly all?: boolean | undefined;
  /** Columns that lines may take; a name needs about twenty of them. Default: 100. */
  readonly width?: number | undefined;
}

/** A figure as text, or a dash where it does not apply. */
const shown = ({ group, head, value, text }: FigureColumn): Column<Row> => ({
  group,
  head,
  text: (row) => orDash(value(row), text),
});

const CODED = PAPER.map(shown);

const PLAIN: Column<Row>[] = [
  ...WEIGHTS.map(shown),
  { group: '', head: 'values', text: ({ clusters }) => orDash(clusters, formatValues) },
  { group: '', head: 'weight bits', text: ({ weightBits }) => orDash(weightBits[0], formatBits) },
  { group: '', head: 'size', text: ({ bytes }) => formatBytes(bytes) },
];

const LEGEND = '– P+Q: pruned and quantised; P+Q+H: with Huffman coding, as in the file';

/** Only where weights have one. */
const FORMAT: Column<Row> = {
  group: '',
  head: 'format',
  text: ({ format }) => (format ? formatOfWeights(format) : '–'),
};

/**
 * The per-layer table of a report, and below it where the file's bytes are. Plain text without a final line break, no wider
 * than it may be: columns that find no room are left out, the last ones first.
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
  const hasFormats = own.some(({ format }) => format);
  const columns = [...(isCoded ? CODED : PLAIN), ...(hasFormats ? [FORMAT] : [])];
  const lines =
    tensors.length === 0 ? ['no tensors'] : layOut(columns, rows, toRow('total', tensors), 'layer', options.width);
  const isInline = ({ layout }: TensorReport) => layout === 'inline';
  const isRepeated = ({ sharedWith }: TensorReport) => sharedWith !== null;
  const areWaves = ({ layout }: TensorReport) => layout === 'waves';
  lines.push(...note(tensors.filter(isInline), 'in the skeleton', 'with no ratio of their own'));
  lines.push(...note(tensors.filter(isRepeated), 'repeated', 'whose bytes stand with another tensor'));
  lines.push(...note(tensors.filter(areWaves), 'as waves', 'of which a few bytes a line are in the file'));
  if (isCoded) lines.push(LEGEND);
  return [...lines, '', ...formatSizes(report, isCoded)].join('\n');
}

/** The line that says why some tensors have dashes for figures. */
function note(tensors: readonly TensorReport[], where: string, remark: string): string[] {
  if (tensors.length === 0) return [];
  const bytes = tensors.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
  const noun = tensors.length === 1 ? 'tensor of' : 'tensors, together';
  return [`– ${where}: ${formatCount(tensors.length)} ${noun} ${formatBytes(bytes)}, ${remark}`];
}

function formatSizes(report: Report, isCoded: boolean): string[] {
  const { bytes, originalBytes } = report;
  const exact = (size: number) => `${formatCount(size)} bytes`;
  const share = (size: number) => (bytes === 0 ? '' : formatShare(size / bytes).padStart(6));
  const rows = [
    ...(isCoded ? [['original', exact(originalBytes), formatBytes(originalBytes)]] : []),
    ['file', exact(bytes), isCoded ? `${formatBytes(bytes)}${changeOf(bytes, originalBytes)}` : formatBytes(bytes)],
    ...sizesIn(report, isCoded).map((part) => [`  ${part.name}`, exact(part.bytes), share(part.bytes)]),
  ];
  const [names, sizes] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(([name, size, note]) => `${name.padEnd(names)}  ${size.padStart(sizes)}${note && `  ${note}`}`);
}

/** How many times smaller or larger a file has become; nothing where that would be `1.00×`. */
function changeOf(bytes: number, originalBytes: number): string {
  const ratio = originalBytes / bytes;
  if (ratio >= 1.005) return `, ${formatRatio(ratio)} smaller`;
  return ratio > 0 && 1 / ratio >= 1.005 ? `, ${formatRatio(1 / ratio)} larger` : '';
}

function formatValues(count: number): string {
  return Number.isFinite(count) ? formatCount(count) : `>${formatCount(MAX_DISTINCT)}`;
}
