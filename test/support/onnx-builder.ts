/** ONNX messages as bytes, field by field. Numbers are those of onnx.proto; nothing is checked, so tests can be wrong. */
import { bytesField, bytesOf, concat, floatField, packedVarints, textField, varintField } from './protobuf.js';

/** TensorProto.DataType by name, kept apart from the library's own table on purpose. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
} as const;

export type DataTypeName = keyof typeof DATA_TYPE;

export interface TensorFields {
  name?: string;
  dataType: number;
  dims: readonly (number | bigint)[];
  /** Shapes are unpacked in onnx.proto (proto2); readers have to take both. */
  packedDims?: boolean;
  /** The payload's fields: {@link rawData}, {@link floatData}, {@link externalData} … */
  content?: Uint8Array;
  /** Fields to stand before and after all others. */
  before?: Uint8Array;
  after?: Uint8Array;
}

export function tensorProto(fields: TensorFields): Uint8Array {
  const dims = fields.packedDims
    ? bytesField(1, packedVarints(fields.dims))
    : concat(fields.dims.map((dim) => varintField(1, dim)));
  const name = fields.name === undefined ? undefined : textField(8, fields.name);
  return concat(fields.before, dims, varintField(2, fields.dataType), name, fields.content, fields.after);
}

export const rawData = (payload: Uint8Array) => bytesField(9, payload);
export const floatData = (values: readonly number[]) => bytesField(4, bytesOf(Float32Array.from(values)));
export const floatDataUnpacked = (values: readonly number[]) => concat(...values.map((value) => floatField(4, value)));
export const int32Data = (values: readonly number[]) => bytesField(5, packedVarints(values));
export const int64Data = (values: readonly (number | bigint)[]) => bytesField(7, packedVarints(values));
export const stringData = (values: readonly string[]) => concat(...values.map((value) => textField(6, value)));

/** `external_data` entries and `data_location = EXTERNAL`. */
export function externalData(entries: Record<string, string>): Uint8Array {
  const pairs = Object.entries(entries).map(([key, value]) => bytesField(13, keyValue(key, value)));
  return concat(...pairs, varintField(14, 1));
}

/** StringStringEntryProto. */
export function keyValue(key: string, value: string): Uint8Array {
  return concat(textField(1, key), textField(2, value));
}

export function sparseTensorProto(values: Uint8Array, indices: Uint8Array, dims: readonly number[]): Uint8Array {
  return concat(bytesField(1, values), bytesField(2, indices), ...dims.map((dim) => varintField(3, dim)));
}

function attribute(name: string, type: number, content: Uint8Array): Uint8Array {
  return concat(textField(1, name), content, varintField(20, type));
}

export const attrFloat = (name: string, value: number) => attribute(name, 1, floatField(2, value));
export const attrInt = (name: string, value: number) => attribute(name, 2, varintField(3, value));
export const attrTensor = (name: string, tensor: Uint8Array) => attribute(name, 4, bytesField(5, tensor));
export const attrGraph = (name: string, graph: Uint8Array) => attribute(name, 5, bytesField(6, graph));
export const attrFloats = (name: string, values: readonly number[]) =>
  attribute(name, 6, concat(...values.map((value) => floatField(7, value))));
export const attrInts = (name: string, values: readonly number[]) =>
  attribute(name, 7, concat(...values.map((value) => varintField(8, value))));
export const attrFloatsPacked = (name: string, values: readonly number[]) =>
  attribute(name, 6, bytesField(7, bytesOf(Float32Array.from(values))));
export const attrIntsPacked = (name: string, values: readonly number[]) =>
  attribute(name, 7, bytesField(8, packedVarints(values)));
export const attrTensors = (name: string, tensors: readonly Uint8Array[]) =>
  attribute(name, 9, concat(...tensors.map((tensor) => bytesField(10, tensor))));
export const attrSparse = (name: string, sparse: Uint8Array) => attribute(name, 11, bytesField(22, sparse));
export const attrSparses = (name: string, sparses: readonly Uint8Array[]) =>
  attribute(name, 12, concat(...sparses.map((sparse) => bytesField(23, sparse))));

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Uint8Array[] = [],
  options: { domain?: string; name?: string } = {},
): Uint8Array {
  return concat(
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    options.name === undefined ? undefined : textField(3, options.name),
    textField(4, opType),
    ...attributes.map((bytes) => bytesField(5, bytes)),
    options.domain === undefined ? undefined : textField(7, options.domain),
  );
}

