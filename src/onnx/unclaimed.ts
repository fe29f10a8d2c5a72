import { dataTypeOf, MAX_DATA_TYPE } from '../binary/dtype.js';
import type { Model } from '../model/model.js';
import { externalRange } from './open.js';

/** A run of bytes of a file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Fewer bytes between two tensors are there so that the next one is aligned. */
const MIN_BYTES = 1 << 12;

/**
 * What tensors take of each of a model's files, in order, and apart from each other: tensors that overlap are one run. Of the
 * model's own file nothing is said.
 */
export function claimedRanges({ files, structure }: Model): Range[][] {
  const fileOf = new Map(files.map(({ name }, i) => [i === 0 ? '' : name, i]));
  const claims: Range[][] = files.map(() => []);
  for (const tensor of structure.tensors) {
    const file = tensor.external && fileOf.get(tensor.external.location);
    if (!file) continue;
    // Of a type that there cannot be nobody knows how much it takes.
    const isKnown = dataTypeOf(tensor.dtype) <= MAX_DATA_TYPE;
    const { offset, length } = isKnown
      ? externalRange(tensor, tensor.path, files[file])
      : { offset: 0, length: files[file].size };
    if (length > 0) claims[file].push({ start: offset, end: offset + length });
  }
  return claims.map(merged);
}

/**
 * The stretches of a model's external data files that belong to no tensor, as where data was saved twice: file by file, those
 * that are longer than what aligns a tensor.
 */
export function unclaimedRanges(model: Model): Range[][] {
  return claimedRanges(model).map((claims, file) => {
    if (file === 0) return [];
    const ends = [0, ...claims.map(({ end }) => end)];
    const starts = [...claims.map(({ start }) => start), model.files[file].size];
    return starts.map((end, i) => ({ start: ends[i], end })).filter(({ start, end }) => end - start >= MIN_BYTES);
  });
}

function merged(ranges: readonly Range[]): Range[] {
  const runs: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = runs.at(-1);
    if (last && range.start < last.end) runs[runs.length - 1] = { ...last, end: Math.max(last.end, range.end) };
    else runs.push(range);
  }
  return runs;
}
