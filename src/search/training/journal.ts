import { concat } from '../../binary/bytes.js';
import { FxqError } from '../../errors.js';
import type { Judged } from '../goal.js';

/** One thing that was done, and what came of it. */
export interface Step {
  /** `levels`: values chosen at a price of a bit; `retrain`: weights removed and the rest trained; `share`: shared values trained. */
  readonly what: 'levels' | 'retrain' | 'share';
  /** Rounds of removing before it. */
  readonly round: number;
  /** Share of the weights that is left. */
  readonly density: number;
  /** Price of a bit; `null` where none was asked. */
  readonly lambda: number | null;
  /** Bytes of the container and what it loses; `null` for a model that is not coded. */
  readonly judged: Judged | null;
  /** Why it was done, in words. */
  readonly why: string;
  readonly ms: number;
}

/** A search between two steps. */
export interface Journal {
  readonly steps: Step[];
  /** Rounds that are done, the density they have left, and the price to begin the next one's levels with. */
  round: number;
  density: number;
  lambda: number;
  /** Density below which the goal was out of reach. */
  failed: number;
  /** Milliseconds of an epoch, of those before. */
  epochMs: number;
  /** The floats that the next round starts from, and the best of what was tried: the bytes of ONNX files. */
  model: Uint8Array;
  best: Uint8Array | undefined;
  bestJudged: Judged | undefined;
}

const MAGIC = 'fxq-compress training 1\n';

/** Whether a file says that it is a search between two steps. */
export function isJournal(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** A search as bytes: a line that names the format, a line of JSON, then the two models. */
export function writeJournal({ model, best, ...rest }: Journal, subject: string): Uint8Array {
  const head = { subject, ...rest, lengths: [model.length, best?.length ?? 0] };
  const text = new TextEncoder().encode(`${MAGIC}${JSON.stringify(head)}\n`);
  return concat([text, model, best ?? new Uint8Array()]);
}

/**
 * The search that {@link writeJournal} has written.
 *
 * @throws FxqError `CONFIG` when the bytes are none, or one of another search
 */
export function readJournal(bytes: Uint8Array, subject: string): Journal {
  const end = bytes.indexOf(10, MAGIC.length);
  if (!isJournal(bytes) || end < 0) throw new FxqError('CONFIG', 'checkpoint: not one of compress --train');
  const { subject: found, lengths = [], ...rest } = parsed(bytes.subarray(MAGIC.length, end));
  if (found !== subject) {
    const message = 'checkpoint: of another model, other data or other options; give the same ones, or start anew';
    throw new FxqError('CONFIG', message, { expected: subject, actual: found });
  }
  const [modelLength, bestLength] = lengths;
  const expected = end + 1 + modelLength + bestLength;
  if (bytes.length !== expected) {
    const message = `checkpoint: expected ${expected} bytes, got ${bytes.length}; the file is not whole: start anew`;
    throw new FxqError('CONFIG', message, { expected, actual: bytes.length });
  }
  const model = bytes.slice(end + 1, end + 1 + modelLength);
  const best = bestLength > 0 ? bytes.slice(end + 1 + modelLength) : undefined;
  return { ...rest, model, best };
}

/** The line of JSON. */
type Head = Omit<Journal, 'model' | 'best'> & { readonly subject: string; readonly lengths: readonly number[] };

function parsed(bytes: Uint8Array): Head {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FxqError('CONFIG', 'checkpoint: its head is damaged; start anew', { cause });
  }
}
