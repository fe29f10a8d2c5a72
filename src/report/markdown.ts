import { placementsOf } from '../footprint/table.js';
import { formatBytes, formatCount, formatPercent, formatShare, orDash } from '../inspect/format.js';
import { PAPER, PAPER_WORDS, SIZE } from '../inspect/paper-columns.js';
import { printable } from '../printable.js';
import type { Comparison } from './comparison.js';
import { FORMAT_WORDS, formatColumns } from './formats.js';
import { verdictOf } from './verdict.js';
import {
  answerFigures,
  divergenceNote,
  divergenceWords,
  exactBytes,
  headline,
  int8Note,
  lossHead,
  lossText,
  sizeNote,
  sizesOf,
} from './words.js';

const COLUMNS = [...PAPER, SIZE];

/**
 * The comparison as Markdown: its figures as tables, without the plots.
 *
 * @example
 * await writeFile('report.md', renderMarkdown(comparison));
 */
export function renderMarkdown(comparison: Comparison): string {
  const { original, compressed } = comparison;
  const sections = [
    `# ${text(headline(comparison))}`,
    `${text(original.file)} (${exactBytes(original.bytes)}) → ${text(compressed.file)} (${exactBytes(compressed.bytes)})`,
    ...verdict(comparison),
    ...answers(comparison),
    ...baselines(comparison),
    ...layers(comparison),
    ...bytes(comparison),
    ...sensitivity(comparison),
    ...frontier(comparison),
    ...memory(comparison),
    ...origin(comparison),
  ];
  return `${sections.join('\n\n')}\n`;
}

function verdict(comparison: Comparison): string[] {
  const { headline: answer, reasons } = verdictOf(comparison);
  return [
    '## Can I ship this?',
    text(answer),
    ...(reasons.length > 0 ? [reasons.map((reason) => `- ${text(reason)}`).join('\n')] : []),
  ];
}

function answers({ accuracy }: Comparison): string[] {
  if (!accuracy) return [];
  const rows = answerFigures(accuracy).map(({ name, before, after, note }) => [name, before, after, note]);
  const samples = `Measured on ${formatCount(accuracy.compressed.samples)} samples of ${text(accuracy.data)}:`;
  return ['## Answers', samples, table(['', 'before', 'after', ''], rows, 'lrrl')];
}

function baselines(comparison: Comparison): string[] {
  if (comparison.baselines.length === 0) return [];
  const rows = sizesOf(comparison).map((size) => [
    size.name,
    size.bytes === null ? '' : formatCount(size.bytes),
    sizeNote(size, comparison.original.bytes),
  ]);
  const note = int8Note(comparison);
  return ['## Beside other ways', table(['file', 'bytes', ''], rows, 'lrl'), ...(note ? [text(`${note}.`)] : [])];
}

function layers(comparison: Comparison): string[] {
  const { rows, total } = comparison;
  const formats = formatColumns(comparison);
  const cells = [...rows, total].map((row) => [
    row.label,
    ...COLUMNS.map(({ value, text: format }) => orDash(value(row), format)),
    ...formats.map(({ text: told }) => told(row)),
  ]);
  const heads = [...COLUMNS.map(({ group, head }) => `${group} ${head}`.trim()), ...formats.map(({ head }) => head)];
  return [
    '## Layer by layer',
    [...PAPER_WORDS, ...(formats.length > 0 ? FORMAT_WORDS : [])]
      .map(({ name, meaning }) => `- ${name}: ${meaning}`)
      .join('\n'),
    table(['layer', ...heads], cells, `l${'r'.repeat(heads.length)}`),
  ];
}

function bytes({ parts, compressed }: Comparison): string[] {
  const rows = parts.map(({ name, bytes: size }) => [name, formatCount(size), formatShare(size / compressed.bytes)]);
  return [
    '## Where the bytes go',
    table(['', 'bytes', 'share'], [...rows, ['file', formatCount(compressed.bytes), '100%']], 'lrr'),
  ];
}

function sensitivity({ sensitivity: found }: Comparison): string[] {
  if (!found || found.layers.length === 0) return [];
  const rows = found.layers.map((layer) => [
    layer.name,
    divergenceNote(layer),
    formatShare(layer.density),
    `${layer.clusters}`,
  ]);
  const base =
    found.original.top1 === null
      ? ''
      : ` The original’s top-1 accuracy on them is ${formatPercent(found.original.top1)}.`;
  return [
    '## Which layer costs what',
    `The original with one layer compressed, on ${formatCount(found.samples)} samples.${base} ${divergenceWords(found)}.`,
    table(['layer', 'divergence', 'kept', 'values'], rows, 'llrr'),
  ];
}

function frontier({ frontier: points }: Comparison): string[] {
  if (points.length === 0) return [];
  const rows = points.map((point) => [
    `${formatCount(point.bytes)} (${formatBytes(point.bytes)})`,
    lossText(point),
    point.isChosen ? 'chosen' : '',
  ]);
  return ['## What a smaller file would cost', table(['bytes', lossHead(points), ''], rows, 'rrl')];
}

function memory({ footprint }: Comparison): string[] {
  if (!footprint) return [];
  const rows = placementsOf(footprint.others).map(({ label, bytes: size }) => [label.trim(), formatCount(size)]);
  return ['## Memory while it runs', table(['activations of one sample', 'bytes'], rows, 'lr')];
}

function origin({ stages, provenance }: Comparison): string[] {
  const lines = stages.map((stage) => `- stage: ${code(stage)}`);
  if (provenance) {
    const { command, versions, hashes } = provenance;
    lines.push(`- report: ${code(command)}`);
    for (const [name, version] of Object.entries(versions)) lines.push(`- ${name} ${version}`);
    for (const { file, sha256 } of hashes) lines.push(`- SHA-256 of ${text(file)}: ${code(sha256)}`);
  }
  return lines.length > 0 ? ['## How it was made', lines.join('\n')] : [];
}

/** @param align - l or r for each column */
function table(heads: readonly string[], rows: readonly (readonly string[])[], align: string): string {
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(' | ')} |`;
  const rule = `| ${[...align].map((side) => (side === 'r' ? '--:' : '---')).join(' | ')} |`;
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

/** Text that no Markdown reader takes for more, in a line and in a cell of a table. */
function text(plain: string): string {
  return printable(plain)
    .replace(/[\\`*_[\]|]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;');
}

function code(plain: string): string {
  const clean = printable(plain);
  const fence = '`'.repeat(Math.max(0, ...(clean.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  return fence.length > 1 ? `${fence} ${clean} ${fence}` : `\`${clean}\``;
}
