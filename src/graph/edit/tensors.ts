import onnxProto, { type onnx } from 'onnx-proto';
import { bitsOf, type DType, dataTypeOf, dtypeOf } from '../../binary/dtype.js';
import type { Tensor } from '../../model/model.js';
import type { Message, MessageField } from '../../onnx/message.js';
import { readVarint, VARINT } from '../../onnx/wire.js';
import { tensor as tensorAttribute } from '../attributes.js';
import type { Body, Listing } from './body.js';
import { EditError } from './error.js';
import { GRAPH, TENSOR, TENSOR_VALUES, VALUE_INFO_TYPE } from './fields.js';
import type { EditedNode } from './node.js';
import { insertNode, removeNode } from './nodes.js';

const { TensorProto, ValueInfoProto } = onnxProto.onnx;

/** What a tensor holds. */
export interface TensorContent {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** The elements as `raw_data` has them: little-endian, one after the other, those below a byte packed. Kept, not copied. */
  readonly bytes: Uint8Array;
}

/** A tensor that a graph stores. */
export interface StoredTensor {
  /** The value that it defines. */
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** The model's record of it, through which its payload is read as the stages have left it; none for a new one. */
  readonly record: Tensor | undefined;
}

/** Old files list stored tensors among the inputs of their graph: up to this version of the format they have to. */
const LISTED_UP_TO = 3;

/** The tensor that a value of this graph is: an initializer, or a Constant's. */
export function findTensor(body: Body, name: string): StoredTensor | undefined {
  const field = messageOf(body, name);
  if (!field) return undefined;
  const { message } = field;
  const payload = message.field(TENSOR.rawData) ?? PAYLOADS.flatMap((number) => message.field(number) ?? [])[0];
  const record = payload?.origin && body.context.recordAt(payload.origin);
  return { name, dtype: dtypeOf(message.field(TENSOR.dataType)?.value ?? 0), dims: dimsOf(message), record };
}

/** Payloads of their types. */
const PAYLOADS = [4, 5, 7, 10, 11];

/** Stores a tensor where a graph can have it, under a name like the one that is wanted. */
export function storeTensor(body: Body, wanted: string, content: TensorContent): string {
  requireLength(wanted, content);
  if (body.isFunction) {
    const name = body.names.fresh(wanted);
    const attribute = [tensorAttribute('value', headerOf(content))];
    const node = insertNode(body, { opType: 'Constant', output: [name], attribute });
    node.tensorField('value')?.message.add(TENSOR.rawData, content.bytes);
    return name;
  }
  const isListed = body.context.irVersion() <= LISTED_UP_TO;
  // One more input would change what a branch or a loop's body is called with.
  if (isListed && body.parent) return storeTensor(body.root, wanted, content);
  const name = body.names.fresh(wanted);
  const part = body.parts.findLast((each) => each.field(GRAPH.initializer)) ?? body.parts[0];
  const field = part.add(GRAPH.initializer, TensorProto.encode({ ...headerOf(content), name }).finish());
  field.message.add(TENSOR.rawData, content.bytes);
  if (isListed)
    part.add(GRAPH.input, ValueInfoProto.encode({ name, type: typeOf(content.dtype, content.dims) }).finish());
  return name;
}

/** Puts other elements into a stored tensor, of another type and shape if need be; what is declared of it follows. */
export function replaceTensor(body: Body, name: string, content: TensorContent): void {
  requireLength(name, content);
  const header = TensorProto.encode(headerOf(content)).finish();
  let field = messageOf(body, name);
  const node = field ? undefined : listConstant(body, name);
  if (node) {
    for (const { name: attribute } of node.decode().attribute ?? []) node.removeAttribute(attribute ?? '');
    node.setAttribute(tensorAttribute('value', {}));
    field = node.tensorField('value');
  }
  if (!field) throw new EditError('NOT_FOUND', name, `'${name}': this graph stores no tensor of this name`);
  field.message.overwrite(TENSOR_VALUES, header);
  field.message.add(TENSOR.rawData, content.bytes);
  redeclare(body, name, typeOf(content.dtype, content.dims));
}

/** Takes a stored tensor out of the graph, and what lists it as an input. */
export function dropTensor(body: Body, name: string): void {
  const maker = body.maker(name);
  if (maker?.opType === 'Constant') {
    removeNode(body, maker);
    return;
  }
  const stored = [...body.entriesOf('initializer', name), ...body.entriesOf('sparseInitializer', name)];
  if (stored.length === 0)
    throw new EditError('NOT_FOUND', name, `'${name}': this graph stores no tensor of this name`);
  for (const field of [...stored, ...body.entriesOf('input', name)]) field.remove();
}

