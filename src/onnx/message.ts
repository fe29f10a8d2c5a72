import { ByteWriter } from '../binary/bytes.js';
import { present } from '../guards.js';
import type { Journal } from './journal.js';
import { Pieces, type Run } from './pieces.js';
import { type Field, LENGTH_DELIMITED, readFields, VARINT } from './wire.js';

/** What a field holds at a time: the bytes that stand in the file, or others. */
interface Content {
  readonly payload: Run;
  /** Of a varint. */
  readonly value: number;
  /** Where the file has the whole field; absent for what was written since. */
  readonly kept?: Field;
  /** The payload as a message, once somebody has asked for it. */
  message?: Message;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A field of a {@link Message}. As long as nobody changes it, it is the bytes of the file, those of its tag and its
 * length included, and it is them again once it is set back to what it was.
 */
export class MessageField {
  readonly number: number;
  readonly type: number;
  readonly path: string;
  readonly #journal: Journal;
  readonly #original: Content;
  #content: Content;
  #isGone = false;
  #text: { readonly of: Content; readonly text: string } | undefined;

  constructor(number: number, type: number, content: Content, path: string, journal: Journal) {
    this.number = number;
    this.type = type;
    this.path = path;
    this.#journal = journal;
    this.#original = content;
    this.#content = content;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The value of a varint field: exact up to 2^53. */
  get value(): number {
    return this.#content.value;
  }

  /** The payload of a length-delimited field as UTF-8. */
  get text(): string {
    const of = this.#content;
    if (this.#text?.of !== of) this.#text = { of, text: utf8.decode(bytesIn(of.payload)) };
    return this.#text.text;
  }

  /** The payload of a length-delimited field as a message. */
  get message(): Message {
    this.#content.message ??= new Message([this.#content.payload], this.path, this.#journal);
    return this.#content.message;
  }

  /** Where the file has the payload; `undefined` for one that was written since. */
  get origin(): Run | undefined {
    return this.#content.kept && this.#content.payload;
  }

  /** The payload as it is now, with every change inside of it. */
  read(): Uint8Array {
    return this.#inside().read();
  }

  setText(text: string): void {
    if (this.text !== text) this.setPayload(new TextEncoder().encode(text));
  }

  setPayload(bytes: Uint8Array): void {
    this.#set({ payload: wholeOf(bytes), value: 0 });
  }

  setValue(value: number): void {
    if (value !== this.value) this.#set({ payload: wholeOf(new ByteWriter().varint(value).finish()), value });
  }

  /** Takes the field out; its place among the others is kept for {@link restore}. */
  remove(): void {
    this.#setGone(true);
  }

  restore(): void {
    this.#setGone(false);
  }

  /** Adds the field's bytes. */
  write(out: Pieces): void {
    if (this.#isGone) return;
    const { payload, kept } = this.#content;
    if (this.type !== LENGTH_DELIMITED) {
      out.push(kept ? { ...payload, start: kept.tag } : wholeOf(tagOf(this).finish()));
      if (!kept) out.push(payload);
      return;
    }
    const inside = this.#inside();
    if (kept && inside.size === payload.end - payload.start) {
      out.push({ ...payload, start: kept.tag, end: payload.start });
    } else if (kept) {
      out.push({ ...payload, start: kept.tag, end: kept.lengthAt });
      out.push(wholeOf(paddedVarint(inside.size, paddingOf(kept))));
    } else {
      out.push(wholeOf(tagOf(this).varint(inside.size).finish()));
    }
    out.append(inside);
  }

  #inside(): Pieces {
    const pieces = new Pieces();
    const { message, payload } = this.#content;
    if (message) message.write(pieces);
    else pieces.push(payload);
    return pieces;
  }

  #set(content: Content): void {
    const before = this.#content;
    const isAsItWas = this.#original.kept && !this.#original.message && sameBytes(this.#original.payload, content);
    this.#content = isAsItWas ? this.#original : content;
    this.#journal.note(() => {
      this.#content = before;
    });
  }

  #setGone(isGone: boolean): void {
    if (this.#isGone === isGone) return;
    this.#isGone = isGone;
    this.#journal.note(() => {
      this.#isGone = !isGone;
    });
  }
}

/** Where a new field goes: next to one that is there. By default after the last of its number, else at the end. */
export interface Place {
  readonly before?: MessageField | undefined;
  readonly after?: MessageField | undefined;
}

/**
 * A protobuf message that can be edited field by field. What is not touched, fields from the future among it, keeps its
 * bytes, and no payload is read before it is asked for.
 */
export class Message {
  readonly path: string;
  readonly #runs: readonly Run[];
  readonly #journal: Journal;
  #fields: MessageField[] | undefined;
  /** The fields of a number, those that were removed included, once somebody has asked for them. */
  readonly #byNumber = new Map<number, MessageField[]>();

  /** @param runs - the bytes; those of several runs are one message, as if they stood one after the other */
  constructor(runs: readonly Run[], path: string, journal: Journal) {
    this.#runs = runs;
    this.path = path;
    this.#journal = journal;
  }

