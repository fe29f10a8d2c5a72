import { formatBytes, formatCount, shorten } from '../inspect/format.js';
import type { Tensor } from '../model/model.js';
import { DEFAULT_INCLUDE, SELECTOR_FIELDS, type Selector } from '../model/selectors.js';
import { MAX_CLUSTERS } from '../quantize/codebook.js';
import { CLUSTER_DEFAULTS } from '../stages/cluster.js';

/** What a template tells of the tensors beside the layers. */
type Others = readonly Pick<Tensor, 'role' | 'length'>[];

export interface TemplateOptions {
  /** What the model is called. */
  readonly model: string;
  /** Path of the JSON schema as seen from the config file, for editors. */
  readonly schema?: string | undefined;
}

const INTRODUCTION = `Without an option the weights of each layer share as few values as keep a signal-to-noise ratio of
${CLUSTER_DEFAULTS.snr} dB, and nothing is pruned. Take "# " away to set an option, and try other values.

prune:    density    share of the weights to keep, 0 to 1
          threshold  or: weights of a smaller magnitude become zero
          quality    or: the same, as a multiple of the standard deviation
cluster:  bits       2^bits values a layer, 1 to 10
          clusters   or: the number of values itself, 1 to ${MAX_CLUSTERS}
          snr        or: as few values as keep this signal-to-noise ratio, in decibels

Selectors are globs over tensor names (conv*), or op:Conv, role:weight, dtype:float16. Rules for
layers stand above the options for all; two that give a layer different values are an error.`;

/**
 * A config file for a model, as text: every layer with what it is, and the options commented out, so that it says
 * nothing but what holds anyway.
 *
 * @param layers - in the order in which they shall stand
 * @param others - tensors that are left alone by default
 */
export function configTemplate(layers: readonly Tensor[], others: Others, options: TemplateOptions): string {
  const { model, schema } = options;
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    ...[`Options of fxq-compress for ${shorten(model, 60)}.`, ...INTRODUCTION.split('\n')].map(comment),
    '',
    comment('For all layers:'),
    comment(`include: ${JSON.stringify(DEFAULT_INCLUDE)}`),
    comment('exclude: []'),
    comment('prune: { density: 0.5 }'),
    comment(`cluster: { snr: ${CLUSTER_DEFAULTS.snr} }`),
    '',
  ];
  if (layers.length === 0) lines.push(comment('This model has no weights that can be compressed with loss.'));
  else lines.push(comment('For single layers, the largest first:'), 'layers:');
  for (const layer of layers) {
    lines.push(
      `  ${comment(describe(layer))}`,
      `  - match: ${scalar(exactly(layer.name))}`,
      '    # prune: { density: 0.5 }',
      '    # cluster: { bits: 5 }',
    );
  }
  if (others.length > 0) lines.push('', comment(`Left alone unless included: ${summary(others)}.`));
  return `${lines.join('\n')}\n`;
}

function comment(text: string): string {
  return text === '' ? '#' : `# ${text}`;
}

function describe({ role, op, dims, dtype, count, length }: Tensor): string {
  const shape = dims.length === 0 ? 'a single number' : dims.map(formatCount).join(' × ');
  const weights = count === 1 ? '1 weight' : `${formatCount(count)} weights`;
  return `${role} of ${shorten(op, 40) || 'no operator'}, ${shape}, ${dtype}: ${weights}, ${formatBytes(length)}`;
}

function summary(others: Others): string {
  const roles = [...new Set(others.map(({ role }) => role))].sort();
  const counts = roles.map((role) => `${formatCount(others.filter((other) => other.role === role).length)} ${role}`);
  const bytes = others.reduce((sum, { length }) => sum + length, 0);
  return `${counts.join(', ')} (${formatBytes(bytes)})`;
}

/** The selector of a name: one that begins like another field has to say that it is a name. */
function exactly(name: string): Selector {
  return SELECTOR_FIELDS.some((field) => name.startsWith(`${field}:`)) ? `name:${name}` : name;
}

/** A text in YAML: as it is where no reader could take it for anything else. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z_/][\w./-]*$/.test(text) && !/^(null|true|false|yes|no|on|off|y|n)$/i.test(text);
  // JSON is YAML but for what YAML has no place for, such as DEL and line breaks of Unicode.
  return isPlain ? text : JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
