import { decode as decodeCbor } from 'cbor-x';
import { xxh32 } from '../../../src/binary/xxh32.js';
import type { WireTensor } from '../../../src/container/header.js';
import { Bits, segmentsOf } from './bits.js';
import { equal } from './equal.js';
import { expandHead } from './head.js';
import { readWaves } from './waves.js';

/*
 * A decoder made from src/container/README.md alone, as it stands there, with nothing of the library's own but the hash:
 * bit by bit, slow, and for sound containers only.
 */

/** Bytes of an element by TensorProto.DataType, for the types that tests use. */
const WIDTHS: Record<number, number> = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 10: 2, 11: 8, 16: 2 };

/** Gives the files of a container. */
export function decodeBySpecification(container: Uint8Array): Uint8Array[] {
  const view = new DataView(container.buffer, container.byteOffset);
  const [squeezed, expanded, headerBytes, hash] = [4, 8, 12, 16].map((at) => view.getUint32(at, true));
  const head = container.subarray(20, 20 + squeezed);
  equal(xxh32(Uint8Array.of(...container.subarray(0, 16), ...head)), hash);
  const whole = expandHead(head, expanded);
  const { f, t } = decodeCbor(whole.subarray(0, headerBytes)) as {
    f: [string, number, number][];
    t: WireTensor[];
  };
  let from = headerBytes;
  let section = 20 + squeezed;
  const skeleton = (count: number) => {
    from += count;
    return whole.subarray(from - count, from);
  };
  const payloads: Uint8Array[] = [];
  const files = f.map(([, size, fileHash], file) => {
    const pieces: Uint8Array[] = [];
    for (const tensor of t) {
      if ((tensor.f ?? 0) !== file) continue;
      pieces.push(skeleton(tensor.g));
      const count = (tensor.d ?? []).reduce((a, b) => a * b, 1);
      const natural = WIDTHS[tensor.y ?? 2];
      const length = tensor.b ?? count * natural;
      const width = tensor.w ?? (length % natural === 0 ? natural : 1);
      let payload = payloads[tensor.r ?? -1];
      if (tensor.r === undefined && (tensor.l ?? 0) === 0) {
        const inline = skeleton(length);
        const units = length / width;
        payload = tensor.p ? inline.map((_, i) => inline[(i % width) * units + Math.floor(i / width)]) : inline;
      } else if (tensor.r === undefined) {
        section += tensor.s as number;
        const bytes = container.subarray(section - (tensor.s as number), section);
        equal(xxh32(bytes), tensor.x);
        payload = decodeSection(tensor, bytes, length / width, width);
      }
      equal(payload.length, length);
      pieces.push(payload);
      payloads.push(payload);
    }
    const there = pieces.reduce((sum, { length }) => sum + length, 0);
    const bytes = new Uint8Array(Buffer.concat([...pieces, skeleton(size - there)]));
    equal(xxh32(bytes), fileHash);
    return bytes;
  });
  equal(from, whole.length);
  equal(section, container.length);
  return files;
}

