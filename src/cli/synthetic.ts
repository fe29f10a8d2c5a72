import type { Command } from 'commander';
import { Option } from 'commander';
import { containerSize, type WriteOptions } from '../container/write/container.js';
import { shapesOf } from '../data/random.js';
import { formatBytes } from '../inspect/format.js';
import type { Model } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { readInterface } from '../onnx/interface.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { int8Size, roundedToInt8 } from '../report/baselines.js';
import type { Nearness } from '../search/answers.js';
import { type SyntheticStage as Searching, syntheticStage as searching } from '../search/compress.js';
import type { SyntheticFound } from '../search/synthetic.js';
import { CLUSTER } from '../stages/cluster.js';
import { PRUNE } from '../stages/prune.js';
import { QUANTIZE } from '../stages/quantize.js';
import { threadPool } from './calibration-pool.js';
import { compressors } from './compressors.js';
import { type Config, isSilent } from './config.js';
import { asUsage, UsageError } from './errors.js';
import { asWaves, bytesOf, leftOut } from './left-alone.js';
import type { Terminal } from './terminal.js';

/** The option not to compress by answers to inputs that are made for the model. */
export interface SyntheticFlags {
  readonly synthetic?: boolean;
  readonly cluster?: boolean;
  readonly config?: string | undefined;
  readonly threads?: number;
  readonly seed?: number;
  readonly dim?: Readonly<Record<string, number>>;
}

/** What says that weights are to be others, or how many values they are to share; a seed says how chance falls, whatever is done. */
const CHANGES = [
  ...Object.keys(PRUNE.options),
  ...CLUSTER.alternatives,
  ...Object.keys(QUANTIZE.options),
  'equivalentBits',
].filter((name) => name !== 'seed');

/** Options of clustering by the weights' own noise: one of them asks for it. */
const CLUSTERING = Object.keys(CLUSTER.options).filter((name) => name !== 'seed');

/** What says by itself how weights are chosen, besides a config file and `--no-cluster`. */
const OTHERS = [...CHANGES, ...CLUSTERING, 'calibrate', 'data', 'maxLoss', 'targetSize', 'lambda'];

export function addSynthetic(command: Command): Command {
  const text =
    'choose weights by their own noise, not by answers to inputs made for the model: the same bytes anywhere';
  return command.addOption(new Option('--no-synthetic', text));
}

/** Whether nothing asks for other weights, however they are to be chosen: then a file may be kept as it is. */
export function isUnasked(flags: SyntheticFlags, config: Config): boolean {
  return flags.cluster !== false && isSilent(config) && givenOf(CHANGES, flags).length === 0;
}

/** Whether nothing says how weights are to be chosen, so that made inputs do. */
export function isSynthetic(flags: SyntheticFlags, config: Config): boolean {
  return flags.synthetic !== false && isUnasked(flags, config) && givenOf(OTHERS, flags).length === 0;
}

/**
 * Checks that sizes of made inputs are given where some are made.
 *
 * @throws UsageError, naming what does without inputs
 */
export function checkDims(flags: SyntheticFlags & { calibrate?: string; data?: string }, config: Config): void {
  if (flags.dim === undefined || flags.calibrate !== undefined || flags.data !== undefined) return;
  const [option] = givenOf(OTHERS, flags);
  const other =
    flags.synthetic === false
      ? '--no-synthetic'
      : flags.cluster === false
        ? '--no-cluster'
        : option === undefined
          ? isSilent(config)
            ? undefined
            : '--config'
          : `--${dashed(option)}`;
  if (other === undefined) return;
  throw new UsageError(`--dim is for inputs that are made for the model, and ${other} does without any; leave one out`);
}

/** Says so where an option of clustering has taken the place of made inputs by itself. */
export function noteClustering(flags: SyntheticFlags, config: Config, terminal: Terminal): void {
  const others = givenOf(OTHERS, flags);
  if (flags.synthetic === false || !isUnasked(flags, config) || others.length === 0) return;
  if (!others.every((name) => CLUSTERING.includes(name))) return;
  terminal.note(
    `  weights are clustered by their own noise, which --${others[0]} is for, and not chosen by the model's answers`,
  );
}

/** A stage that searches by synthetic inputs; its summary is known once it has run. */
export interface SyntheticStage extends Searching {
  /** For `--json`. */
  summary(): SyntheticSummary | undefined;
  /** Says why a file is larger than int8 weights through brotli, where it is: what these would have changed. */
  compareWithInt8(model: Model, bytes: number, options: Pick<WriteOptions, 'coder' | 'signal'>): Promise<void>;
}

