import { formatTime } from '../report/format.js';

/** What the command line writes to; Node's `process` fits. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; isTTY?: boolean };
}

/** Data goes to stdout, everything about the work to stderr. */
export interface Terminal {
  readonly streams: Streams;
  /** Data, with a line break added. */
  print(text: string): void;
  /** A line about the work, unless `--quiet`. */
  note(text: string): void;
  /** Shows how far a piece of work is: only at a terminal, nothing remains. */
  progress(label: string): (share: number) => void;
  /** Removes the progress line. */
  clear(): void;
}

/** Time between two drawings of the progress line. */
const REDRAW_MS = 100;

export function createTerminal(streams: Streams, isQuiet: boolean): Terminal {
  const { stdout, stderr } = streams;
  const isLive = stderr.isTTY === true && !isQuiet;
  let isDrawn = false;
  const clear = () => {
    // Back to the start of the line, then erase it.
    if (isDrawn) stderr.write('\r\x1b[K');
    isDrawn = false;
  };
  return {
    streams,
    print(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    note(text) {
      if (isQuiet) return;
      clear();
      stderr.write(`${text}\n`);
    },
    progress(label) {
      let last = performance.now();
      return (share) => {
        if (!isLive || performance.now() - last < REDRAW_MS) return;
        last = performance.now();
        isDrawn = true;
        stderr.write(`\r\x1b[K${label} ${Math.floor(100 * share)}%`);
      };
    },
    clear,
  };
}

/** One line a stage with its time. */
export function noteStages(terminal: Terminal, stages: readonly { name: string; ms: number }[]): void {
  const width = Math.max(0, ...stages.map(({ name }) => name.length));
  for (const { name, ms } of stages) terminal.note(`${name.padEnd(width)}  ${formatTime(ms).padStart(7)}`);
}
