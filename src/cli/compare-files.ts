import { rmSync } from 'node:fs';
import { concat } from '../binary/bytes.js';
import { FxqError } from '../errors.js';
import { type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { type Footprint, footprintOf } from '../footprint/footprint.js';
import { surveyValues } from '../footprint/survey.js';
import { fieldOf, messageOf } from '../guards.js';
import type { Model } from '../model/model.js';
import { readWhole } from '../onnx/files.js';
import { writeOnnx } from '../onnx/write.js';
import { INT8_BASELINES, INT8_BY, measureBaselines, roundedToInt8 } from '../report/baselines.js';
import { compareModels } from '../report/compare.js';
import type { Accuracy, Baseline, Comparison, ValueSpread } from '../report/comparison.js';
import { readFrontier } from '../report/frontier.js';
import { valueSpreads } from '../report/values.js';
import { loadRuntime, type Runtime } from '../runtime/runtime.js';
import type { Sensitivity } from '../sensitivity/options.js';
import { sensitivity } from '../sensitivity/sensitivity.js';
import { shareOf } from './commands/sensitivity.js';
import { compressors } from './compressors.js';
import { type DataFlags, expectedSamples, openData } from './data.js';
import { UsageError } from './errors.js';
import { aboutFile, inspectOpened, type OpenedModel } from './input.js';
import { type MetricFlags, metricOf } from './metric.js';
import type { RunFlags } from './options.js';
import { hashesOf, provenanceOf } from './provenance.js';
import { runnableOf } from './runnable.js';
import type { Terminal } from './terminal.js';

/** The options of a comparison. */
export type CompareFlags = DataFlags &
  MetricFlags &
  Omit<RunFlags, 'output'> & {
    readonly data?: string;
    readonly judgedOutput?: string;
    readonly frontier?: string;
    readonly sensitivity: boolean;
    readonly baselines: boolean;
  };

/**
 * Collects all facts about a compressed file beside its original, those first that take no time and may tell that
 * something is wrong with the files.
 *
 * @param paths - of the original and the compressed file
 * @throws UsageError for options that need `--data`
 */
export async function compareFiles(
  [original, compressed]: readonly OpenedModel[],
  paths: readonly [string, string],
  flags: CompareFlags,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<Comparison> {
  const { limit, batchSize, judgedOutput, threads, scale, preprocess, labels, dim } = flags;
  const running = { limit, 'batch-size': batchSize, 'judged-output': judgedOutput, threads };
  const needing = { ...running, metric: flags.metric, scale, preprocess, labels, dim };
  const stray = Object.entries(needing).find(([, value]) => value !== undefined);
  if (flags.data === undefined && stray) throw new UsageError(`--${stray[0]} needs --data to run the models on`);
  const frontier = flags.frontier === undefined ? [] : readFrontier(readJson(flags.frontier), flags.frontier);
  const figures = await aboutFile(paths[1], () => inspectOpened(compressed, paths[1], signal));
  const comparison = await compareModels(original.model, compressed.model, figures, {
    ...{ file: paths[0], frontier, signal },
    onProgress: terminal.progress('compare'),
  });
  const runtime = flags.data === undefined ? undefined : await loadRuntime();
  const answers =
    runtime && (await measureAnswers({ models: [original, compressed], paths, runtime, flags, signal, terminal }));
  const onProgress = terminal.progress('gzip and brotli');
  const baselines = flags.baselines ? await measureBaselines(original.model, compressors, { signal, onProgress }) : [];
  const hashes = hashesOf([...original.files, ...compressed.files]);
  return {
    ...comparison,
    accuracy: answers?.accuracy ?? null,
    sensitivity: answers?.sensitivity ?? null,
    footprint: answers?.footprint ?? null,
    values: answers?.values ?? [],
    baselines: baselines.map((each) => ({ ...each, ...answers?.int8.get(each.name) })),
    warnings: terminal.warnings,
    provenance: provenanceOf(process.argv.slice(2), runtime && versionOf(runtime), hashes),
  };
}

interface Answers {
  readonly accuracy: Accuracy;
  /** Of the baselines in int8, by their names. */
  readonly int8: ReadonlyMap<string, Partial<Baseline>>;
  readonly sensitivity: Sensitivity | null;
  readonly footprint: Footprint | null;
  readonly values: readonly ValueSpread[];
}

interface AnswerSubject {
  /** The original and the compressed model, and their paths. */
  readonly models: readonly [OpenedModel, OpenedModel];
  readonly paths: readonly [string, string];
  readonly runtime: Runtime;
  readonly flags: CompareFlags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** Runs the models: the original, the compressed one and those in int8 beside it, and layer by layer. */
async function measureAnswers(subject: AnswerSubject): Promise<Answers> {
  const { paths, runtime, flags, signal, terminal } = subject;
  const [original, compressed] = subject.models;
  const { data = '', limit, batchSize, judgedOutput: output, threads } = flags;
  const dataset = await openData(data, flags, { model: original.model, files: paths }, terminal);
  const total = expectedSamples(dataset, limit);
  const metric = await metricOf(flags);
  const options = { dataset, limit, batchSize, output, metric, threads, runtime, signal };
  const folders: string[] = [];
  const run = (label: string, model: Uint8Array | string, reference?: Uint8Array | string): Promise<Evaluation> => {
    const draw = terminal.progress(label);
    const onProgress = total === undefined ? undefined : (samples: number) => draw(samples / total);
    return evaluate({ ...options, model, reference, onProgress });
  };
  try {
    const [reference, model] = [await runnableOf(original, folders), await runnableOf(compressed, folders)];
    const accuracy = {
      data,
      original: await run('original', reference),
      compressed: await run('compressed', model, reference),
    };
    const told = new Set([...accuracy.original.warnings, ...accuracy.compressed.warnings]);
    for (const warning of told) terminal.warn(warning);
    const int8 = new Map<string, Partial<Baseline>>();
    // ONNX Runtime takes bytes of models that are a single file.
    if (flags.baselines && original.model.files.length === 1) {
      for (const by of INT8_BY) {
        const bytes = concat(Array.from(writeOnnx(roundedToInt8(original.model, by)), (piece) => piece.bytes));
        const { top1, agreement } = await run(by === 'layer' ? 'int8' : 'int8 by channel', bytes, reference);
        int8.set(INT8_BASELINES[by], { top1, agreement });
      }
    }
    const onProgress = shareOf(terminal.progress('sensitivity'), total);
    const found = flags.sensitivity
      ? await sensitivity(original.model, compressed.model, { ...options, onProgress })
      : null;
    const running = { dataset, runtime, threads, signal };
    return { accuracy, int8, sensitivity: found, ...(await lookInside(original.model, running, terminal)) };
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** What the original computes on its way, and the memory of that; a report does without, where it cannot be found. */
async function lookInside(
  model: Model,
  running: Parameters<typeof valueSpreads>[1],
  terminal: Terminal,
): Promise<Pick<Answers, 'footprint' | 'values'>> {
  try {
    const surveyed = await surveyValues(model, running);
    const values = await valueSpreads(model, { ...running, surveyed });
    return { footprint: footprintOf(model, surveyed), values };
  } catch (error) {
    if (!(error instanceof FxqError) || error.code === 'ABORTED') throw error;
    terminal.warn(`the report has no footprint and no values of the original: ${error.message}`);
    return { footprint: null, values: [] };
  }
}

function readJson(path: string): unknown {
  const text = new TextDecoder().decode(readWhole(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FxqError(
      'CONFIG',
      `${path}: expected JSON as \`compress --json\` prints it, got something else (${messageOf(cause)})`,
      { file: path, cause },
    );
  }
}

function versionOf(runtime: Runtime): string | undefined {
  const versions = fieldOf(fieldOf(runtime, 'env'), 'versions');
  return ['node', 'web', 'common'].map((name) => fieldOf(versions, name)).find((each) => typeof each === 'string');
}
