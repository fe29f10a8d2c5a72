import type { Document } from 'yaml';
import { FxqError } from '../errors.js';
import { messageOf } from '../guards.js';
import { DEFAULT_INCLUDE, type Selector } from '../model/selectors.js';
import { readWhole } from '../onnx/files.js';
import type { JsonSchema, Options } from '../options/option.js';
import type { CLUSTER } from '../stages/cluster.js';
import type { PRUNE } from '../stages/prune.js';
import type { QUANTIZE } from '../stages/quantize.js';
import { STAGES } from '../stages/registry.js';
import type { StageDefinition } from '../stages/stage.js';
import { formats, list, Mismatch, map, optionShape, orFalse, type Path, type Shape, selector } from './config-shape.js';
import type { ClusterFlags, PruneFlags, QuantizeFlags } from './options.js';
import { yaml } from './yaml.js';

/** What a config file may say. */
export interface Config {
  readonly include?: Selector[];
  readonly exclude?: Selector[];
  readonly prune?: PruneFlags;
  /** `false`: weights are not clustered. */
  readonly cluster?: ClusterFlags | false;
  /** In place of clusters. */
  readonly quantize?: QuantizeFlags;
  readonly layers?: LayerConfig[];
  /** Number formats of values while the model runs, by globs over their names. */
  readonly values?: Readonly<Record<string, string>> | null;
}

/** Options of the layers that a selector matches. */
export interface LayerConfig {
  readonly match: Selector;
  readonly prune?: Pick<PruneFlags, (typeof PRUNE.perLayer)[number]>;
  readonly cluster?: Pick<ClusterFlags, (typeof CLUSTER.perLayer)[number]>;
  readonly quantize?: Pick<QuantizeFlags, (typeof QUANTIZE.perLayer)[number]>;
}

/** Whether a config says nothing of what weights are to be: an empty file, one that is all comments, and what `init` writes. */
export function isSilent({ prune, cluster, quantize, layers = [] }: Config): boolean {
  const isSaid = [prune, cluster, quantize].some((stage) => stage !== undefined);
  return !isSaid && layers.every((layer) => Object.keys(layer).every((key) => key === 'match'));
}

/** The config of a command: what its file says, or nothing. */
export function configOf({ config }: { readonly config?: string | undefined }): Config {
  return config === undefined ? {} : readConfig(config);
}

const A_SELECTOR = 'A glob over tensor names (conv*), or op:Conv, role:weight, dtype:float16, with globs there, too.';

/** A config file that has a key for each of these stages. */
function configShape(stages: readonly StageDefinition[]): Shape {
  const layer = map(
    'Options of the layers that a selector matches.',
    { match: selector(A_SELECTOR), ...Object.fromEntries(stages.map((stage) => [stage.name, layerShape(stage)])) },
    { required: ['match'] },
  );
  const keys: Record<string, Shape> = {
    include: list(
      `Selectors of the tensors to work on. Default: ${DEFAULT_INCLUDE.join(', ')}.`,
      'selectors',
      selector(A_SELECTOR),
    ),
    exclude: list('Selectors of tensors to leave alone.', 'selectors', selector(A_SELECTOR)),
    ...Object.fromEntries(stages.map((stage) => [stage.name, stageShape(stage)])),
    values: formats('Number formats of values while the model runs, by globs over their names; quantize rounds them.'),
    layers: list('Rules for single layers. Two that give a layer different values are an error.', 'rules', layer),
  };
  return map('Options of fxq-compress, for all layers and for single ones.', keys);
}

/** What is said of a stage for all layers. */
function stageShape({ text, options, alternatives, isDefault }: StageDefinition): Shape {
  const keys = shapesOf(options);
  const ending = isDefault ? '' : ' Without it, and without rules of layers, the stage is left out.';
  const shape = map(`${text}.${ending}`, keys, { alternatives });
  return isDefault ? orFalse(`${text}; false: the stage is left out.`, shape) : shape;
}

/** What a rule says of it. */
function layerShape({ text, options, alternatives, perLayer }: StageDefinition): Shape {
  const own = Object.entries(options).filter(([name]) => perLayer.includes(name));
  return map(`${text}, in these layers.`, shapesOf(Object.fromEntries(own)), { alternatives });
}

function shapesOf(options: Options): Record<string, Shape> {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, optionShape(option)]));
}

/** The JSON schema of a config file, for editors. */
export function configSchema(stages: readonly StageDefinition[] = STAGES): JsonSchema {
  const { schema } = configShape(stages);
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'fxq-compress', ...schema };
}

/**
 * Reads a config file. Strict: a key that is not known is an error, so that a misspelt one is noticed.
 *
 * @throws FxqError `CONFIG` with line and column, key and allowed ones; `IO` when the file cannot be read
 */
function readConfig(path: string): Config {
  return parseConfig(new TextDecoder().decode(readWhole(path)), path);
}

/** The config in the text of a file; `file` is for messages. */
export function parseConfig(text: string, file: string, stages: readonly StageDefinition[] = STAGES): Config {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (offset: number | undefined, problem: string, cause?: unknown) => {
    const { line, col } = offset === undefined ? {} : lines.linePos(offset);
    const place = line === undefined ? file : `${file}:${line}:${col}`;
    return new FxqError('CONFIG', `${place}: ${problem}`, { file, ...(cause !== undefined && { cause }) });
  };
  const [problem] = document.errors;
  if (problem) throw fail(problem.pos[0], problem.message, problem);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw fail(unresolvedAlias(document), messageOf(cause), cause);
  }
  if (value === null || value === undefined) return {};
  try {
    configShape(stages).check(value, []);
  } catch (error) {
    if (error instanceof Mismatch) throw fail(offsetOf(document, error.path, error.isKey), error.message);
    throw error;
  }
  return value as Config;
}

/** Where the value that a path leads to stands in the text, or its key; what an alias stands for is where its anchor is. */
function offsetOf(document: Document, path: Path, isKey: boolean): number | undefined {
  const { isAlias, isMap, isNode, isScalar, isSeq } = yaml();
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (let i = 0; ; i++) {
    if (isAlias(node)) node = node.resolve(document);
    // Where the way ends early, its last place is the nearest there is.
    if (!isNode(node)) return offset;
    offset = node.range?.[0] ?? offset;
    if (i === path.length) return offset;
    if (isSeq(node)) {
      node = node.items[Number(path[i])];
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value ?? '') === path[i]);
      if (isKey && i === path.length - 1) return (isScalar(pair?.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair?.value;
    } else {
      return offset;
    }
  }
}

function unresolvedAlias(document: Document): number | undefined {
  const { visit } = yaml();
  let offset: number | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset;
}
