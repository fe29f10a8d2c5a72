import { type Column, layOut } from '../inspect/columns.js';
import { formatBytes, formatCount, formatPercent, orDash } from '../inspect/format.js';
import { printable } from '../printable.js';
import { FLOAT32 } from '../quantize/formats/parse.js';
import type { Footprint, OtherPlacements } from './footprint.js';
import type { FootprintRow } from './rows.js';

/** Nodes that are shown: those at which most is alive. */
const SHOWN = 8;

/**
 * A plan as text: what values take by how they are placed, the nodes at which most is alive, and nnabla's table. Plain text
 * without a final line break.
 *
 * @param options - the columns that there are for tables. Default: 100
 * @example
 * console.log(formatFootprint(await footprint(model)));
 */
export function formatFootprint(
  plan: Footprint,
  rows: readonly FootprintRow[] = [],
  { width }: { readonly width?: number | undefined } = {},
): string {
  const { peak, bound, parameters, inPlace, inputs, values, steps, buffers, others, unsized } = plan;
  const samples = rows[0]?.samples;
  // What is not rounded may be float16.
  const held = values === FLOAT32 ? (rows[0]?.values ?? values) : values;
  const largest = steps.slice().sort((a, b) => b.live - a.live);
  const sizes = inputs.map(({ name, type, dims }) => `${name} ${type} [${dims.join(', ')}]`).join(', ');
  const lines = [
    ...layOut(BYTES, placementsOf(others), undefined, 'activations', width),
    '',
    ...layOut(
      NODES,
      largest.slice(0, SHOWN).map((step) => ({ ...step, label: step.node })),
      undefined,
      'most alive at',
      width,
    ),
    '',
    ...(rows.length === 0 ? [] : [...layOut(ROWS, rows.map(labelled), undefined, 'formats', width), '']),
    ...unsized.map((name) => `– not counted: ${name} (no tensor of numbers)`),
    `activations in ${held}, ${inPlace ? 'in place' : 'each with memory of its own'}:`,
    `${formatBytes(peak)} in ${formatCount(buffers.length)} buffers${
      peak === bound ? ', which no placement can better' : `, of which ${formatBytes(bound)} are alive at once`
    }`,
    `parameters: ${formatBytes(parameters)}; for ${sizes}`,
    ...(samples == null ? [] : [`accuracy and agreement: of ${formatCount(samples)} inputs`]),
  ];
  return lines.map(printable).join('\n');
}

/** What activations take by how they are placed. */
export function placementsOf(others: OtherPlacements): { label: string; bytes: number }[] {
  return [
    { label: 'nothing shared', bytes: others.none },
    { label: 'nnabla’s buffers', bytes: others.nnabla },
    { label: 'first fit, as values come up', bytes: others.firstFit },
    { label: 'greedy, the largest first', bytes: others.greedy },
    { label: 'best found', bytes: others.best },
    { label: '  no placement takes less than', bytes: others.bound },
    { label: 'best found, in place', bytes: others.bestInPlace },
    { label: '  none in place takes less than', bytes: others.boundInPlace },
  ];
}

const BYTES: Column<{ readonly bytes: number }>[] = [
  { group: '', head: 'bytes', text: ({ bytes }) => formatCount(bytes) },
];

const NODES: Column<Footprint['steps'][number]>[] = [
  { group: '', head: 'operator', text: ({ op }) => op },
  { group: '', head: 'bytes', text: ({ live }) => formatCount(live) },
];

const ROWS: Column<FootprintRow>[] = [
  { group: '', head: 'size', text: ({ size }) => formatBytes(size) },
  { group: '', head: 'footprint', text: ({ footprint }) => formatBytes(footprint) },
  { group: '', head: 'accuracy', text: ({ top1 }) => orDash(top1, formatPercent) },
  { group: '', head: 'agreement', text: ({ agreement }) => orDash(agreement, formatPercent) },
];

function labelled(row: FootprintRow) {
  return { ...row, label: `weights ${row.weights}, values ${row.values}` };
}
