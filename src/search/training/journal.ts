import { type HeadedKind, isHeaded, readHeaded, writeHeaded } from '../../binary/headed.js';
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

const KIND: HeadedKind = { magic: 'fxq-compress training 1\n', command: 'compress --train' };

/** Whether a file says that it is a search between two steps. */
export function isJournal(bytes: Uint8Array): boolean {
  return isHeaded(bytes, KIND);
}

/** A search as bytes: a line that names the format, a line of JSON, then the two models. */
export function writeJournal({ model, best, ...rest }: Journal, subject: string): Uint8Array {
  const head = { subject, ...rest, lengths: [model.length, best?.length ?? 0] };
  return writeHeaded(KIND, head, [model, best ?? new Uint8Array()]);
}

/**
 * The search that {@link writeJournal} has written.
 *
 * @throws FxqError `CONFIG` when the bytes are none, or one of another search
 */
export function readJournal(bytes: Uint8Array, subject: string): Journal {
  const { head, body } = readHeaded<Head>(bytes, KIND, subject, ({ lengths: [model, best] = [] }) => model + best);
  const { subject: _, lengths, ...rest } = head;
  const [modelLength, bestLength] = lengths;
  const best = bestLength > 0 ? body.slice(modelLength) : undefined;
  return { ...rest, model: body.slice(0, modelLength), best };
}

/** The line of JSON. */
type Head = Omit<Journal, 'model' | 'best'> & { readonly subject: string; readonly lengths: readonly number[] };
