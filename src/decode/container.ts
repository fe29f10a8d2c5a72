import { hashInSteps, Xxh32 } from '../binary/xxh32.js';
import { type Breathe, breather, inTurns } from '../breather.js';
import { checksumError, cutShort, type Head, malformed, readHead } from '../container/read/index.js';
import { throwIfAborted } from '../errors.js';
import { loadKernels } from '../kernels/decode/index.js';
import { oncePerFrame } from './frames.js';
import { type Piece, type Room, rebuild } from './rebuild.js';
import { type Input, type OpenSource, openInput } from './source.js';

/** What is checked while decoding: the checksums of the compressed bytes, also the rebuilt files' hashes, or nothing. */
export type Verify = (typeof VERIFY)[number];
export const VERIFY = ['sections', 'all', 'none'] as const;

/** How far the work is; both phases run side by side where a container is decoded while it arrives. */
export interface Progress {
  /** `download`: bytes of the container that are there; `decode`: bytes of the model that are rebuilt. */
  readonly phase: 'download' | 'decode';
  readonly loaded: number;
  /** True from the first call on: the container says how large it and its model are. */
  readonly total: number;
}

/** How a container is read. */
export interface ReadOptions {
  /** Default `'sections'`: every byte of the container is checked before it is used. */
  verify?: Verify | undefined;
  /** Stops the work within 50 ms, also where nothing has to be waited for; an `FxqError` with code `ABORTED` is thrown then, and a download is ended. */
  signal?: AbortSignal | undefined;
  /** Called as bytes arrive and parts of the model are rebuilt, of each at most once a frame, and when all of it is there. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** A container whose head has been read. */
export interface Opened {
  readonly head: Head;
  readonly input: Input;
}

/** Reads a container's head. What comes after it can be read once, with {@link pieces}. */
export async function openContainer(source: OpenSource, options: ReadOptions = {}): Promise<Opened> {
  let head: Head | undefined;
  let loaded = 0;
  const say = inFrames('download', options.onProgress);
  const report = (bytes: number) => {
    loaded = bytes;
    if (head) say(Math.min(bytes, head.bytes), head.bytes);
  };
  const breathe = breatherFor(options.signal);
  const input = openInput(source, options.signal, breathe, report);
  try {
    head = await readHead(input.take, breathe);
    report(loaded);
    checkSize(head, input.size ?? head.bytes);
  } catch (error) {
    input.cancel();
    throw error;
  }
  return { head, input };
}

/** Calls about one phase: one a frame, and the last. */
function inFrames(phase: Progress['phase'], onProgress: ReadOptions['onProgress']) {
  const isTime = oncePerFrame();
  return (loaded: number, total: number): void => {
    if (isTime() || loaded >= total) onProgress?.({ phase, loaded, total });
  };
}

/** Gives the caller's signal its turn, which it is not without a pause; nothing to wait for where there is none. */
export function breatherFor(signal: AbortSignal | undefined): Breathe {
  const breathe = breather();
  const check = () => throwIfAborted(signal);
  return () => {
    check();
    return signal && breathe()?.then(check);
  };
}

/** Throws unless the container is as long as its head says. */
export function checkSize({ bytes }: Head, size: number): void {
  if (size < bytes) throw cutShort(bytes, size);
  if (size > bytes) throw malformed(`${size - bytes} bytes follow the end of the container`, bytes);
}

/**
 * The rebuilt files in pieces, in order, hashed on the way if asked.
 *
 * @param room - where payloads are decoded to; by default each into memory of its own
 */
export async function* pieces({ head, input }: Opened, options: ReadOptions = {}, room?: Room): AsyncGenerator<Piece> {
  const { verify = 'sections', signal, onProgress } = options;
  const breathe = breatherFor(signal);
  const { stripes } = await loadKernels();
  const hashes = head.files.map(() => new Xxh32(0, stripes));
  const say = inFrames('decode', onProgress);
  let loaded = 0;
  try {
    for await (const piece of rebuild(head, input.take, verify !== 'none', breathe, room)) {
      if (verify === 'all') await inTurns(hashInSteps(hashes[piece.file], piece.bytes), breathe);
      loaded += piece.bytes.length;
      yield piece;
      say(loaded, head.total);
    }
    await input.finish();
  } finally {
    input.cancel();
  }
  if (verify !== 'all') return;
  for (const [i, { name, hash }] of head.files.entries()) {
    const actual = hashes[i].digest();
    if (actual !== hash) throw checksumError(name || 'the rebuilt model', 0, hash, actual);
  }
}
