import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { ByteWriter, concat } from '../binary/bytes.js';
import { FxqError } from '../errors.js';
import { LENGTH_DELIMITED, readFields } from './wire.js';

/** `ModelProto.graph`. */
const GRAPH = 7;

/**
 * Decodes a model with onnx-proto. A graph that stands in several parts is one, as protobuf has it: a message field that
 * occurs again is merged into what was read before. (protobufjs would keep the last part only.)
 *
 * @throws FxqError `ONNX_MALFORMED`
 */
export function decodeModel(bytes: Uint8Array): Onnx.ModelProto {
  return decoded('graph', 'an ONNX graph', () => onnxProto.onnx.ModelProto.decode(inOnePart(bytes)));
}

/**
 * Decodes some fields of a tensor's message: its payload, where that is not fixed-width elements in one run.
 *
 * @throws FxqError `ONNX_MALFORMED`
 */
export function decodeTensorFields(bytes: Uint8Array, path: string): Onnx.ITensorProto {
  return decoded(path, 'a payload', () => onnxProto.onnx.TensorProto.decode(bytes));
}

/** The same of an attribute: its lists of numbers. */
export function decodeAttributeFields(bytes: Uint8Array, path: string): Onnx.IAttributeProto {
  return decoded(path, 'a list of numbers', () => onnxProto.onnx.AttributeProto.decode(bytes));
}

function decoded<T>(path: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof FxqError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    const message = `${path}: expected ${what}, got damaged protobuf: ${problem}`;
    throw new FxqError('ONNX_MALFORMED', message, { tensor: path, cause });
  }
}

/** The file with the parts of its graph as one field; what they hold merges by standing one after the other. */
function inOnePart(bytes: Uint8Array): Uint8Array {
  const fields = [...readFields(bytes, 0, bytes.length, 'model')];
  const isPart = ({ number, type }: { number: number; type: number }) => number === GRAPH && type === LENGTH_DELIMITED;
  const parts = fields.filter(isPart).map(({ start, end }) => bytes.subarray(start, end));
  if (parts.length < 2) return bytes;
  const others = fields.filter((field) => !isPart(field)).map(({ tag, end }) => bytes.subarray(tag, end));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head = new ByteWriter()
    .varint(GRAPH * 8 + LENGTH_DELIMITED)
    .varint(size)
    .finish();
  return concat([...others, head, ...parts]);
}
