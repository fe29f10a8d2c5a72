import { shortenAll } from './format.js';

/** What a table has to fit into if nothing is said, and what names get of it at least. */
const WIDTH = 100;
const MIN_NAME_WIDTH = 20;

/** A column of figures. */
export interface Column<T> {
  /** Head of this and the following columns that have none. */
  readonly group: string;
  readonly head: string;
  readonly text: (row: T) => string;
}

/** What a row is about. */
export interface Labelled {
  readonly label: string;
}

/**
 * Rows as lines: names to the left, figures to the right, rules below the head and above the total, if there is one. Names that
 * are too long lose their middle; where even short ones have no room, columns are left out, the last ones first.
 *
 * @param what - the head above the names
 * @param width - columns of text that there are
 */
export function layOut<T extends Labelled>(
  given: readonly Column<T>[],
  rows: readonly T[],
  total?: T,
  what = 'layer',
  width = WIDTH,
): string[] {
  const all = total === undefined ? rows : [...rows, total];
  const columns = fitting(given, all, width);
  const cells = all.map((row) => columns.map(({ text }) => text(row)));
  const widths = widthsOf(columns, all);
  const figures = figuresIn(widths);
  const names = shortenAll(
    all.map(({ label }) => label),
    Math.max(MIN_NAME_WIDTH, width - figures),
  );
  const first = Math.max(what.length, ...names.map((name) => [...name].length));
  const line = (name: string, texts: readonly string[]) =>
    `${name.padEnd(first)}${texts.map((text, i) => `  ${text.padStart(widths[i])}`).join('')}`.trimEnd();
  const rule = '─'.repeat(first + figures);
  const body = cells.map((texts, i) => line(names[i], texts));
  const head = line(
    what,
    columns.map(({ head: text }) => text),
  );
  const groups = groupLine(columns, widths, first);
  const lines = [...(groups ? [groups] : []), head, rule, ...body];
  return total === undefined ? lines : lines.toSpliced(-1, 0, rule);
}

/** The columns that there is room for beside the names. */
function fitting<T extends Labelled>(columns: readonly Column<T>[], rows: readonly T[], width: number) {
  const longest = Math.max(0, ...rows.map(({ label }) => [...label].length));
  let kept = columns;
  while (kept.length > 1 && figuresIn(widthsOf(kept, rows)) + Math.min(longest, MIN_NAME_WIDTH) > width) {
    kept = kept.slice(0, -1);
  }
  return kept;
}

function widthsOf<T>(columns: readonly Column<T>[], rows: readonly T[]): number[] {
  return columns.map(({ head, text }) => rows.reduce((most, row) => Math.max(most, text(row).length), head.length));
}

function figuresIn(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + 2, 0);
}

/** The line above the heads: each group's name, to the right as the heads are. */
function groupLine(
  columns: readonly Pick<Column<never>, 'group'>[],
  widths: readonly number[],
  first: number,
): string | undefined {
  if (columns.every(({ group }) => group === '')) return undefined;
  let line = ' '.repeat(first);
  for (let i = 0; i < columns.length; ) {
    const { group } = columns[i];
    let width = 0;
    for (; i < columns.length && columns[i].group === group; i++) {
      width += widths[i] + 2;
      if (group === '') break;
    }
    if (group === '') i++;
    line += group.padStart(width);
  }
  return line.trimEnd();
}
