import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { FxqError } from '../errors.js';
import { DEFAULT_INCLUDE, type Selector } from '../model/selectors.js';
import { readWhole } from '../onnx/files.js';
import { MAX_CLUSTERS } from '../quantize/codebook.js';
import { INITIALISATIONS } from '../quantize/kmeans/index.js';
import { CLUSTER_DEFAULTS } from '../stages/cluster.js';
import { PRUNE_DEFAULTS, SCOPES } from '../stages/prune.js';
import {
  choice,
  type JsonSchema,
  list,
  Mismatch,
  map,
  number,
  orFalse,
  type Path,
  type Shape,
  selector,
} from './config-shape.js';
import { CENTROIDS, type ClusterFlags, type PruneFlags, SIZES, TARGETS } from './options.js';

/** What a config file may say. */
export interface Config {
  readonly include?: Selector[];
  readonly exclude?: Selector[];
  readonly prune?: PruneFlags;
  /** `false`: weights are not clustered. */
  readonly cluster?: ClusterFlags | false;
  readonly layers?: LayerConfig[];
}

/** Options of the layers that a selector matches. */
export interface LayerConfig {
  readonly match: Selector;
  readonly prune?: Omit<PruneFlags, 'scope'>;
  readonly cluster?: Omit<ClusterFlags, 'seed' | 'centroids'>;
}

const A_SELECTOR = 'A glob over tensor names (conv*), or op:Conv, role:weight, dtype:float16, with globs there, too.';

const TARGET: Record<keyof Omit<PruneFlags, 'scope'>, Shape> = {
  density: number('Share of the weights to keep.', { low: 0, high: 1 }),
  threshold: number('Weights of a smaller magnitude become zero.', { low: 0 }),
  quality: number('The same, as a multiple of the standard deviation.', { low: 0 }),
};

const SIZE: Record<keyof Omit<ClusterFlags, 'seed' | 'centroids'>, Shape> = {
  bits: number('2^bits values a layer.', { low: 1, high: 10, isWhole: true }),
  clusters: number('Values a layer.', { low: 1, high: MAX_CLUSTERS, isWhole: true }),
  snr: number(
    `As few values as keep this signal-to-noise ratio, in decibels. Without a size: ${CLUSTER_DEFAULTS.snr}.`,
    { low: 0, high: 100 },
  ),
  init: choice(`Start of k-means. Default: ${CLUSTER_DEFAULTS.init}.`, INITIALISATIONS),
};

const PRUNE: Record<keyof PruneFlags, Shape> = {
  ...TARGET,
  scope: choice(`One target for each layer, or one for all layers together. Default: ${PRUNE_DEFAULTS.scope}.`, SCOPES),
};

const CLUSTER: Record<keyof ClusterFlags, Shape> = {
  ...SIZE,
  seed: number(`Seed of random and kmeans++. Default: ${CLUSTER_DEFAULTS.seed}.`, {
    low: 0,
    high: Number.MAX_SAFE_INTEGER,
    isWhole: true,
  }),
  centroids: choice(`Type that shared values are rounded to. Default: ${CLUSTER_DEFAULTS.centroids}.`, CENTROIDS),
};

const LAYER: Record<keyof LayerConfig, Shape> = {
  match: selector(A_SELECTOR),
  prune: map('How much of these layers is pruned.', TARGET, { alternatives: TARGETS }),
  cluster: map('How many values these layers have.', SIZE, { alternatives: SIZES }),
};

const KEYS: Record<keyof Config, Shape> = {
  include: list(
    `Selectors of the tensors to work on. Default: ${DEFAULT_INCLUDE.join(', ')}.`,
    'selectors',
    selector(A_SELECTOR),
  ),
  exclude: list('Selectors of tensors to leave alone.', 'selectors', selector(A_SELECTOR)),
  prune: map('How much is pruned. Without it, and without rules of layers, nothing is.', PRUNE, {
    alternatives: TARGETS,
  }),
  cluster: orFalse(
    'How many values the weights of a layer share; false: weights keep their values.',
    map('Options of clustering.', CLUSTER, { alternatives: SIZES }),
  ),
  layers: list(
    'Rules for single layers. Two that give a layer different values are an error.',
    'rules',
    map('Options of the layers that a selector matches.', LAYER, { required: ['match'] }),
  ),
};

const CONFIG = map('Options of fxq-compress, for all layers and for single ones.', KEYS);

/** The JSON schema of a config file, for editors. */
export function configSchema(): JsonSchema {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'fxq-compress', ...CONFIG.schema };
}

/**
 * Reads a config file. Strict: a key that is not known is an error, so that a misspelt one is noticed.
 *
 * @throws FxqError `CONFIG` with line and column, key and allowed ones; `IO` when the file cannot be read
 */
export function readConfig(path: string): Config {
  return parseConfig(new TextDecoder().decode(readWhole(path)), path);
}

/** The config in the text of a file; `file` is for messages. */
export function parseConfig(text: string, file: string): Config {
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
    throw fail(unresolvedAlias(document), (cause as Error).message, cause);
  }
  if (value === null || value === undefined) return {};
  try {
    CONFIG.check(value, []);
  } catch (error) {
    if (error instanceof Mismatch) throw fail(offsetOf(document, error.path, error.isKey), error.message);
    throw error;
  }
  return value as Config;
}

/** Where the value that a path leads to stands in the text, or its key; what an alias stands for is where its anchor is. */
function offsetOf(document: Document, path: Path, isKey: boolean): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (let i = 0; ; i++) {
    if (isAlias(node)) node = node.resolve(document);
    // Where the way ends early, its last place is the nearest there is.
    if (!isNode(node)) return offset;
    offset = node.range?.[0] ?? offset;
    if (i === path.length) return offset;
    if (isSeq(node)) {
      node = node.items[path[i] as number];
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
