import { ByteWriter } from '../binary/bytes.js';
import type { Model } from '../layers/model.js';
import { LENGTH_DELIMITED, readFields } from './wire.js';

/** ModelProto.metadata_props and the two fields of its StringStringEntryProto. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

const PREFIX = 'fxq.';

/**
 * The model with a record of what was done to it: a metadata entry `fxq.1`, `fxq.2` … (keys have to be distinct).
 * Appending a field at the end of a protobuf message is legal, and so leaves every other byte where it is.
 */
export function withRecord(model: Model, record: string): Model {
  const entry = new ByteWriter();
  for (const [field, text] of [
    [KEY, `${PREFIX}${readRecords(model).length + 1}`],
    [VALUE, record],
  ] as const) {
    const bytes = new TextEncoder().encode(text);
    entry
      .varint(field * 8 + LENGTH_DELIMITED)
      .varint(bytes.length)
      .bytes(bytes);
  }
  const appendix = new ByteWriter().bytes(model.appendix);
  appendix
    .varint(METADATA_PROPS * 8 + LENGTH_DELIMITED)
    .varint(entry.length)
    .bytes(entry.finish());
  return { ...model, appendix: appendix.finish() };
}

/** What stages have recorded in a model, the earliest first. */
export function readRecords(model: Model): string[] {
  const [main] = model.files;
  return [main.read(0, main.size), model.appendix].flatMap(recordsIn);
}

function recordsIn(bytes: Uint8Array): string[] {
  const records: string[] = [];
  for (const field of readFields(bytes, 0, bytes.length, 'model')) {
    if (field.number !== METADATA_PROPS || field.type !== LENGTH_DELIMITED) continue;
    const entry = new Map<number, string>();
    for (const { number, type, start, end } of readFields(bytes, field.start, field.end, 'metadata_props')) {
      if (type === LENGTH_DELIMITED) entry.set(number, new TextDecoder().decode(bytes.subarray(start, end)));
    }
    if (entry.get(KEY)?.startsWith(PREFIX)) records.push(entry.get(VALUE) ?? '');
  }
  return records;
}
