import { ByteWriter, concat } from '../binary/bytes.js';
import type { ByteRun, Enclosure } from '../model/structure.js';
import type { Bytes } from './wire.js';

/** Replace a run of bytes, which stand directly inside a message, by others. */
export interface Edit extends ByteRun {
  readonly bytes: Uint8Array;
}

/**
 * Applies edits to a protobuf file and rewrites the length of every message around them; all other bytes stay as they
 * are. This is how a model is changed without decoding and re-encoding it, which would lose unknown fields.
 *
 * @param edits - in any order, not overlapping
 */
export function splice(file: Bytes, edits: readonly Edit[]): Uint8Array {
  const growth = new Map<Enclosure, number>();
  const grow = (message: Enclosure | undefined, by: number) => {
    if (message !== undefined) growth.set(message, (growth.get(message) ?? 0) + by);
  };
  const changes: { start: number; end: number; bytes: Uint8Array }[] = edits.map(({ start, end, bytes }) => ({
    start,
    end,
    bytes,
  }));
  for (const edit of edits) grow(edit.within, edit.bytes.length - (edit.end - edit.start));

  // Innermost first: a message's new length is known once everything inside it is done.
  const messages = new Set<Enclosure>();
  for (const edit of edits) for (let m: Enclosure | undefined = edit.within; m; m = m.parent) messages.add(m);
  for (const message of [...messages].sort((a, b) => depth(b) - depth(a))) {
    if (message.parent === undefined) continue;
    const by = growth.get(message) ?? 0;
    const written = new ByteWriter().varint(message.end - message.start + by).finish();
    changes.push({ start: message.lengthAt, end: message.start, bytes: written });
    grow(message.parent, by + written.length - (message.start - message.lengthAt));
  }

  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const change of changes.sort((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(file.subarray(at, change.start), change.bytes);
    at = change.end;
  }
  pieces.push(file.subarray(at));
  return concat(pieces);
}

function depth(message: Enclosure): number {
  let levels = 0;
  for (let m = message.parent; m; m = m.parent) levels++;
  return levels;
}
