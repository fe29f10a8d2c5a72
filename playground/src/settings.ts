import type { CompressOptions } from '../../src/search/compress.js';

/** What a visitor has chosen. */
export interface Settings {
  readonly method: Method;
  /** Decibels of the weights over their noise. */
  readonly snr: number;
  readonly bits: number;
  /** Bytes. */
  readonly target: number;
  readonly weights: string;
  readonly by: string;
  /** Share of the weights that stay. */
  readonly density: number;
  /** Names of layers that stay as they are. */
  readonly exact: readonly string[];
}

export type Method = 'noise' | 'bits' | 'size' | 'format' | 'answers';

export const NOTES: Readonly<Record<Method, string>> = {
  noise:
    'Each layer shares as few values as keep its weights this clear of noise. 40 dB is safe without knowing the model.',
  bits: 'Each layer shares so many values, found by k-means: Deep Compression, as in the paper.',
  size: 'Finds the clearest weights that fit.',
  format: 'Rounds weights to the numbers of a format, to see what hardware would make of them.',
  answers:
    'What the command line does by default: runs the model on inputs made for it, and rounds as far as its answers allow. Takes a while.',
};

export const FORMATS = [
  'int8',
  'int6',
  'int5',
  'int4',
  'int3',
  'int2',
  'e4m3',
  'e5m2',
  'e2m1',
  'fixed8',
  'pow4',
  'ternary',
  'binary',
];

/** The options of `compress`; those of a target size with the noise that was found for it. */
export function optionsOf(settings: Settings, snr = settings.snr): CompressOptions {
  const { method, bits, density, exact } = settings;
  const exclude = exact.length > 0 ? [...exact] : undefined;
  if (method === 'answers') return exclude ? { synthetic: { exclude } } : {};
  const prune = density < 1 ? { prune: { density, exclude } } : {};
  if (method === 'format') {
    const by = settings.by === 'channel' ? 'channel' : 'layer';
    return { ...prune, quantize: { weights: settings.weights, by, exclude } };
  }
  return { ...prune, cluster: { ...(method === 'bits' ? { bits } : { snr }), exclude } };
}

/** The config file that says the same. */
export function configOf(options: CompressOptions): string {
  const { prune, cluster, quantize } = options;
  const stages = Object.entries({ prune, cluster, quantize }).flatMap(([stage, given]) => {
    const lines = Object.entries(given || {}).filter(([key, value]) => key !== 'exclude' && value !== undefined);
    return lines.length > 0 ? [`${stage}:`, ...lines.map(([key, value]) => `  ${key}: ${value}`)] : [];
  });
  const exact = excludedOf(options);
  const exclude = exact.length > 0 ? ['exclude:', ...exact.map((name) => `  - ${JSON.stringify(name)}`)] : [];
  return [...exclude, ...stages].map((line) => `${line}\n`).join('');
}

/** The command that makes the same bytes of the same file. */
export function commandOf(file: string, options: CompressOptions): string {
  const { prune, cluster, quantize } = options;
  const flags = Object.entries({ ...prune, ...(cluster || {}), ...quantize }).flatMap(([key, value]) =>
    key === 'exclude' || value === undefined ? [] : [`--${key} ${value}`],
  );
  const exact = excludedOf(options).map((name) => `--exclude ${quoted(name)}`);
  return [
    'npx fxq-compress compress',
    quoted(file),
    '-o',
    quoted(file.replace(/\.onnx$/, '.fxq')),
    ...flags,
    ...exact,
  ].join(' ');
}

/** What decodes the file in a page. */
export function codeOf(file: string): string {
  return `import { createSession } from 'fxq-compress/session';
import * as ort from 'onnxruntime-web';

const session = await createSession(ort, ${JSON.stringify(file.replace(/\.onnx$/, '.fxq'))});`;
}

function excludedOf({ prune, cluster, quantize, synthetic }: CompressOptions): readonly string[] {
  const given = (cluster || quantize || prune || synthetic || {}) as { exclude?: readonly string[] };
  return given.exclude ?? [];
}

function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
