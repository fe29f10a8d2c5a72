import type { Loss } from '../evaluate/loss.js';
import { formatAmount, formatLoss } from '../evaluate/loss-words.js';
import type { LossUnit } from '../evaluate/metric.js';
import { formatCount } from '../inspect/format.js';
import type { Accuracy, Comparison } from './comparison.js';
import { int8Note } from './words.js';

/** Whether the compressed file can take the original's place, as far as the figures tell. */
export interface Verdict {
  /** `unclear` is measured, but not well enough to tell; `unknown` is not measured. */
  readonly answer: 'yes' | 'no' | 'unclear' | 'unknown';
  /** The answer in a sentence. */
  readonly headline: string;
  /** What it rests on, and what speaks against it. */
  readonly reasons: readonly string[];
}

/**
 * Up to this loss at the upper end of its interval a file is called fit to ship: a point of a hundred answers, or noise of a
 * hundredth of the outputs' energy. In a metric of one's own nobody else can tell.
 */
const HARMLESS: Record<LossUnit, number | null> = { points: 1, share: 0.01, own: null };

/**
 * Answers "can I ship this?" from the figures of a comparison: by the interval of what was lost, never by its middle.
 *
 * @example
 * const { answer, headline } = verdictOf(comparison);
 */
export function verdictOf(comparison: Comparison): Verdict {
  const judged = judge(comparison);
  const doubts = doubtsOf(comparison);
  const larger = int8Note(comparison);
  const isDoubtful = judged.answer === 'yes' && doubts.length > 0;
  return {
    answer: isDoubtful ? 'unclear' : judged.answer,
    headline: isDoubtful ? 'Probably: what was measured is good, but see below.' : judged.headline,
    reasons: [...judged.reasons, ...doubts, ...(larger === undefined ? [] : [`${larger}.`])],
  };
}

function judge({ accuracy, original, compressed }: Comparison): Verdict {
  if (!accuracy) {
    const command = `fxq-compress report ${original.file} ${compressed.file} --data DATA -o report.html`;
    const reasons = [`Sizes are as they are; to know the answers, run: ${command}`];
    return { answer: 'unknown', headline: 'Not known: no answers were measured.', reasons };
  }
  const { loss, agreement, samples, isUndecided } = accuracy.compressed;
  if (isUndecided) {
    const reasons = ['The output that decides is not a number in every batch.'];
    return { answer: 'no', headline: 'No: the compressed model gives no answers.', reasons };
  }
  if (!loss) {
    return { answer: 'unclear', headline: 'Not clear: nothing was lost or won that could be measured.', reasons: [] };
  }
  const changed =
    agreement === null
      ? []
      : [
          `It decided as the original did in ${formatCount(Math.round(agreement * samples))} of ${formatCount(samples)} samples.`,
        ];
  return { ...byLoss(loss, isMade(accuracy)), reasons: [`It ${wordsOf(loss)}.`, ...changed] };
}

function byLoss({ unit, value, low, high, samples }: Loss, isMade: boolean): Verdict {
  const most = HARMLESS[unit];
  const amount = (loss: number) => `${formatAmount(loss, unit)}${unit === 'points' ? ' points' : ''}`;
  if (most === null) return { answer: 'unclear', headline: 'Yours to say: the metric is your own.', reasons: [] };
  if (high <= most) {
    return { answer: 'yes', headline: `Yes: it loses at most ${amount(Math.max(0, high))}.`, reasons: [] };
  }
  if (low > most) return { answer: 'no', headline: `No: it loses at least ${amount(low)}.`, reasons: [] };
  // The ends of an interval draw near with the root of the inputs; from a loss that is itself too large they never get there, and
  // more inputs that were made tell nothing of real ones.
  const needed = value < most ? Math.ceil(samples * ((high - value) / (most - value)) ** 2) : Number.POSITIVE_INFINITY;
  const how = Number.isFinite(needed) && !isMade ? `; about ${formatCount(roundUp(needed))} would tell` : '';
  const headline = `Not clear: between ${amount(low)} and ${amount(high)} lost, as far as ${formatCount(samples)} inputs tell${how}.`;
  return { answer: 'unclear', headline, reasons: [] };
}

/** Two digits of a number of inputs are as many as an estimate has. */
function roundUp(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / unit) * unit;
}

function wordsOf(loss: Loss): string {
  const words = formatLoss(loss);
  if (loss.unit === 'share') return `is ${words}`;
  return loss.by === 'divergence' ? `${words}, expected by how far scores have moved` : words;
}

function isMade({ data }: Accuracy): boolean {
  return data === 'random';
}

/** What speaks against answers that look good. */
function doubtsOf({ accuracy }: Comparison): string[] {
  if (!accuracy) return [];
  const made = isMade(accuracy) ? ['The inputs were made, not taken from use: measure with data of your own.'] : [];
  return [
    ...made,
    ...(accuracy.original.doubt === null ? [] : [`Labels and model do not fit: ${accuracy.original.doubt}.`]),
  ];
}