/** What int8 weights through brotli are, where they take less: how clear answers are, and how far decisions are off. */
interface Int8 extends Nearness {
  readonly bytes: number;
}

/** Our own coder's sizes of int8 weights are within this of brotli's, so that brotli need not be asked. */
const OWN_CODER = 1.2;

/** What came of it, as JSON. */
type SyntheticSummary = { readonly int8?: Int8 | undefined } & (
  | (Pick<SyntheticFound, 'kind' | 'samples' | 'guessed' | 'snr' | 'divergence' | 'isReached' | 'lambda'> & {
      readonly exact: readonly string[];
      readonly skipped: readonly { readonly name: string; readonly reason: string }[];
    })
  | { readonly reason: string }
);

/** The stage; where synthetic inputs do not serve it clusters, and says why. */
export function syntheticStage(
  { threads, dim, seed }: SyntheticFlags,
  { include, exclude }: Selection<never>,
  terminal: Terminal,
): SyntheticStage {
  let run: Searching | undefined;
  let result: Model | undefined;
  let int8: Int8 | undefined;
  return {
    name: 'calibrate',
    found: () => run?.found(),
    nearnessOf: (model) => run?.nearnessOf(model),
    summary() {
      const found = run?.found();
      if (typeof found === 'string') return { reason: found, int8 };
      if (!found) return undefined;
      const { kind, samples, guessed, snr, divergence, isReached, lambda, exact, skipped } = found;
      return {
        ...{ kind, samples, guessed, snr, divergence, isReached, lambda, int8 },
        exact: exact.map(({ tensor }) => tensor.name),
        skipped: skipped.map(({ tensor: { name }, reason }) => ({ name, reason })),
      };
    },
    async compareWithInt8(model, bytes, options) {
      if (!result) return;
      const rounded = roundedToInt8(model);
      if (bytes * OWN_CODER < (await containerSize(rounded, options))) return;
      // Brotli takes longer than all else, and without answers there is nothing to say.
      const [nearness, own] = [await run?.nearnessOf(rounded), await run?.nearnessOf(result)];
      if (!nearness || !own) return;
      const size = await int8Size(model, compressors.brotli11, options.signal);
      if (size === undefined || size >= bytes) return;
      int8 = { bytes: size, ...nearness };
      terminal.note(
        `  int8 weights through brotli would take ${formatBytes(size)}; answers would stand ${clearness(nearness)} out of what has changed, not ${clearness(own)}`,
      );
    },
    async run(model, context = {}) {
      if (dim) asUsage(() => shapesOf(readInterface(model).inputs, dim));
      const pool = threadPool(threads);
      try {
        run = searching({
          include,
          exclude,
          dims: dim,
          seed,
          pool,
          threads,
          onProgress: terminal.progress('calibrate'),
        });
        result = await run.run(model, context);
        const weights = model.tensors.filter(({ role }) => role === 'weight');
        noteFound(run.found(), bytesOf(weights), terminal, context.onNote);
        return result;
      } finally {
        await pool.close();
      }
    },
  };
}

function clearness({ snr, divergence }: Nearness): string {
  return `${snr.toFixed(1)} dB${divergence === null ? '' : ` (${divergence.toPrecision(2)} nats off)`}`;
}

function noteFound(
  found: SyntheticFound | string | undefined,
  weightBytes: number,
  terminal: Terminal,
  onNote: ((text: string) => void) | undefined,
): void {
  if (typeof found === 'string') {
    // Of a model without weights there is nothing to choose.
    if (weightBytes === 0) return;
    terminal.note(`  weights are chosen by their own noise, not by the model's answers: ${found}`);
    return;
  }
  if (!found) return;
  const { guessed, isReached, exact, waves, skipped } = found;
  if (guessed.length > 0) {
    onNote?.(`the model leaves the size of its pictures open, and it was guessed; --dim ${guessed[0]}=SIZE tells it`);
  }
  if (!isReached) onNote?.('the answers do not get as clear as wanted, whatever a bit costs; look at them');
  const areWaves = new Set(waves.map(({ name }) => name));
  for (const { tensor, basis } of exact) {
    if (areWaves.has(tensor.name)) continue;
    const reason =
      basis === 'shared' ? 'its weights share few values already' : `a basis of ${basis} that nobody learned`;
    terminal.note(`  ${tensor.name}: kept exact, ${reason}`);
  }
  for (const line of [asWaves(waves), leftOut(skipped, weightBytes)])
    if (line !== undefined) terminal.note(`  ${line}`);
}
