import { shorten } from '../inspect/format.js';
import { printable } from '../printable.js';
import type { Proposal, Proposals } from '../search/proposals.js';
import { yamlScalar } from './yaml-scalar.js';

/** What a template tells of parameters that lossy stages leave alone unless they are named. */
interface Options {
  /** The data that values were seen on. */
  readonly data: string;
  /** Names of parameters that stand among the layers already. */
  readonly layers: ReadonlySet<string>;
}

/** What was seen, in a comment: `−2.43 to 2.75`. */
export function rangeText({ low, high }: Pick<Proposal, 'low' | 'high'>): string {
  const [from, to] = [low, high].map((value) => String(Number(value.toPrecision(4))));
  return `${from} to ${to}`;
}

/**
 * The part of a config file that is about values: every value with what was seen of it and the format proposed, and the
 * parameters that are no layers. All of it is commented out but the key.
 */
export function valueTemplate({ values, parameters, samples }: Proposals, { data, layers }: Options): string {
  const others = parameters.filter(({ name }) => !layers.has(name));
  const lines = [
    '',
    `# Values while the model runs, in the order in which they are computed, with what ${samples} samples of`,
    `# ${shorten(data, 60)} had of them, and the 8 bits that hold that best: FIXED8_5 is multiples of 2^-5.`,
    '# Those that stand here without "# " are rounded by `quantize --config` with `--calibrate`, which finds',
    '# the position of FIXED8 by itself; names may be globs.',
    'values:',
    ...values.flatMap((value) => [
      `  # ${value.op}, ${rangeText(value)}`,
      `  # ${yamlScalar(value.name)}: ${spelled(value.format)}`,
    ]),
  ];
  if (others.length > 0) {
    lines.push('', '# Other parameters; `include` has to name those that a rule for layers is to work on:');
    for (const other of others) {
      lines.push(`#   # ${other.op || 'no operator'}, ${rangeText(other)}`);
      lines.push(`#   - match: ${yamlScalar(other.name)}`, `#     quantize: { weights: ${spelled(other.format)} }`);
    }
  }
  return `${lines.map(printable).join('\n')}\n`;
}

/** As nnabla writes it. */
export function spelled(format: string): string {
  const [bits, position] = format.replace('fixed', '').split('.');
  return position === undefined || position.startsWith('-') ? format : `FIXED${bits}_${position}`;
}
