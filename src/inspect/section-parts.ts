import { atOnce } from '../breather.js';
import { CONTEXT_CODE_LIMIT, hasCodebook, indexBits, PLANES } from '../container/constants.js';
import type { TensorEntry } from '../container/header.js';
import { readCode, readCodebook } from '../container/read/codes.js';
import { SectionCursor } from '../container/read/cursor.js';
import type { Codebook } from '../container/read/grids.js';
import { readClasses } from '../container/read/lines.js';

/** What stands before the streams of a section: codebook and tables. */
export interface Parts {
  readonly codebookBytes: number;
  readonly book?: Codebook;
  readonly tableBytes: number;
  /** Codebook entries that weights have; a grid may hold others. */
  readonly used: number;
  /** Bits of each value's code, by bit pattern: a map for each class of lines, or of what came before. None where no values are coded. */
  readonly bitsOfValue: readonly ReadonlyMap<number, number>[];
  /** The class of each line, or of each value where what came before decides; none where there is one. */
  readonly classes: Uint8Array;
}

/** Reads what stands before the streams of a section. */
export function readParts(entry: TensorEntry, section: Uint8Array): Parts {
  const cursor = new SectionCursor(section, entry);
  const none = {
    ...{ codebookBytes: 0, tableBytes: 0, used: 0, bitsOfValue: [] },
    classes: new Uint8Array(),
  };
  if (entry.layout === 'planes') return { ...none, tableBytes: planeTables(cursor) };
  if (!hasCodebook(entry.layout)) return none;
  const book = atOnce(readCodebook(cursor));
  const { values } = book;
  const codebookBytes = cursor.at;
  if (entry.layout === 'packed') {
    const width = indexBits(entry.codebookSize);
    const bitsOfValue = [new Map(Array.from(values, (value) => [value, width]))];
    return { ...none, codebookBytes, book, used: entry.codebookSize, bitsOfValue };
  }
  const { lines, contexts, codebookSize } = entry;
  const isFollowed = contexts.distance > 0;
  const m = isFollowed ? contexts.classes : lines.classes;
  const { classOf: classes } =
    m > 1 ? readClasses(cursor, m, isFollowed ? codebookSize : lines.count) : { classOf: new Uint8Array() };
  const used = new Set<number>();
  const bitsOfValue = Array.from({ length: m }, () => {
    const { lengths } = readCode(cursor, codebookSize, 'code lengths', isFollowed ? CONTEXT_CODE_LIMIT : undefined);
    if (entry.layout === 'gap') readCode(cursor, 1 << entry.gapBits, 'gap lengths');
    if (entry.layout === 'mask') readCode(cursor, 256, 'mask lengths');
    for (const [i, length] of lengths.entries()) if (length > 0) used.add(i);
    return new Map(Array.from(values, (value, i) => [value, lengths[i]]));
  });
  return { codebookBytes, book, tableBytes: cursor.at - codebookBytes, used: used.size, bitsOfValue, classes };
}

function planeTables(cursor: SectionCursor): number {
  let bytes = 0;
  for (let p = 0; p < cursor.tensor.width; p++) {
    const kind = PLANES[cursor.byte('plane kind')];
    if (kind === 'constant') cursor.byte('plane value');
    if (kind !== 'coded') continue;
    const start = cursor.at;
    readCode(cursor, 256, 'plane lengths');
    bytes += cursor.at - start;
  }
  return bytes;
}
