import { concat } from '../binary/bytes.js';
import { writeContainer } from '../container/write/container.js';
import { openContainer, pieces } from '../decode/container.js';
import { FxqError } from '../errors.js';
import type { Model } from '../layers/model.js';
import { type OpenOptions, openOnnx } from '../onnx/open.js';
import { type ClusterOptions, cluster } from '../stages/cluster.js';
import { type PruneOptions, prune } from '../stages/prune.js';
import type { Stage } from '../stages/stage.js';
import { type PipelineOptions, runStages, type StageTime } from './pipeline.js';

/** A container and how it came about. */
export interface Compressed {
  /** The `.fxq` file. */
  readonly container: Uint8Array;
  /** Milliseconds of every stage, encoding and verification among them. */
  readonly stages: readonly StageTime[];
}

export interface CompressOptions extends PipelineOptions, OpenOptions {
  /** Default: nothing is pruned. */
  readonly prune?: PruneOptions | undefined;
  /** Default: `CLUSTER_DEFAULTS`. `false`: weights keep their values. */
  readonly cluster?: ClusterOptions | false | undefined;
}

/**
 * Compresses an ONNX file: prunes if told to, clusters, encodes, and decodes the result again to see that it is right.
 *
 * @param input - the bytes of the ONNX file, or an opened model (one with external data)
 * @throws RangeError for an option out of its range; FxqError `ONNX_MALFORMED`, `LIMIT`, `EXTERNAL_DATA`, `CONFIG`, `ABORTED`
 *
 * @example
 * const { container } = await compress(await readFile('model.onnx'), { prune: { density: 0.3 }, cluster: { bits: 6 } });
 * await writeFile('model.fxq', container);
 */
export async function compress(input: Uint8Array | Model, options: CompressOptions = {}): Promise<Compressed> {
  const stages: Stage[] = [];
  if (options.prune) stages.push(prune(options.prune));
  if (options.cluster !== false) stages.push(cluster(options.cluster));
  return compressWith(opened(input, options), stages, options);
}

/**
 * Codes an ONNX file as it is, without loss: decoding gives back its bytes.
 *
 * @example
 * await writeFile('model.fxq', await encode(await readFile('model.onnx')));
 */
export async function encode(
  input: Uint8Array | Model,
  options: PipelineOptions & OpenOptions = {},
): Promise<Uint8Array> {
  return (await compressWith(opened(input, options), [], options)).container;
}

/** Stages, then encoding, then verification: what was written is decoded and its hash compared. */
export async function compressWith(
  model: Model,
  stages: readonly Stage[],
  options: PipelineOptions = {},
): Promise<Compressed> {
  const { signal, onProgress } = options;
  const run = await runStages(model, stages, options);
  const { timer } = run;
  const container = await timer.measureAsync(timer.add('encode'), async () =>
    concat(await writeContainer(run.model, { signal, onProgress })),
  );
  await timer.measureAsync(timer.add('verify'), () => verify(container, signal));
  return { container, stages: run.times() };
}

async function verify(container: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  try {
    // Only the hashes are wanted: they are compared once the last piece is through.
    for await (const _ of pieces(await openContainer(container), { verify: 'all', signal }));
  } catch (cause) {
    if (cause instanceof FxqError && cause.code === 'ABORTED') throw cause;
    const problem = (cause as Error).message;
    throw new FxqError('CHECKSUM', `the container does not decode to what was encoded (${problem}); nothing was kept`, {
      cause,
    });
  }
}

function opened(input: Uint8Array | Model, { external }: OpenOptions): Model {
  return input instanceof Uint8Array ? openOnnx(input, external ? { external } : {}) : input;
}
