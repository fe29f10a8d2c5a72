/** Files that are not ONNX, or are and mean divergence. A reader refuses each with a named error. */
import { bombs } from './hostile/bombs.js';
import { externalLocations, externalRanges } from './hostile/external.js';
import { type HostileModel, inTensor, malformed } from './hostile/model.js';
import { modelProto, node, tensorProto } from './onnx-builder.js';
import { bytesField, concat, groupField, lyingField, tag, utf8, varint, varintField, WIRE } from './protobuf.js';
import { Random } from './random.js';

export type { HostileModel } from './hostile/model.js';

export function hostileModels(): HostileModel[] {
  return [...notOnnx(), ...brokenWire(), ...absurdShapes(), ...bombs(), ...externalLocations(), ...externalRanges()];
}

/** Every proper prefix of a file. Cut between two fields it may still be a model; nowhere else. */
export function* truncations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
}

/** A file with each byte in turn replaced by another. */
export function* damaged(bytes: Uint8Array, seed = 1): Generator<Uint8Array> {
  const random = new Random(seed);
  for (let at = 0; at < bytes.length; at++) {
    const copy = bytes.slice();
    copy[at] ^= 1 + random.below(255);
    yield copy;
  }
}

function notOnnx(): HostileModel[] {
  const random = new Random(21);
  const noGraph = concat(varintField(1, 8), bytesField(8, varintField(2, 17)));
  return [
    malformed('empty file', new Uint8Array(0)),
    malformed('text', utf8('The quick brown fox jumps over the lazy dog.\n'.repeat(20))),
    malformed('HTML', utf8('<!DOCTYPE html><html><body>404 Not Found</body></html>')),
    malformed('JSON', utf8('{"model": "not here"}')),
    malformed('Git LFS pointer', utf8('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4745517\n')),
    malformed('PNG', concat(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13), utf8('IHDR'))),
    malformed('zip', concat(utf8('PK'), Uint8Array.of(3, 4, 20, 0, 0, 0, 8, 0), random.bytes(200))),
    malformed('gzip', concat(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3), random.bytes(200))),
    malformed('zeros', new Uint8Array(1000)),
    malformed('all ones', new Uint8Array(1000).fill(0xff)),
    ...Array.from({ length: 20 }, (_, i) => malformed(`random bytes ${i}`, random.bytes(10 + i * 50))),
    malformed('protobuf without a graph', noGraph),
  ];
}

function brokenWire(): HostileModel[] {
  const lie = (length: number | bigint) => lyingField(7, length, new Uint8Array(10));
  const places: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['model', (bytes) => modelProto({ after: bytes })],
    ['graph', (bytes) => modelProto({ graph: { after: bytes } })],
    ['node', (bytes) => modelProto({ graph: { nodes: [concat(node('Relu', ['X'], ['Y']), bytes)] } })],
    ['tensor', (bytes) => inTensor(tensorProto({ name: 't', dataType: 1, dims: [0], after: bytes }))],
  ];
  const faults: [string, Uint8Array, Partial<HostileModel>?][] = [
    ['varint of more than 64 bits', concat(tag(200, 0), new Uint8Array(10).fill(0xff), Uint8Array.of(1))],
    ['varint that never ends', concat(tag(200, 0), new Uint8Array(40).fill(0x80))],
    ['field number 0', Uint8Array.of(0, 1)],
    ['field number above 2^29', concat(varint(2n ** 35n), Uint8Array.of(1))],
    ['wire type 6', concat(tag(200, 6), Uint8Array.of(1))],
    ['wire type 7', concat(tag(200, 7), Uint8Array.of(1))],
    ['end of a group that is not open', tag(200, WIRE.endGroup)],
    ['group that is not closed', concat(tag(200, WIRE.startGroup), varintField(1, 1))],
    ['group closed by another field', groupField(200, varintField(1, 1), 201)],
    ['fixed32 cut short', concat(tag(200, WIRE.fixed32), Uint8Array.of(1, 2))],
    ['fixed64 cut short', concat(tag(200, WIRE.fixed64), Uint8Array.of(1, 2, 3, 4, 5))],
    ['length one too large', lyingField(200, 4, new Uint8Array(3))],
    ['length 2^63', lyingField(200, 2n ** 63n, new Uint8Array(3))],
    ['length 2^64 - 1', lyingField(200, 2n ** 64n - 1n, new Uint8Array(3))],
    ['length 2^32', lyingField(200, 2n ** 32n, new Uint8Array(3))],
  ];
  return [
    ...[11, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 10, 2n ** 53n, 2n ** 63n, 2n ** 64n - 10n].map((length) =>
      malformed(`graph of ${length} bytes in 10`, lie(length)),
    ),
    ...places.flatMap(([place, wrap]) =>
      faults.map(([fault, bytes]) => malformed(`${fault}, in ${place}`, wrap(bytes))),
    ),
    malformed('graph as a varint', concat(varintField(1, 8), varintField(7, 1))),
    malformed('initializer as a varint', modelProto({ graph: { after: varintField(5, 1) } })),
    malformed(
      'length padded to ten bytes',
      concat(tag(7, 2), varint(0, 10), bytesField(8, varintField(2, 17))),
      { mayOpen: true }, // legal by the letter; the usual readers refuse more than five
    ),
  ];
}

