import { normalLocation } from '../binary/location.js';
import type { TensorEntry } from '../container/header.js';
import type { Head } from '../container/read/index.js';

/** Bytes of the model's file, from `start` up to `end`, that become others. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: readonly number[];
}

/** How the model's file changes when payloads leave it. */
export interface Outline {
  /** In order, apart from each other. */
  readonly edits: readonly Edit[];
  /** The tensors whose payloads are outside, each with the name of its file; those of the same payload have one file. */
  readonly outside: ReadonlyMap<TensorEntry, string>;
}

/** Payloads below this stay in the model: shapes and the like are wanted before a session opens other files. */
const MIN_BYTES = 1024;

/** Longer ones are none. */
const MAX_LOCATION = 4096;

const NODE = 2;
const TENSOR = 4;
const ENTRY = 5;
/**
 * By kind of message and number of field, the kind of message in that field: 0 model, 1 graph, 2 node, 3 attribute,
 * 4 tensor, 5 entry of its external data. Subgraphs and functions are passed over: ONNX Runtime looks for no files of theirs.
 */
const CHILDREN: readonly Record<number, number>[] = [
  { 7: 1 },
  { 1: NODE, 5: TENSOR },
  { 5: 3 },
  { 5: TENSOR },
  { 13: ENTRY },
  {},
];

/**
 * Finds the large initializers and Constants of a model and makes them refer to payloads outside of it
 * (`external_data` of TensorProto). Locations that it has already get the names that the files have here. Reads the skeleton and no payload. What is no protobuf message stays as it is.
 */
export function outline({ files, tensors, skeleton }: Head): Outline {
  const edits: Edit[] = [];
  const outside = new Map<TensorEntry, string>();
  const taken = new Set(files.map(({ name }) => name));
  const nameOf = ({ owner }: TensorEntry) => {
    let name = `fxq/${owner}`;
    while (taken.has(name)) name += '-';
    return name;
  };
  // The model's tensors are the first of all.
  const holes = tensors.filter(({ file }) => file === 0);
  const byOffset = new Map(holes.map((tensor) => [tensor.offset, tensor]));

  /** The position in the file; NaN, which ends every loop, once something is not as it should be. */
  let at = 0;
  /** The first hole that is not before it, and how many bytes of those before it the skeleton lacks. */
  let next = 0;
  let missing = 0;
  const byte = () => {
    for (let hole = holes[next]; hole && hole.offset + hole.length <= at; hole = holes[++next]) {
      if (hole.layout !== 'inline' || hole.owner !== next) missing += hole.length;
    }
    if (holes[next]?.offset <= at) at = Number.NaN;
    return skeleton[at++ - missing];
  };
  const varint = () => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const group = byte();
      value += (group & 127) * scale;
      if (group < 128) return value;
    }
    at = Number.NaN;
    return at;
  };

  const read = (length: number) => String.fromCharCode(...Array.from({ length }, byte));

  /** Walks the message up to `end`; gives how many bytes it grows by. */
  const walk = (kind: number, end: number): number => {
    let growth = 0;
    const edit = (start: number, to: number, bytes: number[]) => {
      edits.push({ start, end: to, bytes });
      growth += bytes.length - (to - start);
    };
    let isConstant = false;
    let hasLocation = false;
    let payload: { tensor: TensorEntry; start: number; end: number } | undefined;
    while (at < end) {
      const start = at;
      const tag = varint();
      const number = tag >>> 3;
      const type = tag & 7;
      const lengthAt = at;
      if (type === 0) varint();
      else if (type === 1) at += 8;
      else if (type === 5) at += 4;
      else {
        const length = varint();
        const from = at;
        const to = from + length;
        // Groups, which are obsolete, count as damage.
        if (type !== 2 || to > end) at = Number.NaN;
        const child = CHILDREN[kind][number];
        hasLocation ||= child === ENTRY;
        if (child !== undefined && (kind !== NODE || isConstant)) {
          const more = walk(child, to);
          if (more !== 0) edit(lengthAt, from, varintOf(length + more));
          growth += more;
        } else if (kind === NODE && number === 4) {
          isConstant = length === 8 && read(length) === 'Constant';
        } else if (kind === ENTRY && number === 2 && length <= MAX_LOCATION) {
          // Of what may stand here only a path can be spelled in other ways: not a number, nor a checksum.
          const spelling = read(length);
          const name = normalLocation(spelling) ?? spelling;
          if (name !== spelling) edit(start, to, field(0x12, text(name)));
        } else if (kind === TENSOR) {
          // Floats and doubles of a list of their own have the bytes that raw data has.
          const tensor = number === 9 || number === 4 || number === 10 ? byOffset.get(from) : undefined;
          if (tensor?.name && tensor.length === length && length >= MIN_BYTES && tensor.layout !== 'inline')
            payload = { tensor, start, end: to };
        }
        at += to - at;
      }
    }
    if (at > end) at = Number.NaN;
    if (payload && !hasLocation) {
      const name = nameOf(payload.tensor);
      outside.set(payload.tensor, name);
      edit(payload.start, payload.end, []);
      // At the end of the message, where `data_location` overrides one that stands before.
      const entry = [...field(0x0a, text('location')), ...field(0x12, text(name))];
      edit(end, end, [...field(0x6a, entry), 0x70, 1]);
    }
    return growth;
  };
  walk(0, files[0].size);
  if (at !== files[0].size) return { edits: [], outside: new Map() };
  return { edits: edits.sort((a, b) => a.start - b.start), outside };
}

const text = (ascii: string) => Array.from(ascii, (char) => char.charCodeAt(0));

/** A field from its tag, with the length of what is in it. */
const field = (tag: number, bytes: readonly number[]) => [tag, ...varintOf(bytes.length), ...bytes];

function varintOf(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varintOf(Math.floor(value / 128))];
}
