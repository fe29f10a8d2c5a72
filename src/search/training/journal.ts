import { type HeadedKind, isHeaded, readHeaded, writeHeaded } from '../../binary/headed.js';
import type { Judged } from '../goal.js';
import type { Prices } from './choice.js';

/** One thing that was done, and what came of it. */
export interface Step {
  /**
   * `encode`: the net as it comes, which loses nothing; `cluster`: its weights clustered by their own noise; `levels`: values chosen
   * at a price of a bit; `remove`: weights removed by calibration alone; `retrain`: weights removed and the rest trained; `round`: these
   * trained through the rounding to few values; `share`: shared values trained.
   */
  readonly what: 'encode' | 'cluster' | 'levels' | 'remove' | 'retrain' | 'round' | 'share';
  /** Rounds of removing before it. */
  readonly round: number;
  /** Share of the weights that is left. */
  readonly density: number;
  /** Price of a bit; `null` where none was asked. */
  readonly lambda: number | null;
  /** Bytes of the container and what it loses (`judgement` is `null` where it is the same net); `null` for a model that is not coded. */
  readonly judged: Judged | null;
  /** Why it was done, in words. */
  readonly why: string;
  readonly ms: number;
}

/** Milliseconds that things took the last time, by which the next ones are planned; 0 for what was not done yet. */
interface Took {
  /** Looking at the inputs before values are chosen, and then choosing and judging those of one price. */
  readonly looking: number;
  readonly price: number;
  readonly epoch: number;
}

/** A search between two steps. */
export interface Journal {
  readonly steps: Step[];
  /** Rounds that are done, the density they have left, and where the search for the price of its levels stands. */
  round: number;
  density: number;
  prices: Prices;
  /** Density below which the goal was out of reach. */
  failed: number;
  took: Took;
  /** Epochs of the first round. */
  epochs: number;
  /** Whether the round that is open has been trained, so that its levels are next. */
  isTrained: boolean;
  /** Density of the round before, to which one that fails goes back. */
  previousDensity: number;
  /** The floats of the present round, those of the one before, and the best of what was tried: the bytes of ONNX files. */
  model: Uint8Array;
  previous: Uint8Array;
  best: Uint8Array;
  bestJudged: Judged;
}

const KIND: HeadedKind = { magic: 'fxq-compress training 2\n', command: 'compress --train' };

/** Whether a file says that it is a search between two steps. */
export function isJournal(bytes: Uint8Array): boolean {
  return isHeaded(bytes, KIND);
}

/** A search as bytes: a line that names the format, a line of JSON, then the models. */
export function writeJournal({ model, previous, best, ...rest }: Journal, subject: string): Uint8Array {
  const models = [model, previous, best];
  return writeHeaded(KIND, { subject, ...rest, lengths: models.map(({ length }) => length) }, models);
}

/**
 * The search that {@link writeJournal} has written.
 *
 * @throws FxqError `CONFIG` when the bytes are none, or one of another search
 */
export function readJournal(bytes: Uint8Array, subject: string): Journal {
  const { head, body } = readHeaded<Head>(bytes, KIND, subject, ({ lengths = [] }) =>
    lengths.reduce((sum, length) => sum + length, 0),
  );
  const { subject: _, lengths, ...rest } = head;
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
  const [model, previous, best] = ends.map((end, i) => body.slice(end - lengths[i], end));
  return { ...rest, model, previous, best };
}

/** The line of JSON. */
type Head = Omit<Journal, 'model' | 'previous' | 'best'> & {
  readonly subject: string;
  readonly lengths: readonly number[];
};