function absurdShapes(): HostileModel[] {
  const payload = new Random(22).bytes(64);
  const shaped = (dims: (number | bigint)[], field = 9) =>
    inTensor(tensorProto({ name: 'absurd', dataType: 1, dims, content: bytesField(field, payload) }));
  const limit = { orCode: 'LIMIT' } as const;
  return [
    malformed('dimension 2^62', shaped([2n ** 62n]), limit),
    malformed('dimension 2^63 - 1', shaped([2n ** 63n - 1n]), limit),
    malformed('negative dimension', shaped([-16]), limit),
    malformed('two negative dimensions', shaped([-4, -4]), limit),
    malformed('product that is 16 modulo 2^64', shaped([2n ** 32n, 2n ** 32n, 16]), limit),
    malformed('product that is 16 modulo 2^32', shaped([2 ** 16 + 1, 2 ** 16 - 1, 17]), limit),
    malformed('product of a thousand dimensions', shaped(Array.from({ length: 1000 }, () => 2)), limit),
    malformed('a million dimensions', shaped(Array.from({ length: 1_000_000 }, () => 1)), limit),
    malformed('shape smaller than its payload', shaped([15])),
    malformed('shape larger than its payload', shaped([17])),
    malformed('scalar with the payload of sixteen', shaped([])),
    malformed('no elements but a payload', shaped([0, 4])),
    malformed('zero hides a huge dimension', shaped([0, 2n ** 62n]), limit),
    malformed('float_data larger than its shape', shaped([15], 4)),
    malformed('float_data of half a float', inTensor(withContent([2], bytesField(4, payload.subarray(0, 7))))),
    malformed('int64_data of too few elements', inTensor(withContent([3], bytesField(7, Uint8Array.of(1, 2)), 7))),
    malformed(
      'int64_data of too many elements',
      inTensor(withContent([3], bytesField(7, Uint8Array.of(1, 2, 3, 4)), 7)),
    ),
    malformed(
      'int64_data that ends within a varint',
      inTensor(withContent([3], bytesField(7, Uint8Array.of(1, 2, 0x83)), 7)),
    ),
    malformed(
      'int64_data with a varint of 12 bytes',
      inTensor(withContent([1], bytesField(7, varint(1, 12)), 7)),
      { mayOpen: true }, // as bytes to be kept it does no divergence
    ),
  ];
}

const withContent = (dims: number[], content: Uint8Array, dataType = 1) =>
  tensorProto({ name: 'absurd', dataType, dims, content });