  get #all(): MessageField[] {
    this.#fields ??= this.#runs.flatMap(({ bytes, start, end }) =>
      Array.from(readFields(bytes, start, end, this.path), (field) => {
        const payload = { bytes, start: field.start, end: field.end };
        const content = { payload, value: field.value, kept: field };
        return new MessageField(field.number, field.type, content, this.path, this.#journal);
      }),
    );
    return this.#fields;
  }

  /** The fields of this number, in order, without those that were removed. */
  fields(number: number): MessageField[] {
    return this.#numbered(number).filter(({ isGone }) => !isGone);
  }

  /** The field that counts, where several have the number of one that is not repeated. */
  field(number: number): MessageField | undefined {
    return this.#numbered(number).findLast(({ isGone }) => !isGone);
  }

  #numbered(number: number): MessageField[] {
    let fields = this.#byNumber.get(number);
    if (!fields) {
      fields = this.#all.filter((field) => field.number === number);
      this.#byNumber.set(number, fields);
    }
    return fields;
  }

  /** The text of a field, `''` where it has none. */
  text(number: number): string {
    return this.field(number)?.text ?? '';
  }

  add(number: number, payload: Uint8Array | number, place: Place = {}): MessageField {
    const isNumber = typeof payload === 'number';
    const bytes = isNumber ? new ByteWriter().varint(payload).finish() : payload;
    const content = { payload: wholeOf(bytes), value: isNumber ? payload : 0 };
    const type = isNumber ? VARINT : LENGTH_DELIMITED;
    const field = new MessageField(number, type, content, this.path, this.#journal);
    this.#splice(this.#placeFor(number, place), 0, field);
    this.#journal.note(() => this.#splice(this.#all.indexOf(field), 1));
    return field;
  }

  #placeFor(number: number, { before, after }: Place): number {
    if (before) return this.#all.indexOf(before);
    const last = after ?? this.#numbered(number).at(-1);
    return last ? this.#all.indexOf(last) + 1 : this.#all.length;
  }

  #splice(at: number, count: number, ...fields: MessageField[]): void {
    const gone = this.#all.splice(at, count, ...fields);
    for (const { number } of [...gone, ...fields]) this.#byNumber.delete(number);
  }

  /** Sets a text that is not repeated. */
  setText(number: number, text: string): void {
    const field = this.field(number);
    if (field) field.setText(text);
    else if (text !== '') this.add(number, new TextEncoder().encode(text));
  }

  /** Sets a number that is not repeated. */
  setValue(number: number, value: number): void {
    const field = this.field(number);
    if (field) field.setValue(value);
    else this.add(number, value);
  }

  /** Puts the fields that `bytes` has of these numbers in the place of its own. All others stay. */
  overwrite(numbers: ReadonlySet<number>, bytes: Uint8Array): void {
    const mine = this.#all.filter(({ number, isGone }) => numbers.has(number) && !isGone);
    let after = mine.at(-1);
    for (const { number, type, start, end, value } of readFields(bytes, 0, bytes.length, this.path)) {
      if (numbers.has(number)) {
        after = this.add(number, type === VARINT ? value : bytes.subarray(start, end), { after });
      }
    }
    for (const field of mine) field.remove();
  }

  /** Puts other fields into the places of some: each pair is the field that has a place, and the one that gets it. */
  rearrange(pairs: readonly (readonly [MessageField, MessageField])[]): void {
    const places = new Map(this.#all.map((field, at) => [field, at]));
    const moves = pairs.map(([from, to]) => ({ at: present(places.get(from)), from, to }));
    for (const { at, to } of moves) this.#splice(at, 1, to);
    this.#journal.note(() => {
      for (const { at, from } of moves) this.#splice(at, 1, from);
    });
  }

  write(out: Pieces): void {
    if (!this.#fields) for (const run of this.#runs) out.push(run);
    else for (const field of this.#fields) field.write(out);
  }
}

function wholeOf(bytes: Uint8Array): Run {
  return { bytes, start: 0, end: bytes.length };
}

function bytesIn({ bytes, start, end }: Run): Uint8Array {
  return bytes.subarray(start, end);
}

function sameBytes(run: Run, { payload }: Content): boolean {
  const length = payload.end - payload.start;
  if (run.end - run.start !== length || length > 4096) return false;
  const other = bytesIn(payload);
  return bytesIn(run).every((byte, i) => byte === other[i]);
}

function tagOf({ number, type }: MessageField): ByteWriter {
  return new ByteWriter().varint(number * 8 + type);
}

/** The bytes that a length takes beyond those it needs: legal, and kept, so that a change can be taken back. */
function paddingOf({ lengthAt, start, end }: Field): number {
  const width = start - lengthAt;
  return width > new ByteWriter().varint(end - start).length ? width : 0;
}

function paddedVarint(value: number, width: number): Uint8Array {
  const bytes = new ByteWriter().varint(value).finish();
  if (bytes.length >= width) return bytes;
  const padded = new Uint8Array(width).fill(0x80);
  padded.set(bytes);
  padded[bytes.length - 1] |= 0x80;
  padded[width - 1] = 0;
  return padded;
}
