import { shorten } from '../inspect/format.js';

/** Shorter work needs no guess of its end, and what has run no longer gives none. */
const GUESS_MS = 3000;
/** Nor does a smaller share: what comes first is no measure of the rest. */
const GUESS_SHARE = 0.05;

/** Columns of the bar, and what is left beside it for the per cent and the time. */
const BAR = 24;
const BESIDE = 26;

/**
 * A line on how far work is: what it is, a bar, per cent, and about how long it still takes, in one row of a terminal.
 *
 * @param ms - since it began
 * @param width - columns of the terminal
 */
export function barOf(label: string, share: number, ms: number, width: number): string {
  const done = Math.min(1, Math.max(0, share));
  const room = width - BESIDE - 2;
  const name = shorten(label, Math.max(8, room - 8));
  const columns = Math.min(BAR, room - name.length);
  const full = Math.round(done * columns);
  const bar = columns >= 8 ? ` ${'━'.repeat(full)}${'╌'.repeat(columns - full)}` : '';
  return `${name}${bar} ${`${Math.floor(100 * done)}%`.padStart(4)}${timeLeft(ms, done)}`;
}

/** What is left to wait, once enough is done to tell and it is long enough to care. */
function timeLeft(ms: number, share: number): string {
  const left = (ms * (1 - share)) / share;
  return share >= GUESS_SHARE && ms > GUESS_MS && left > GUESS_MS ? `, about ${inWords(left)} left` : '';
}

function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
