import { formatLoss } from '../evaluate/loss-words.js';
import { type Column, layOut } from '../inspect/columns.js';
import {
  formatBits,
  formatCount,
  formatDecibels,
  formatOfWeights,
  formatPercent,
  formatShare,
  formatSmall,
  orDash,
} from '../inspect/format.js';
import { printable } from '../printable.js';
import type { Fidelity, InputSensitivity, LayerSensitivity, Sensitivity } from './options.js';

type Row<T> = T & { readonly label: string };

/**
 * What each layer does to the outputs, the largest divergence first, below it the curve of adding them up, and then what was not
 * measured. Plain text without a final line break.
 *
 * @param width - columns of text that tables may take. Default: 100
 * @example
 * console.log(formatSensitivity(await sensitivity(original, compressed, { dataset })));
 */
export function formatSensitivity(found: Sensitivity, width?: number): string {
  const { samples, output, original, layers, inputs, cumulative, skipped } = found;
  const outputs = outputColumns(found);
  const formats = layers.some(({ format }) => format) ? [FORMAT] : [];
  const labelled = <T extends { name: string }>(row: T): Row<T> => ({ ...row, label: row.name });
  const lines =
    cumulative.length === 0
      ? ['no layers differ']
      : [
          ...(layers.length > 0
            ? [...layOut([...WEIGHTS, ...formats, ...outputs], layers.map(labelled), undefined, 'layer', width), '']
            : []),
          ...(inputs.length > 0
            ? [...layOut([...INPUTS, ...outputs], inputs.map(labelled), undefined, 'taken in', width), '']
            : []),
          ...layOut([LAYERS, ...outputs], cumulative.map(labelled), undefined, 'one after the other', width),
        ];
  const notes = skipped.map(({ name, reason }) => printable(`– not measured: ${name} (${reason})`));
  const top = [
    ['top-1', original.top1],
    ['top-5', original.top5],
  ] as const;
  const shares = top.flatMap(([name, value]) => (value === null ? [] : [`${name} ${formatPercent(value)}`]));
  const mismatches = [...layers, ...inputs].some(({ shapeMismatches }) => shapeMismatches > 0);
  if (mismatches) notes.push('– outputs of other shapes than the original’s are not in the figures');
  const all = cumulative.at(-1)?.loss;
  if (all) notes.push(`– all compressed: ${formatLoss(all)}, by ${all.metric}`);
  const ends = [
    `${formatCount(samples)} samples, output '${output}'`,
    ...(shares.length > 0 ? [`the original: ${shares.join(', ')}`] : []),
  ];
  return [...lines, ...notes, '', ...ends].join('\n');
}

const WEIGHTS: Column<Row<LayerSensitivity>>[] = [
  { group: 'weights', head: 'kept', text: ({ density }) => formatShare(density) },
  { group: 'weights', head: 'values', text: ({ clusters }) => formatCount(clusters) },
  { group: 'weights', head: 'bits', text: ({ bits }) => formatBits(bits) },
  { group: 'weights', head: 'SNR', text: ({ weightSnr }) => formatDecibels(weightSnr) },
];

/** Only where layers have one. */
const FORMAT: Column<Row<LayerSensitivity>> = {
  group: 'weights',
  head: 'format',
  text: ({ format }) => (format ? formatOfWeights(format) : '–'),
};

const INPUTS: Column<Row<InputSensitivity>>[] = [
  { group: 'values', head: 'by', text: ({ op }) => op },
  { group: 'values', head: 'numbers', text: ({ numbers }) => formatCount(numbers) },
  { group: 'values', head: 'format', text: ({ format }) => format },
  { group: 'values', head: 'SNR', text: ({ inputSnr }) => formatDecibels(inputSnr) },
];

const LAYERS: Column<{ readonly layers: number }> = {
  group: '',
  head: 'layers',
  text: ({ layers }) => formatCount(layers),
};

/** The columns that have something to tell in this model. */
function outputColumns({ cumulative, original }: Sensitivity): Column<Fidelity>[] {
  const decides = cumulative.some(({ kl }) => kl !== null);
  const compares = cumulative.some(({ outputs }) => outputs.some(({ snr }) => snr !== null));
  const agrees = cumulative.some(({ agreement }) => agreement !== null);
  const group = 'outputs';
  // Of several outputs the one that is worst off.
  const least = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.min(...known);
  };
  const cosine = {
    group,
    head: 'cosine',
    text: ({ outputs }: Fidelity) => orDash(least(outputs.map((each) => each.cosine)), (value) => value.toFixed(4)),
  };
  const snr = {
    group,
    head: 'SNR',
    text: ({ outputs }: Fidelity) => orDash(least(outputs.map((each) => each.snr)), formatDecibels),
  };
  return [
    ...(original.top1 === null
      ? []
      : [{ group, head: 'top-1', text: ({ top1 }: Fidelity) => orDash(top1, formatPercent) }]),
    ...(agrees ? [{ group, head: 'agree', text: ({ agreement }: Fidelity) => orDash(agreement, formatPercent) }] : []),
    ...(decides ? [{ group, head: 'KL', text: ({ kl }: Fidelity) => orDash(kl, formatSmall) }] : []),
    ...(decides || !compares
      ? []
      : [{ group, head: 'noise/signal', text: ({ divergence }: Fidelity) => formatSmall(divergence) }]),
    ...(compares ? [cosine, snr] : []),
  ];
}
