import { allocate } from './allocate.js';
import { type Opened, openContainer, pieces, type ReadOptions } from './container.js';
import { type Outline, outline } from './outline.js';
import type { Room } from './rebuild.js';
import type { OpenSource } from './source.js';

/** A rebuilt file; the model has the empty name. */
export interface ModelFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What {@link decodeForOrt} gives: the arguments of ONNX Runtime's `InferenceSession.create`. */
export interface OrtModel {
  /** The ONNX file, without the payloads of its large tensors. */
  model: Uint8Array<ArrayBuffer>;
  /** Those payloads, and the external data files that the model had before. */
  externalData: { path: string; data: Uint8Array<ArrayBuffer> }[];
}

export async function rebuildFiles(
  source: OpenSource,
  options: ReadOptions,
  into?: Uint8Array<ArrayBuffer>,
): Promise<ModelFile[]> {
  const opened = await openContainer(source, options);
  try {
    into &&= partOf(into, opened.head.files[0].size);
  } catch (error) {
    opened.input.cancel();
    throw error;
  }
  return fill(opened, options, { edits: [], outside: new Map() }, into);
}

/** The part of `into` that a file of this size takes. */
export function partOf(into: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (into.length < size)
    throw new RangeError(`into: expected at least ${size} bytes for the model, got ${into.length}`);
  return into.subarray(0, size);
}

export async function rebuildForOrt(source: OpenSource, options: ReadOptions): Promise<OrtModel> {
  const opened = await openContainer(source, options);
  const [{ bytes: model }, ...external] = await fill(opened, options, outline(opened.head));
  return { model, externalData: external.map(({ name, bytes }) => ({ path: name, data: bytes })) };
}

/** Decodes everything to where it belongs: files, of which the model changes as the outline says, and payloads outside. */
async function fill(
  opened: Opened,
  options: ReadOptions,
  { edits, outside }: Outline,
  into?: Uint8Array<ArrayBuffer>,
): Promise<ModelFile[]> {
  const growth = edits.reduce((sum, { start, end, bytes }) => sum + bytes.length - (end - start), 0);
  const files: ModelFile[] = opened.head.files.map(({ name, size }, file) => ({
    name,
    bytes: file === 0 && into ? into : allocate(file === 0 ? size + growth : size, name || 'the model'),
  }));
  const payloads = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [{ length }, name] of outside) if (!payloads.has(name)) payloads.set(name, allocate(length, name));

  const model = files[0].bytes;
  /** How far the model is filled, and the first edit that is still to come. */
  let at = 0;
  let next = 0;
  const put = (bytes: ArrayLike<number>) => {
    model.set(bytes, at);
    at += bytes.length;
  };
  const room: Room = (tensor) => {
    const { file, offset, length } = tensor;
    const start = file === 0 ? at : offset;
    return payloads.get(outside.get(tensor) ?? '') ?? files[file].bytes.subarray(start, start + length);
  };
  for await (const { file, offset, bytes, isInPlace, tensor } of pieces(opened, options, room)) {
    if (file > 0) {
      if (!isInPlace) files[file].bytes.set(bytes, offset);
    } else if (isInPlace) {
      if (!tensor || !outside.has(tensor)) at += bytes.length;
    } else if (tensor) {
      put(bytes);
    } else {
      let from = 0;
      for (; next < edits.length && edits[next].start < offset + bytes.length; next++) {
        put(bytes.subarray(from, edits[next].start - offset));
        put(edits[next].bytes);
        from = edits[next].end - offset;
      }
      put(bytes.subarray(from));
    }
  }
  for (; next < edits.length; next++) put(edits[next].bytes);
  return [...files, ...Array.from(payloads, ([name, bytes]) => ({ name, bytes }))];
}
