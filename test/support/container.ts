import { readFileSync } from 'node:fs';
import { concat } from '../../src/binary/bytes.js';
import { writeContainer } from '../../src/container/write/container.js';
import { decodeFiles, inspect } from '../../src/decode/index.js';
import { openOnnx } from '../../src/onnx/open.js';
import { DATA_TYPE, type DataTypeName, modelProto, rawData, tensorProto } from './onnx-builder.js';
import { bytesOf } from './protobuf.js';
import { memoryFiles } from './sources.js';

/** Encodes a model with its external files, in memory. */
export async function encode(
  model: Uint8Array,
  external: Record<string, Uint8Array> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return concat(await writeContainer(openOnnx(model, { external: memoryFiles(external) })));
}

/** Encodes, decodes with every check, and gives the container and the rebuilt files by name. */
export async function roundTrip(
  model: Uint8Array,
  external: Record<string, Uint8Array> = {},
): Promise<{ container: Uint8Array<ArrayBuffer>; files: Record<string, Uint8Array> }> {
  const container = await encode(model, external);
  const files = await decodeFiles(container, { verify: 'all' });
  return { container, files: Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])) };
}

/** A model with one initializer of these values, named `w`. */
export function modelOf(
  values: Float32Array | Float64Array | Uint16Array | Uint8Array,
  dims = [values.length],
): Uint8Array {
  const dataType = DATA_TYPE[dtypeOf(values)];
  const tensor = tensorProto({ name: 'w', dataType, dims, content: rawData(bytesOf(values)) });
  return modelProto({ graph: { initializers: [tensor] } });
}

function dtypeOf(values: Float32Array | Float64Array | Uint16Array | Uint8Array): DataTypeName {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  return values instanceof Uint16Array ? 'float16' : 'uint8';
}

/** The layout that the writer chose for the only tensor of {@link modelOf}. */
export async function layoutOf(container: Uint8Array): Promise<string> {
  return (await inspect(container)).tensors[0].layout;
}

/** The bytes of a file as a plain Uint8Array. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}
