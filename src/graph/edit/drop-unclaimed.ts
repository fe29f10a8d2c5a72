import { normalLocation } from '../../binary/location.js';
import type { ByteSource, Model } from '../../model/model.js';
import { Journal } from '../../onnx/journal.js';
import { Message } from '../../onnx/message.js';
import { openOnnx } from '../../onnx/open.js';
import { Pieces } from '../../onnx/pieces.js';
import { claimedRanges, type Range, unclaimedRanges } from '../../onnx/unclaimed.js';
import { bytesOf } from '../../onnx/wire.js';
import { externalEntries } from './locations.js';

/** Tensors keep so much of their alignment: pages are what is mapped into memory. */
const PAGE_BYTES = 1 << 12;

/**
 * A model without the stretches of its external data files that belong to no tensor. What tensors take moves together, and
 * their offsets say so; all else stays as it is. Nothing is read but the model's own file.
 *
 * @param model - as it was opened: what stages have done to it would be lost
 */
export function dropUnclaimed(model: Model): Model {
  if (unclaimedRanges(model).every((ranges) => ranges.length === 0)) return model;
  const moves = claimedRanges(model).map(moved);
  const [main, ...others] = model.files;
  const files = new Map(others.map((source, i) => [source.name, compacted(source, moves[i + 1])]));
  const moveOf = new Map(others.map(({ name }, i) => [name, moves[i + 1]]));
  const bytes = bytesOf(main);
  const message = new Message([{ bytes, start: 0, end: bytes.length }], 'model', new Journal());
  for (const entries of externalEntries(message)) {
    const spelling = entries.get('location')?.text ?? '';
    const offset = entries.get('offset');
    const runs = moveOf.get(normalLocation(spelling) ?? spelling);
    if (offset && runs) offset.setText(String(newPlace(Number(offset.text), runs)));
  }
  const pieces = new Pieces();
  message.write(pieces);
  return openOnnx(pieces.source(main.name, main.isFresh, bytes), { external: (location) => files.get(location) });
}

/** What tensors take, and where it goes. */
interface Moved extends Range {
  readonly to: number;
}

function moved(claims: readonly Range[]): Moved[] {
  let at = 0;
  return claims.map(({ start, end }) => {
    let alignment = PAGE_BYTES;
    while (start % alignment !== 0) alignment /= 2;
    const to = Math.ceil(at / alignment) * alignment;
    at = to + end - start;
    return { start, end, to };
  });
}

/** Nothing, as far as an empty tensor is concerned, may lie anywhere. */
function newPlace(offset: number, runs: readonly Moved[]): number {
  const run = runs[lastFrom(runs, offset, ({ start }) => start)];
  return run && offset < run.end ? run.to + offset - run.start : 0;
}

/** A file of which only some runs are left; zeros stand between. */
function compacted({ name, isFresh, read }: ByteSource, runs: readonly Moved[]): ByteSource {
  const last = runs.at(-1);
  const size = last ? last.to + last.end - last.start : 0;
  return {
    ...{ name, size, isFresh: isFresh ?? false },
    read(from, to) {
      const first = Math.max(
        0,
        lastFrom(runs, from, ({ to: place }) => place),
      );
      const { start, end, to: place } = runs[first] ?? { start: 0, end: 0, to: 0 };
      if (from >= place && to <= place + end - start) return read(start + from - place, start + to - place);
      const bytes = new Uint8Array(to - from);
      for (let i = first; i < runs.length && runs[i].to < to; i++) {
        const run = runs[i];
        const [at, stop] = [Math.max(from, run.to), Math.min(to, run.to + run.end - run.start)];
        if (at < stop) bytes.set(read(run.start + at - run.to, run.start + stop - run.to), at - from);
      }
      return bytes;
    },
  };
}

/** The last run that begins at an offset or before it; −1 if there is none. */
function lastFrom(runs: readonly Moved[], offset: number, startOf: (run: Moved) => number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf(runs[middle]) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
