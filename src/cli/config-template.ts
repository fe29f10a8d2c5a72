import { formatBytes, formatCount, shorten } from '../inspect/format.js';
import type { Tensor } from '../model/model.js';
import { DEFAULT_INCLUDE, SELECTOR_FIELDS, type Selector } from '../model/selectors.js';
import { describe as optionText } from '../options/text.js';
import type { Proposal } from '../search/proposals.js';
import { CLUSTER_DEFAULTS } from '../stages/cluster.js';
import { QUANTIZE } from '../stages/quantize.js';
import { STAGES } from '../stages/registry.js';
import type { StageDefinition } from '../stages/stage.js';
import { rangeText, spelled } from './value-template.js';
import { wrap } from './wrap.js';
import { yamlScalar } from './yaml-scalar.js';

/** What a template tells of the tensors beside the layers. */
type Others = readonly Pick<Tensor, 'role' | 'length'>[];

export interface TemplateOptions {
  /** What the model is called. */
  readonly model: string;
  /** Path of the JSON schema as seen from the config file, for editors. */
  readonly schema?: string | undefined;
  /** What layers were found to be, by name: proposed formats stand in place of the usual example. */
  readonly proposals?: ReadonlyMap<string, Proposal> | undefined;
  /** The stages that a config file has keys for. */
  readonly stages?: readonly StageDefinition[] | undefined;
}

/** Characters of a line of comments. */
const WIDTH = 98;

const INTRODUCTION = `Without an option the weights of each layer share as few values as keep a signal-to-noise ratio of
${CLUSTER_DEFAULTS.snr} dB, and nothing is pruned. Take "# " away to set an option, and try other values.`;

const SELECTORS = `Selectors are globs over tensor names (conv*), or op:Conv, role:weight, dtype:float16. Rules for
layers stand above the options for all; two that give a layer different values are an error.`;

/**
 * A config file for a model, as text: every layer with what it is, and the options commented out, so that it says
 * nothing but what holds anyway.
 *
 * @param layers - in the order in which they shall stand
 * @param others - tensors that are left alone by default
 */
export function configTemplate(layers: readonly Tensor[], others: Others, options: TemplateOptions): string {
  const { model, schema, proposals, stages = STAGES } = options;
  const head = `Options of fxq-compress for ${shorten(model, 60)}.\n${INTRODUCTION}\n`;
  const lines = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    ...head.split('\n').map(comment),
    ...stages.flatMap(optionLines).map(comment),
    ...`\n${SELECTORS}`.split('\n').map(comment),
    '',
    comment('For all layers:'),
    comment(`include: ${JSON.stringify(DEFAULT_INCLUDE)}`),
    comment('exclude: []'),
    ...stages.map(({ name, example }) => comment(`${name}: ${flow(example.all)}`)),
    '',
  ];
  if (layers.length === 0) lines.push(comment('This model has no weights that can be compressed with loss.'));
  else lines.push(comment('For single layers, the largest first:'), 'layers:');
  for (const layer of layers) {
    const proposal = proposals?.get(layer.name);
    lines.push(
      `  ${comment(describe(layer))}`,
      ...(proposal ? [`  ${comment(`weights from ${rangeText(proposal)}`)}`] : []),
      `  - match: ${yamlScalar(exactly(layer.name))}`,
      ...stages.map(({ name, example }) => {
        const own = proposal && name === QUANTIZE.name ? { weights: spelled(proposal.format) } : example.layer;
        return `    ${comment(`${name}: ${flow(own)}`)}`;
      }),
    );
  }
  if (others.length > 0) lines.push('', comment(`Left alone unless included: ${summary(others)}.`));
  return `${lines.join('\n')}\n`;
}

/** The options of a stage, each with what it is; those that are for all layers alike say so. */
function optionLines({ name, options, alternatives, perLayer }: StageDefinition): string[] {
  const width = Math.max(...Object.keys(options).map(({ length }) => length));
  return Object.entries(options).flatMap(([key, option], i) => {
    const title = i === 0 ? `${name}:` : '';
    const others = alternatives.indexOf(key) > 0 ? 'or: ' : '';
    const scope = perLayer.includes(key) ? '' : 'for all layers: ';
    const indent = `${title.padEnd(9)} ${key.padEnd(width)}  `;
    return wrap(`${others}${scope}${optionText(option)}`, WIDTH - indent.length).map((line, j) =>
      j === 0 ? indent + line : ' '.repeat(indent.length) + line,
    );
  });
}

/** Options as they may stand on one line. */
function flow(options: object): string {
  return `{ ${Object.entries(options)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? yamlScalar(value) : value}`)
    .join(', ')} }`;
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