/** A Constant node; `attribute` is one of the `attr…` functions' results. */
export const constant = (output: string, attributeBytes: Uint8Array) =>
  node('Constant', [], [output], [attributeBytes]);

/** ValueInfoProto of a tensor; a string among `dims` is a named, free dimension. */
export function valueInfo(name: string, dtype: DataTypeName, dims?: readonly (number | string)[]): Uint8Array {
  const shape = dims?.map((dim) => bytesField(1, typeof dim === 'number' ? varintField(1, dim) : textField(2, dim)));
  const tensorType = concat(varintField(1, DATA_TYPE[dtype]), shape && bytesField(2, concat(...shape)));
  return concat(textField(1, name), bytesField(2, bytesField(1, tensorType)));
}

export interface GraphFields {
  name?: string;
  nodes?: readonly Uint8Array[];
  initializers?: readonly Uint8Array[];
  sparseInitializers?: readonly Uint8Array[];
  inputs?: readonly Uint8Array[];
  outputs?: readonly Uint8Array[];
  valueInfos?: readonly Uint8Array[];
  before?: Uint8Array;
  between?: Uint8Array;
  after?: Uint8Array;
}

export function graphProto(fields: GraphFields): Uint8Array {
  const list = (field: number, messages: readonly Uint8Array[] = []) =>
    concat(messages.map((bytes) => bytesField(field, bytes)));
  return concat(
    fields.before,
    list(1, fields.nodes),
    textField(2, fields.name ?? 'graph'),
    fields.between,
    list(5, fields.initializers),
    list(15, fields.sparseInitializers),
    list(11, fields.inputs),
    list(12, fields.outputs),
    list(13, fields.valueInfos),
    fields.after,
  );
}

export interface FunctionFields {
  domain: string;
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  nodes: readonly Uint8Array[];
  /** Attributes with their default values. */
  attributes?: readonly Uint8Array[];
  /** Further operator domains it calls. */
  domains?: readonly string[];
  opset?: number;
}

export function functionProto(fields: FunctionFields): Uint8Array {
  return concat(
    textField(1, fields.name),
    ...fields.inputs.map((input) => textField(4, input)),
    ...fields.outputs.map((output) => textField(5, output)),
    ...fields.nodes.map((bytes) => bytesField(7, bytes)),
    bytesField(9, opsetId('', fields.opset ?? 17)),
    ...(fields.domains ?? []).map((domain) => bytesField(9, opsetId(domain, 1))),
    textField(10, fields.domain),
    ...(fields.attributes ?? []).map((bytes) => bytesField(11, bytes)),
  );
}

/** OperatorSetIdProto. */
function opsetId(domain: string, version: number): Uint8Array {
  return concat(textField(1, domain), varintField(2, version));
}

export interface ModelFields {
  graph?: GraphFields | Uint8Array;
  functions?: readonly Uint8Array[];
  opset?: number;
  /** Further operator domains the model imports. */
  domains?: readonly string[];
  metadata?: Record<string, string>;
  irVersion?: number;
  before?: Uint8Array;
  between?: Uint8Array;
  after?: Uint8Array;
}

export function modelProto(fields: ModelFields): Uint8Array {
  const graph = fields.graph instanceof Uint8Array ? fields.graph : graphProto(fields.graph ?? {});
  const metadata = Object.entries(fields.metadata ?? {}).map(([key, value]) => bytesField(14, keyValue(key, value)));
  return concat(
    fields.before,
    varintField(1, fields.irVersion ?? 8),
    textField(2, 'fxq-compress tests'),
    fields.between,
    bytesField(7, graph),
    bytesField(8, opsetId('', fields.opset ?? 17)),
    ...(fields.domains ?? []).map((domain) => bytesField(8, opsetId(domain, 1))),
    ...metadata,
    ...(fields.functions ?? []).map((bytes) => bytesField(25, bytes)),
    fields.after,
  );
}
