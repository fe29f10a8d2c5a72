import { concat } from '../binary/bytes.js';
import { CODING, type CodingOptions } from '../container/write/coding.js';
import { type Coder, inThreadCoder, writeSections } from '../container/write/container.js';
import { MemorySections, type SectionStore } from '../container/write/sections.js';
import { pieces } from '../decode/container.js';
import { openRanges, type Ranges, reusedRoom } from '../decode/ranges.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { messageOf } from '../guards.js';
import type { Model } from '../model/model.js';
import { inMemory, type OpenOptions, openOnnx } from '../onnx/open.js';
import { checkOptions } from '../options/check.js';
import type { Stage } from '../stages/stage.js';
import { Collapses } from './collapses.js';
import { type PipelineOptions, runStages, type StageTime } from './pipeline.js';
import { type TensorPool, TimeShares, threadedCoder } from './threads.js';
import { unchangedIfSmaller } from './unchanged.js';

/** A container and how it came about. */
export interface Compressed {
  /** The `.fxq` file. */
  readonly container: Uint8Array<ArrayBuffer>;
  /** Milliseconds of every stage, encoding and verification among them. */
  readonly stages: readonly StageTime[];
}

/**
 * Codes an ONNX file as it is, without loss: decoding gives back its bytes.
 *
 * @example
 * await writeFile('model.fxq', await encode(await readFile('model.onnx')));
 */
export async function encode(
  input: Uint8Array | Model,
  options: PipelineOptions & OpenOptions & CodingOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return (await compressWith(opened(input, options), [], options)).container;
}

/** Where a container is made: in memory, or on disk where it is larger. */
export interface Target {
  /** Where its sections wait until the head is known. */
  readonly sections: SectionStore;
  /** Appends to the container. */
  write(bytes: Uint8Array): void;
  /** What was written, to be read again. */
  written(): Ranges;
}

export interface CompressToOptions extends PipelineOptions, CodingOptions {
  /** Threads to work on. Default: the caller's alone. */
  readonly pool?: TensorPool | undefined;
}

/** Stages, then encoding, then verification: what was written is decoded and its hash compared. */
export async function compressWith(
  model: Model,
  stages: readonly Stage[],
  options: PipelineOptions & CodingOptions = {},
): Promise<Compressed> {
  const sections = new MemorySections();
  const pieces: Uint8Array[] = [];
  let container: Uint8Array<ArrayBuffer> | undefined;
  const whole = () => {
    container ??= concat(pieces);
    return container;
  };
  const target: Target = {
    sections,
    write: (bytes) => pieces.push(bytes),
    written: () => inMemory('', whole()),
  };
  const times = await compressTo(target, model, stages, options);
  return { container: whole(), stages: times };
}

/** The same to a target: no more of the model is in memory than the tensors that are worked on. */
export async function compressTo(
  target: Target,
  model: Model,
  stages: readonly Stage[],
  options: CompressToOptions = {},
): Promise<readonly StageTime[]> {
  const { signal, onProgress, pool, smallest } = options;
  checkOptions('encode', CODING, options);
  const coding = { smallest };
  const run = await runStages(model, stages, options);
  const { timer } = run;
  const encoding = timer.add('encode');
  const collapses = new Collapses();
  const encode = async (inner: Coder = inThreadCoder(coding)) => {
    const { sections } = target;
    const coder: Coder = {
      ...inner,
      async code(tensor) {
        const coded = unchangedIfSmaller(tensor, await inner.code(tensor));
        collapses.look(tensor, coded.payload);
        return coded;
      },
    };
    const head = await writeSections(run.model, sections, { signal, onProgress, coder });
    for (const bytes of head) target.write(bytes);
    for (const bytes of sections.all()) {
      throwIfAborted(signal);
      target.write(bytes);
    }
  };
  if (pool) {
    const shares = new TimeShares(run, encoding);
    await encode(threadedCoder(pool, shares, coding));
    shares.settle();
  } else {
    await timer.measureAsync(encoding, encode);
  }
  collapses.tell(options.context?.onNote);
  await timer.measureAsync(timer.add('verify'), () => verify(target.written(), signal));
  return run.times();
}

async function verify(container: Ranges, signal: AbortSignal | undefined): Promise<void> {
  try {
    // Only the hashes are wanted: they are compared once the last piece is through.
    for await (const _ of pieces(await openRanges(container, signal), { verify: 'all', signal }, reusedRoom()));
  } catch (cause) {
    if (cause instanceof FxqError && (cause.code === 'ABORTED' || cause.code === 'IO')) throw cause;
    const problem = messageOf(cause);
    throw new FxqError('CHECKSUM', `the container does not decode to what was encoded (${problem}); nothing was kept`, {
      cause,
    });
  }
}

/** An ONNX file as a model. */
export function opened(input: Uint8Array | Model, { external }: OpenOptions): Model {
  return input instanceof Uint8Array ? openOnnx(input, external ? { external } : {}) : input;
}
