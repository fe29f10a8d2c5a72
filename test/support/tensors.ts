/** Tensors for test models: the message, and what a reader should find in it. */

import type { DType } from '../../src/binary/dtype.js';
import type { Role } from '../../src/model/model.js';
import type { PayloadForm } from '../../src/model/structure.js';
import {
  attrTensor,
  constant,
  DATA_TYPE,
  type DataTypeName,
  externalData,
  type TensorFields,
  tensorProto,
} from './onnx-builder.js';
import { bytesField, bytesOf, packedVarints } from './protobuf.js';
import { Random } from './random.js';

export interface TestTensor {
  name: string;
  dtype: DType;
  dims: readonly number[];
  form: PayloadForm;
  /** The bytes of the window: raw, packed fixed-width or packed varints, as they stand in the file. */
  payload: Uint8Array;
  /** The external file's location, when the payload is not in the model file. */
  location?: string;
  /** The TensorProto. */
  proto: Uint8Array;
}

/** What a test demands of one tensor of an opened model. A field that is left out is not checked. */
export interface ExpectedTensor {
  name?: string;
  /** Another tensor of the model has the same name: `name` need only be a part of the unique one. */
  clash?: boolean;
  dtype: DType;
  dims: readonly number[];
  form: PayloadForm;
  payload: Uint8Array;
  location?: string;
  role?: Role;
  op?: string;
  /** A reader may list it or leave it in the skeleton. */
  optional?: boolean;
}

type TensorExtras = Pick<TensorFields, 'packedDims' | 'before' | 'after'>;

/** A tensor from any of the typed payload fields: 4 float, 5 int32, 7 int64, 9 raw, 10 double, 11 uint64. */
export function typed(
  name: string,
  dtype: DataTypeName,
  dims: readonly number[],
  field: 4 | 5 | 7 | 9 | 10 | 11,
  payload: Uint8Array,
  extras: TensorExtras = {},
): TestTensor {
  const form = field === 9 ? 'raw' : field === 4 || field === 10 ? 'fixed' : 'varint';
  const content = bytesField(field, payload);
  const proto = tensorProto({ ...extras, name, dataType: DATA_TYPE[dtype], dims, content });
  return { name, dtype, dims, form, payload, proto };
}

/** A tensor with `raw_data`. */
export function raw(
  name: string,
  dtype: DataTypeName,
  dims: readonly number[],
  payload: Uint8Array,
  extras: TensorExtras = {},
): TestTensor {
  return typed(name, dtype, dims, 9, payload, extras);
}

/** A float32 tensor with `raw_data`; the values are given, or seeded by the name. */
export function floats(
  name: string,
  dims: readonly number[],
  values?: Float32Array,
  extras: TensorExtras = {},
): TestTensor {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return raw(name, 'float32', dims, bytesOf(values ?? new Random(seedOf(name)).floats(count)), extras);
}

export function int64s(name: string, values: readonly number[], dims: readonly number[] = [values.length]): TestTensor {
  return raw(name, 'int64', dims, bytesOf(BigInt64Array.from(values, BigInt)));
}

/** A tensor with packed varints: int32_data (5), int64_data (7) or uint64_data (11). */
export function varints(
  name: string,
  dtype: DataTypeName,
  dims: readonly number[],
  field: 5 | 7 | 11,
  values: Iterable<number | bigint>,
): TestTensor {
  return typed(name, dtype, dims, field, packedVarints(values));
}

/** A float32 tensor whose payload stands in another file; `entries` beside the location are given as strings. */
export function externalFloats(
  name: string,
  dims: readonly number[],
  location: string,
  payload: Uint8Array,
  entries: Record<string, string> = {},
): TestTensor {
  const content = externalData({ location, ...entries });
  const proto = tensorProto({ name, dataType: DATA_TYPE.float32, dims, content });
  return { name, dtype: 'float32', dims, form: 'raw', payload, location, proto };
}

/** The Constant node that yields this tensor; the message's own name is that of the output. */
export function constantOf(tensor: TestTensor): Uint8Array {
  return constant(tensor.name, attrTensor('value', tensor.proto));
}

type Demands = Pick<ExpectedTensor, 'name' | 'clash' | 'optional'> & { anyName?: boolean };

export function expected(tensor: TestTensor, role?: Role, op?: string, demands: Demands = {}): ExpectedTensor {
  const { proto: _, name, ...seen } = tensor;
  const { anyName, ...rest } = demands;
  return { ...seen, ...(anyName ? {} : { name }), ...(role && { role }), ...(op && { op }), ...rest };
}

export const weight = (tensor: TestTensor, op: string, demands?: Demands) => expected(tensor, 'weight', op, demands);
export const bias = (tensor: TestTensor, demands?: Demands) => expected(tensor, 'bias', undefined, demands);
export const norm = (tensor: TestTensor, op: string) => expected(tensor, 'normalisation', op);
export const other = (tensor: TestTensor, demands?: Demands) => expected(tensor, 'other', undefined, demands);

/** FNV-1a, so that tensors of different names hold different weights. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return hash;
}
