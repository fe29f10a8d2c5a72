import { concat } from '../binary/bytes.js';
import { CODING, type CodingOptions } from '../container/write/coding.js';
import { type Coder, inThreadCoder, writeSections } from '../container/write/container.js';
import { MemorySections, type SectionStore } from '../container/write/sections.js';
import { pieces } from '../decode/container.js';
import { openRanges, type Ranges, reusedRoom } from '../decode/ranges.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { messageOf } from '../guards.js';
import { expectModel } from '../model/expect-model.js';
import type { Model } from '../model/model.js';
import { type OffloadOptions, offload } from '../offload.js';
import { inMemory, type OpenOptions, openOnnx } from '../onnx/open.js';
import { checkOptions } from '../options/check.js';
import type { Stage } from '../stages/stage.js';
import { Collapses } from './collapses.js';
import { bytesOf, isUntouched, type Lossless, losslessWithin, type Parts } from './lossless.js';
import { type PipelineOptions, runStages, type StageTime } from './pipeline.js';
import { type TensorPool, TimeShares, threadedCoder } from './threads.js';
import { unchangedIfSmaller } from './unchanged.js';

/** A container and how it came about. */
export interface Compressed {
  /** The `.fxq` file. */
  readonly container: Uint8Array<ArrayBuffer>;
  /** Milliseconds of every stage, encoding and verification among them. */
  readonly stages: readonly StageTime[];
  /** Only where nothing was asked of the weights. */
  readonly lossless?: Lossless | undefined;
}

/** By how much a file may be larger without loss, and that still be told: a model that was made small before. */
const TOLD = 1.125;

/**
 * Codes an ONNX file as it is, without loss: decoding gives back its bytes.
 *
 * @param input - the bytes of the ONNX file, those of a `Blob`, such as a file that was dropped on a page, or an opened model
 * @example
 * await writeFile('model.fxq', await encode(await readFile('model.onnx')));
 */
export async function encode(
  input: Uint8Array | Blob | Model,
  options: PipelineOptions & OpenOptions & CodingOptions & OffloadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const done = await offload<Uint8Array<ArrayBuffer>>('encode', input, options);
  return done ?? (await compressWith(await opened(input, options), [], options)).container;
}

/** Where a container is made: in memory, or on disk where it is larger. */
export interface Target {
  /** A place where sections wait until the head is known: another each time. */
  sections(): SectionStore;
  /** Appends to the container. */
  write(bytes: Uint8Array): void;
  /** What was written, to be read again. */
  written(): Ranges;
}

export interface CompressToOptions extends PipelineOptions, CodingOptions {
  /** Nothing is asked of the weights: a file that takes no more without loss is kept as it is. Default: stages have their way. */
  readonly isOpen?: boolean | undefined;
  /** Threads to work on. Default: the caller's alone. */
  readonly pool?: TensorPool | undefined;
}

/** Stages, then encoding, then verification: what was written is decoded and its hash compared. */
export async function compressWith(
  model: Model,
  stages: readonly Stage[],
  options: Omit<CompressToOptions, 'pool'> = {},
): Promise<Compressed> {
  const pieces: Uint8Array[] = [];
  let container: Uint8Array<ArrayBuffer> | undefined;
  const whole = () => {
    container ??= concat(pieces);
    return container;
  };
  const target: Target = {
    sections: () => new MemorySections(),
    write: (bytes) => pieces.push(bytes),
    written: () => inMemory('', whole()),
  };
  const told = await compressTo(target, model, stages, options);
  return { container: whole(), ...told };
}

/** The same to a target: no more of the model is in memory than the tensors that are worked on. */
export async function compressTo(
  target: Target,
  model: Model,
  stages: readonly Stage[],
  options: CompressToOptions = {},
): Promise<Omit<Compressed, 'container'>> {
  const { signal, onProgress, pool, smallest, isOpen } = options;
  checkOptions('encode', CODING, options);
  const coding = { smallest };
  const run = await runStages(model, stages, options);
  const { timer } = run;
  const encoding = timer.add('encode');
  const collapses = new Collapses();
  let lossless: Lossless | undefined;
  const encode = async (inner: Coder = inThreadCoder(coding)) => {
    const coder: Coder = {
      ...inner,
      async code(tensor) {
        const coded = unchangedIfSmaller(tensor, await inner.code(tensor), coding);
        collapses.look(tensor, coded.payload);
        return coded;
      },
    };
    const sections = target.sections();
    const changed: Parts = { sections, head: await writeSections(run.model, sections, { signal, onProgress, coder }) };
    const most = bytesOf(changed);
    const isSame = isUntouched(run.model, model);
    const unchanged =
      isOpen && !isSame
        ? await losslessWithin(TOLD * most, model, target.sections(), { signal, coder: inner })
        : undefined;
    const bytes = isOpen && isSame ? most : unchanged && bytesOf(unchanged);
    lossless = bytes === undefined ? undefined : { bytes, isKept: bytes <= most };
    const kept = unchanged && lossless?.isKept ? unchanged : changed;
    for (const bytes of kept.head) target.write(bytes);
    for (const bytes of kept.sections.all()) {
      throwIfAborted(signal);
      target.write(bytes);
    }
  };
  if (pool) {
    const shares = new TimeShares(run, encoding);
    await encode(threadedCoder(pool, coding, shares));
    shares.settle();
  } else {
    await timer.measureAsync(encoding, encode);
  }
  if (!lossless?.isKept) collapses.tell(options.context?.onNote);
  await timer.measureAsync(timer.add('verify'), () => verify(target.written(), signal));
  return { stages: run.times(), ...(lossless && { lossless }) };
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

/**
 * An ONNX file as a model.
 *
 * @throws FxqError `CONFIG` for what is neither
 */
export async function opened(input: Uint8Array | Blob | Model, { external }: OpenOptions): Promise<Model> {
  const file = input instanceof Blob ? new Uint8Array(await input.arrayBuffer()) : input;
  if (file instanceof Uint8Array) return openOnnx(file, external ? { external } : {});
  expectModel('compress', file, ' or the bytes of an ONNX file');
  return file;
}