/** §4. */
function decodeSection(tensor: WireTensor, bytes: Uint8Array, units: number, width: number): Uint8Array {
  const { l, k = 0, c = 0, q = 4, m = 1, a = 0, h = 0, d = [] } = tensor;
  const reader = new Bits(bytes);
  const out = new Uint8Array(units * width);
  const put = (unit: number, value: number) => {
    for (let i = 0; i < width; i++) out[unit * width + i] = Math.floor(value / 256 ** i) % 256;
  };
  if (l === 1) return bytes;
  if (l === 6) {
    const planes = Array.from({ length: width }, () => {
      const kind = reader.number(8);
      return { kind, value: kind === 0 ? reader.number(8) : 0, code: kind === 2 ? reader.code(256) : undefined };
    });
    const last = planes.findLastIndex(({ kind }) => kind !== 0);
    for (const [start, count, isLast] of chunksOf(units, 65_536)) {
      for (const [p, { kind, value, code }] of planes.entries()) {
        const plane = code ? reader.run(code, count, isLast && p === last) : undefined;
        for (let i = 0; i < count; i++)
          out[(start + i) * width + p] = plane ? plane[i] : kind === 1 ? reader.number(8) : value;
      }
    }
    reader.end();
    return out;
  }
  if (l === 7) {
    readWaves(reader, d, a, units, (unit, value) => put(unit, pattern(value)));
    return out;
  }
  const first = l === 4 || l === 5 ? 1 : 0;
  const flags = c < 2 ? 0 : reader.number(8);
  const isSigned = Math.floor(flags / 32) % 2 === 1;
  const isEscaping = Math.floor(flags / 64) % 2 === 1;
  const [apart, beyond] = isEscaping ? [reader.number(8), reader.number(8)] : [];
  const integer = (place: number): number => {
    if (isSigned && place === 1) return -0;
    const counted = isSigned && place > 1 ? place - 1 : place;
    return counted % 2 ? (counted + 1) / 2 : 0 - counted / 2;
  };
  const isLined = (m > 1 && h === 0) || c === 3;
  const inner = isLined ? d.slice(a + 1).reduce((x, y) => x * y, 1) : units;
  const lines = isLined ? d[a] : 1;
  const lineOf = (unit: number) => Math.floor(unit / inner) % lines;
  const steps = c < 2 ? [] : readSteps(reader, flags % 32, c === 2 ? 1 : lines);
  const onGrid = (place: number, unit: number) => pattern(integer(place) * steps[c === 3 ? lineOf(unit) : 0]);
  const list = c < 2 ? readCodebook(reader, k, c, width) : [];
  const putIndex = (unit: number, index: number) => put(unit, c < 2 ? list[index] : onGrid(index + first, unit));
  /** Gives what puts the escapes of a chunk, once its indices are there. */
  const readEscapes = (places: number[]) => {
    if (apart === undefined || beyond === undefined) return () => {};
    const escapes: { unit: number; value: number }[] = [];
    for (let at = reader.golomb(apart); at < places.length; at += 1 + reader.golomb(apart)) {
      const number = reader.golomb(beyond);
      const isUnit = number === 0 && c === 2;
      escapes.push({
        unit: places[at],
        value: isUnit ? reader.golomb(31) : onGrid(first + k - 1 + number, places[at]),
      });
    }
    reader.align();
    return () => {
      for (const { unit, value } of escapes) put(unit, value);
    };
  };
  if (l === 2) {
    for (const [start, count] of chunksOf(units, 65_536)) {
      const putEscapes = readEscapes(Array.from({ length: count }, (_, i) => start + i));
      for (let i = 0; i < count; i++) putIndex(start + i, reader.number(Math.max(1, Math.ceil(Math.log2(k)))));
      reader.align();
      putEscapes();
    }
    reader.end();
    return out;
  }
  if (h > 0) {
    const classes = Array.from({ length: k }, () => reader.number(Math.ceil(Math.log2(m))));
    reader.align();
    const codes = Array.from({ length: m }, () => reader.code(k));
    for (const [start, count, isLast] of chunksOf(units, 65_536)) {
      const putEscapes = readEscapes(Array.from({ length: count }, (_, i) => start + i));
      const parts = segmentsOf(count, 8192);
      let at = start;
      for (const [i, stream] of reader.streams(parts.length, isLast).entries()) {
        const indices: number[] = [];
        while (indices.length < parts[i]) {
          const before = indices.at(-h);
          indices.push(stream.symbol(codes[indices.length < h || before === undefined ? 0 : classes[before]]));
        }
        stream.align();
        stream.end();
        for (const index of indices) putIndex(at++, index);
      }
      putEscapes();
    }
    reader.end();
    return out;
  }
  const classes = Array.from({ length: lines }, () => (m === 1 ? 0 : reader.number(Math.ceil(Math.log2(m)))));
  reader.align();
  const codes = Array.from({ length: m }, () => ({
    weights: reader.code(k),
    more: l === 4 ? reader.code(2 ** q) : l === 5 ? reader.code(256) : undefined,
  }));
  for (const [of, { weights, more }] of codes.entries()) {
    const places: number[] = m === 1 ? Array.from({ length: units }, (_, i) => i) : [];
    for (let line = 0; line < lines && m > 1; line++) {
      if (classes[line] !== of) continue;
      for (let i = 0; i < units; i++) if (lineOf(i) === line) places.push(i);
    }
    for (const [start, count, isEnd] of chunksOf(places.length, l === 4 ? 262_144 : 65_536)) {
      const isLast = isEnd && of === m - 1;
      const putEscapes = readEscapes(places.slice(start, start + count));
      if (l === 3) {
        for (const [i, index] of reader.run(weights, count, isLast).entries()) putIndex(places[start + i], index);
      } else if (l === 5 && more) {
        const mask = reader.run(more, Math.ceil(count / 8), false);
        const kept = Array.from({ length: 8 * mask.length }, (_, i) => i).filter((i) => (mask[i >> 3] >> (i & 7)) & 1);
        for (const [i, index] of reader.run(weights, kept.length, isLast).entries())
          putIndex(places[start + kept[i]], index);
      } else if (more) {
        const filler = 2 ** q - 1;
        const pairs = reader.varint();
        const parts = segmentsOf(pairs, 4096);
        const starts = [0];
        for (let i = 1; i < parts.length; i++) starts.push(starts[i - 1] + reader.varint());
        const streams = reader.streams(parts.length, isLast);
        let at = 0;
        for (const [i, stream] of streams.entries()) {
          equal(at, starts[i]);
          for (let pair = 0; pair < parts[i]; pair++) {
            const gap = stream.symbol(more);
            at += gap;
            if (gap < filler) putIndex(places[start + at++], stream.symbol(weights));
          }
          stream.align();
          stream.end();
        }
        if (at > count || count - at >= filler) throw new Error('zeros after the last pair');
      }
      putEscapes();
    }
  }
  reader.end();
  return out;
}

const view = new DataView(new ArrayBuffer(4));

/** The bits of the float32 nearest to a number, and back. */
function pattern(float: number): number {
  view.setFloat32(0, float);
  return view.getUint32(0);
}

function toFloat(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function readSteps(reader: Bits, order: number, lines: number): number[] {
  let exponent = 127;
  const steps = Array.from({ length: lines }, () => {
    const difference = reader.golomb(0);
    exponent += difference % 2 ? (difference + 1) / 2 : -difference / 2;
    return toFloat(exponent * 2 ** 23 + reader.number(order) * 2 ** (23 - order));
  });
  reader.align();
  return steps;
}

function readCodebook(reader: Bits, k: number, kind: number, width: number): number[] {
  const bytes = kind === 1 ? 2 : width;
  const values: number[] = [];
  let before = -1;
  let order = Math.max(0, 8 * bytes - 10);
  for (let i = 0; i < k; i++) {
    const distance = reader.golomb(order) + 1;
    before += distance;
    order = Math.floor(Math.log2(distance));
    values.push(kind === 1 ? pattern(halfToFloat(before)) : before);
  }
  reader.align();
  return values;
}

function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return (half & 0x8000 ? -1 : 1) * (exponent < 31 ? size : fraction ? Number.NaN : Number.POSITIVE_INFINITY);
}

const chunksOf = (units: number, size: number) =>
  Array.from({ length: Math.ceil(units / size) }, (_, i): [number, number, boolean] => [
    i * size,
    Math.min(size, units - i * size),
    (i + 1) * size >= units,
  ]);
