import { LineCounter, parseDocument } from 'yaml';
import { FxqError } from '../errors.js';
import { matcher, type Selector } from '../layers/selectors.js';
import { readWhole } from '../onnx/files.js';
import { INITIALISATIONS } from '../stages/kmeans/index.js';
import { SCOPES } from '../stages/prune.js';
import { CENTROIDS, type ClusterFlags, type PruneFlags } from './options.js';

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

/** Checks a value and returns it, or says what was expected instead. */
type Check = (value: unknown, at: string) => unknown;

/**
 * Reads a config file. Strict: a key that is not known is an error, so that a misspelt one is noticed.
 *
 * @throws FxqError `CONFIG` naming key and allowed ones; `IO` when the file cannot be read
 */
export function readConfig(path: string): Config {
  return parseConfig(new TextDecoder().decode(readWhole(path)), path);
}

/** The config in the text of a file; `file` is for messages. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw configError(file, `line ${line}, column ${col}: ${problem.message}`, problem);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw configError(file, (cause as Error).message, cause);
  }
  if (value === null || value === undefined) return {};
  try {
    return CONFIG(value, '') as Config;
  } catch (error) {
    if (error instanceof Mismatch) throw configError(file, error.message);
    if (error instanceof FxqError) throw configError(file, error.message, error);
    throw error;
  }
}

class Mismatch extends Error {}

const number: Check = (value, at) => {
  if (typeof value !== 'number') throw new Mismatch(`${at}: expected a number, got ${show(value)}`);
  return value;
};

const selectors: Check = (value, at) => {
  if (!Array.isArray(value)) throw new Mismatch(`${at}: expected a list of selectors, got ${show(value)}`);
  return value.map((each, i) => selector(each, `${at}[${i}]`));
};

const selector: Check = (value, at) => {
  if (typeof value !== 'string') throw new Mismatch(`${at}: expected a selector, got ${show(value)}`);
  matcher(value);
  return value;
};

const oneOf =
  (choices: readonly string[]): Check =>
  (value, at) => {
    if (!choices.includes(value as string)) {
      throw new Mismatch(`${at}: expected one of ${choices.join(', ')}, got ${show(value)}`);
    }
    return value;
  };

const map =
  (keys: Record<string, Check>, required: readonly string[] = []): Check =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Mismatch(`${at || 'the file'}: expected keys and values, got ${show(value)}`);
    }
    const entries = Object.entries(value);
    const unknown = entries.find(([key]) => !Object.hasOwn(keys, key));
    if (unknown) {
      const where = at === '' ? '' : ` in ${at}`;
      throw new Mismatch(`unknown key "${unknown[0]}"${where}; allowed: ${Object.keys(keys).join(', ')}`);
    }
    const missing = required.find((key) => !Object.hasOwn(value, key));
    if (missing) throw new Mismatch(`${at}: expected a key "${missing}"`);
    return Object.fromEntries(entries.map(([key, each]) => [key, keys[key](each, at === '' ? key : `${at}.${key}`)]));
  };

const TARGET = { density: number, threshold: number, quality: number };
const SIZE = { bits: number, clusters: number, snr: number, init: oneOf(INITIALISATIONS) };
const clusterMap = map({ ...SIZE, seed: number, centroids: oneOf(CENTROIDS) });
const layerMap = map({ match: selector, prune: map(TARGET), cluster: map(SIZE) }, ['match']);

const CONFIG = map({
  include: selectors,
  exclude: selectors,
  prune: map({ ...TARGET, scope: oneOf(SCOPES) }),
  cluster: (value, at) => (value === false ? value : clusterMap(value, at)),
  layers: (value, at) => {
    if (!Array.isArray(value)) throw new Mismatch(`${at}: expected a list, got ${show(value)}`);
    return value.map((each, i) => layerMap(each, `${at}[${i}]`));
  },
});

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
}

function configError(file: string, problem: string, cause?: unknown): FxqError {
  return new FxqError('CONFIG', `${file}: ${problem}`, { file, ...(cause === undefined ? {} : { cause }) });
}
