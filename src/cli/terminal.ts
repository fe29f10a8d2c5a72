import { formatTime } from '../inspect/format.js';
import { printable, printableLines } from '../printable.js';

/** What the command line writes to; Node's `process` fits. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; isTTY?: boolean };
}

/** Data goes to stdout, everything about the work to stderr. */
export interface Terminal {
  /** Where all else is written to: lines of text, from which whatever a terminal would obey is taken out. */
  readonly streams: Streams;
  /** Data, with a line break added. */
  print(text: string): void;
  /** A line about the work, unless `--quiet`. */
  note(text: string): void;
  /** The same of something that may be wrong; kept for `--json`, where `--quiet` does not print it either. */
  warn(text: string): void;
  /** All that was warned of so far. */
  readonly warnings: readonly string[];
  /** Shows how far a piece of work is: only at a terminal, nothing remains. */
  progress(label: string): (share: number) => void;
  /** Removes the progress line. */
  clear(): void;
}

/** What a warning starts with. */
export const WARNING = 'warning: ';

/** Time between two drawings of the progress line. */
const REDRAW_MS = 100;
/** Shorter work needs no guess of its end, and what has run no longer gives none. */
const GUESS_MS = 3000;
/** Nor does a smaller share: what comes first is no measure of the rest. */
const GUESS_SHARE = 0.05;

export function createTerminal(streams: Streams, isQuiet: boolean): Terminal {
  const { stderr } = streams;
  const stdout = printing(streams.stdout);
  const lines = printing(stderr);
  const isLive = stderr.isTTY === true && !isQuiet;
  const warnings: string[] = [];
  let isDrawn = false;
  const clear = () => {
    // Back to the start of the line, then erase it.
    if (isDrawn) stderr.write('\r\x1b[K');
    isDrawn = false;
  };
  const note = (text: string) => {
    if (isQuiet) return;
    clear();
    lines.write(`${printable(text)}\n`);
  };
  return {
    streams: { stdout, stderr: { ...lines, isTTY: stderr.isTTY === true } },
    print(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    note,
    warn(text) {
      warnings.push(text);
      note(`${WARNING}${text}`);
    },
    warnings,
    progress(label) {
      const text = printable(label);
      const start = performance.now();
      let last = start;
      return (share) => {
        const now = performance.now();
        if (!isLive || now - last < REDRAW_MS) return;
        last = now;
        isDrawn = true;
        stderr.write(`\r\x1b[K${text} ${Math.floor(100 * share)}%${timeLeft(now - start, share)}`);
      };
    },
    clear,
  };
}

/** A stream that lets lines of text through, and nothing that a terminal would obey. */
function printing(stream: { write(text: string): unknown }) {
  return { write: (text: string) => stream.write(printableLines(text)) };
}

/** What is left to wait, once enough is done to tell and it is long enough to care. */
function timeLeft(ms: number, share: number): string {
  const left = (ms * (1 - share)) / share;
  return share >= GUESS_SHARE && ms > GUESS_MS && left > GUESS_MS ? `, about ${inWords(left)} left` : '';
}

function inWords(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** One line a stage with its time. */
export function noteStages(terminal: Terminal, stages: readonly { name: string; ms: number }[]): void {
  const width = Math.max(0, ...stages.map(({ name }) => name.length));
  for (const { name, ms } of stages) terminal.note(`${name.padEnd(width)}  ${formatTime(ms).padStart(7)}`);
}
