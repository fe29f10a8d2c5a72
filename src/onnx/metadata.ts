import { ByteWriter } from '../binary/bytes.js';
import type { Model } from '../model/model.js';
import { type Bytes, bytesOf, LENGTH_DELIMITED, readFields } from './wire.js';

/** ModelProto.metadata_props and the two fields of its StringStringEntryProto. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

const PREFIX = 'fxq.';

/** What a stage has left in a model's metadata. */
export interface StageRecord {
  readonly number: number;
  readonly text: string;
  /** Bytes that it takes in the file. */
  readonly bytes: number;
}

/**
 * The model with a record of what was done to it: a metadata entry `fxq.1`, `fxq.2` … (keys have to be distinct).
 * Appending a field at the end of a protobuf message is legal, and so leaves every other byte where it is.
 */
export function withRecord(model: Model, record: string): Model {
  const entry = new ByteWriter();
  for (const [field, text] of [
    [KEY, `${PREFIX}${lastRecord(model) + 1}`],
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

/** What stages have recorded in a model, as it stands there, with the numbers of the keys. */
export function readRecords(model: Model): StageRecord[] {
  const [main] = model.files;
  return [bytesOf(main), model.appendix].flatMap(recordsIn);
}

/** The same of a file's bytes. */
export function recordsIn(bytes: Bytes): StageRecord[] {
  const records: StageRecord[] = [];
  for (const field of readFields(bytes, 0, bytes.length, 'model')) {
    if (field.number !== METADATA_PROPS || field.type !== LENGTH_DELIMITED) continue;
    const entry = new Map<number, string>();
    for (const { number, type, start, end } of readFields(bytes, field.start, field.end, 'metadata_props')) {
      if (type === LENGTH_DELIMITED) entry.set(number, new TextDecoder().decode(bytes.subarray(start, end)));
    }
    const number = /^fxq\.(\d{1,9})$/.exec(entry.get(KEY) ?? '')?.[1];
    if (number !== undefined) {
      records.push({ number: Number(number), text: entry.get(VALUE) ?? '', bytes: field.end - field.tag });
    }
  }
  return records;
}

/**
 * A file without what stages have recorded in it of late.
 *
 * @param last - the number of the last record that stays
 */
export function withoutRecords(bytes: Bytes, last: number): Uint8Array {
  const file = new ByteWriter();
  for (const { number, tag, end } of readFields(bytes, 0, bytes.length, 'model')) {
    const field = bytes.subarray(tag, end);
    const isLater = number === METADATA_PROPS && recordsIn(field).some((record) => record.number > last);
    if (!isLater) file.bytes(field);
  }
  return file.finish();
}

/** The number of the last record; 0 without any. */
export function lastRecord(model: Model): number {
  return Math.max(0, ...readRecords(model).map(({ number }) => number));
}
