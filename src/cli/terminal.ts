import { formatTime } from '../inspect/format.js';
import { printable, printableLines } from '../printable.js';
import { hasColours, type Style, styled } from './colour.js';
import { barOf } from './progress-bar.js';
import { wrapHanging } from './wrap.js';

/** A place to write to, which may be a terminal of so many columns. */
export interface Stream {
  write(data: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the command line writes to; Node's `process` fits. */
export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** Data goes to stdout, everything about the work to stderr. */
export interface Terminal {
  /** Where all else is written to: lines of text, from which whatever a terminal would obey is taken out. */
  readonly streams: Streams;
  /** Columns that data may take. */
  readonly width: number;
  /** Data, with a line break added. */
  print(text: string): void;
  /** Data in sentences, which a terminal gets in lines of its width; a part of it may stand out. */
  tell(text: string, part?: { readonly text: string; readonly style: Style }): void;
  /** This program's own words, which may have colours. */
  say(text: string): void;
  /** A line about the work, unless `--quiet`. */
  note(text: string): void;
  /** The same of something that may be wrong; kept for `--json`, where `--quiet` does not print it either. */
  warn(text: string): void;
  /** A sentence on what went wrong. */
  fail(text: string): void;
  /** A sentence on why the work has ended, also with `--quiet`. */
  end(text: string): void;
  /** All that was warned of so far. */
  readonly warnings: readonly string[];
  /** Shows how far a piece of work is: only at a terminal, nothing remains. */
  progress(label: string): (share: number) => void;
  /** Removes the progress line. */
  clear(): void;
  /** Bytes onto stdout, as they are. */
  send(bytes: Uint8Array): Promise<void>;
}

/** What a warning starts with. */
export const WARNING = 'warning: ';

/** Time between two drawings of the progress line. */
const REDRAW_MS = 100;
/** Columns of what is no terminal, where lines are not cut for it; and of a terminal that does not tell its own. */
const WIDTH = 100;

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
  const write = (text: string, prefix = '', style: Style = 'warning') => {
    clear();
    const shown = fitted(prefix + printable(text), stderr);
    const head = prefix !== '' && hasColours(stderr) ? styled(prefix, style) : prefix;
    stderr.write(`${head}${shown.slice(prefix.length)}\n`);
  };
  const print = (text: string) => {
    clear();
    stdout.write(`${text}\n`);
  };
  return {
    streams: { stdout: { ...stdout, ...kindOf(streams.stdout) }, stderr: { ...lines, ...kindOf(stderr) } },
    width: widthOf(streams.stdout),
    print,
    tell(text, part) {
      clear();
      const shown = printableLines(fitted(text, streams.stdout));
      const isStyled = part !== undefined && hasColours(streams.stdout);
      streams.stdout.write(`${isStyled ? shown.replace(part.text, styled(part.text, part.style)) : shown}\n`);
    },
    say: (text) => void streams.stdout.write(text),
    note(text) {
      if (!isQuiet) write(text);
    },
    warn(text) {
      warnings.push(text);
      if (!isQuiet) write(text, WARNING);
    },
    fail: (text) => write(text, 'error: ', 'error'),
    end: (text) => write(text),
    warnings,
    progress(label) {
      const text = printable(label);
      let start: number | undefined;
      let last = performance.now();
      return (share) => {
        const now = performance.now();
        // What went on before the first share is other work, and no measure of this.
        start ??= now;
        if (!isLive || now - last < REDRAW_MS) return;
        last = now;
        isDrawn = true;
        stderr.write(`\r\x1b[K${barOf(text, share, now - start, widthOf(stderr))}`);
      };
    },
    clear,
    async send(bytes) {
      const { stdout } = streams;
      // A full pipe says so, and when it is free again; one that nobody reads any more closes.
      if (stdout.write(bytes) === false && 'once' in stdout) await freed(stdout as NodeJS.WriteStream);
    },
  };
}

function freed(stream: NodeJS.WriteStream): Promise<void> {
  const events = ['drain', 'close', 'error'];
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.once(event, done);
  });
}

/** A stream that lets lines of text through, and nothing that a terminal would obey. */
function printing(stream: Stream) {
  return { write: (text: string | Uint8Array) => stream.write(printableLines(String(text))) };
}

function kindOf({ isTTY, columns }: Stream): Pick<Stream, 'isTTY' | 'columns'> {
  return { isTTY: isTTY === true, ...(columns !== undefined && { columns }) };
}

/** The columns of a stream; help and tables that go elsewhere are as wide as reads well. */
export function widthOf({ isTTY, columns }: Stream): number {
  return isTTY && columns ? columns : WIDTH;
}

/** A sentence in lines as wide as the terminal; elsewhere in one, which programs can look for. */
function fitted(text: string, stream: Stream): string {
  if (!stream.isTTY) return text;
  const width = widthOf(stream);
  return text
    .split('\n')
    .map((line) => wrapHanging(line, width))
    .join('\n');
}

/** Stages with their times, in a line. */
export function stagesLine(stages: readonly { name: string; ms: number }[]): string {
  const total = formatTime(stages.reduce((sum, { ms }) => sum + ms, 0));
  const parts = stages.map(({ name, ms }) => `${name} ${formatTime(ms)}`);
  return parts.length > 1 ? `${total} (${parts.join(', ')})` : total;
}