/** Declares the type of a value, in the place of what was declared before. */
export function declareValue(body: Body, name: string, dtype: DType, dims?: readonly (number | string)[]): void {
  const type = typeOf(dtype, dims);
  if (redeclare(body, name, type) || body.isFunction) return;
  body.parts[0].add(GRAPH.valueInfo, ValueInfoProto.encode({ name, type }).finish());
}

/** Where a graph says what values are. */
function listingsOf({ isFunction }: Body): Listing[] {
  return isFunction ? ['valueInfo'] : ['input', 'output', 'valueInfo'];
}

/** What a value is declared to be, wherever that is said. */
function declarationsOf(body: Body, name: string): MessageField[] {
  return listingsOf(body).flatMap((listing) => body.entriesOf(listing, name));
}

/** How many axes a value is declared to have; `undefined` where nothing is said of them. */
export function declaredRank(body: Body, name: string): number | undefined {
  for (const entry of declarationsOf(body, name)) {
    const { type } = ValueInfoProto.decode(entry.read());
    if (type?.tensorType?.shape) return type.tensorType.shape.dim?.length ?? 0;
  }
  return undefined;
}

/** The element type that a value is declared to have. */
export function declaredType(body: Body, name: string): DType | undefined {
  for (const entry of declarationsOf(body, name)) {
    const { elemType } = ValueInfoProto.decode(entry.read()).type?.tensorType ?? {};
    if (elemType) return dtypeOf(elemType);
  }
  return undefined;
}

/** Changes the element type of all values that are declared to have another; their shapes stay. */
export function retypeValues(body: Body, from: DType, to: DType, isWanted: (name: string) => boolean): void {
  const names = new Set(listingsOf(body).flatMap((listing) => body.named(listing).map(({ text }) => text)));
  for (const entry of [...names].filter(isWanted).flatMap((name) => declarationsOf(body, name))) {
    const { type } = ValueInfoProto.decode(entry.read());
    if (type?.tensorType?.elemType !== dataTypeOf(from)) continue;
    const retyped = { ...type, tensorType: { ...type.tensorType, elemType: dataTypeOf(to) } };
    entry.message.overwrite(VALUE_INFO_TYPE, ValueInfoProto.encode({ type: retyped }).finish());
  }
}

/** Changes the type of a value wherever one is declared. */
function redeclare(body: Body, name: string, type: onnx.ITypeProto): boolean {
  const declared = declarationsOf(body, name);
  const bytes = ValueInfoProto.encode({ type }).finish();
  for (const { message } of declared) message.overwrite(VALUE_INFO_TYPE, bytes);
  return declared.length > 0;
}

/** The message of a stored tensor. */
function messageOf(body: Body, name: string): MessageField | undefined {
  const [initializer] = body.isFunction ? [] : body.entriesOf('initializer', name);
  if (initializer) return initializer;
  const maker = body.maker(name);
  return maker?.opType === 'Constant' && maker.domain === '' ? maker.tensorField('value') : undefined;
}

/** A Constant that holds a number or a list of numbers in place of a tensor. */
function listConstant(body: Body, name: string): EditedNode | undefined {
  const maker = body.maker(name);
  return maker?.opType === 'Constant' && maker.domain === '' ? maker : undefined;
}

/** The shape, whose numbers stand in a field each or, packed, in one. */
function dimsOf(message: Message): number[] {
  return message.fields(TENSOR.dims).flatMap((field) => {
    if (field.type === VARINT) return field.value;
    const bytes = field.read();
    const cursor = { bytes, at: 0 };
    const dims: number[] = [];
    while (cursor.at < bytes.length) dims.push(readVarint(cursor, bytes.length, field.path));
    return dims;
  });
}

function headerOf({ dtype, dims }: Pick<TensorContent, 'dtype' | 'dims'>): onnx.ITensorProto {
  return { dims: [...dims], dataType: dataTypeOf(dtype) };
}

function typeOf(dtype: DType, dims?: readonly (number | string)[]): onnx.ITypeProto {
  const dim = dims?.map((each) => (typeof each === 'number' ? { dimValue: each } : { dimParam: each }));
  return { tensorType: { elemType: dataTypeOf(dtype), ...(dim && { shape: { dim } }) } };
}

function requireLength(name: string, { dtype, dims, bytes }: TensorContent): void {
  const bits = bitsOf(dtype);
  if (bits === undefined) throw new TypeError(`${name}: expected a type of plain numbers, got ${dtype}`);
  const needed = Math.ceil((dims.reduce((product, dim) => product * dim, 1) * bits) / 8);
  if (bytes.length === needed) return;
  throw new RangeError(`${name}: [${dims.join('×')}] ${dtype} needs ${needed} bytes, got ${bytes.length}`);
}
