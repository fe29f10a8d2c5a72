import onnxProto from 'onnx-proto';
import { expect } from 'vitest';
import type { Model, Tensor } from '../../src/model/model.js';
import { readWeights } from '../../src/model/weights.js';
import { openOnnx } from '../../src/onnx/open.js';
import { writeOnnx } from '../../src/onnx/write.js';
import { readBytes } from '../support/container.js';
import { network } from '../support/models/model.js';
import { node } from '../support/onnx-builder.js';
import { concat } from '../support/protobuf.js';
import { floats } from '../support/tensors.js';

export const LENET = readBytes(new URL('../../models/lenet-300-100.onnx', import.meta.url).pathname);

/** The weights of its three layers, and how many each has. */
export const LENET_WEIGHTS = { 'fc1.weight': 784 * 300, 'fc2.weight': 300 * 100, 'fc3.weight': 100 * 10 };

/** A model of MatMuls side by side, whose weights `A`, `B` … are these rows. */
export function layers(...rows: (readonly number[] | Float32Array)[]): Model {
  const tensors = rows.map((row, i) => floats(String.fromCharCode(65 + i), [1, row.length], Float32Array.from(row)));
  const nodes = tensors.map(({ name }, i) => node('MatMul', ['X', name], [i === 0 ? 'Y' : `Y${i}`]));
  return openOnnx(network('layers', ['batch', 1], nodes, [], tensors).bytes);
}

export function tensorNamed(model: Model, name: string): Tensor {
  const tensor = model.tensors.find((each) => each.name === name);
  if (tensor === undefined) throw new Error(`no tensor is named ${name}`);
  return tensor;
}

export const weightsOf = (model: Model, name: string): Float32Array => readWeights(tensorNamed(model, name));

/** Every file of a model as it would be written. */
export function written(model: Model): Uint8Array[] {
  const files: Uint8Array[][] = model.files.map(() => []);
  for (const { file, bytes } of writeOnnx(model)) files[file].push(bytes.slice());
  return files.map((pieces) => concat(pieces));
}

/** The metadata entries that another reader of ONNX finds, in order. */
export function metadataOf(file: Uint8Array): [key: string, value: string][] {
  const { metadataProps } = onnxProto.onnx.ModelProto.decode(file);
  return metadataProps.map(({ key, value }) => [key ?? '', value ?? '']);
}

/**
 * Checks what every lossy stage promises of its output: files of the same length but for the record at the end, and
 * not a byte changed outside the windows of the tensors that may change.
 */
export function expectOnlyWindowsChange(before: Model, after: Model, mayChange: (tensor: Tensor) => boolean): void {
  for (const [file, bytes] of written(after).entries()) {
    const { size } = before.files[file];
    expect(bytes.length).toBe(size + (file === 0 ? after.appendix.length : 0));
    const masked = bytes.slice(0, size);
    const original = before.files[file].read(0, size).slice();
    for (const tensor of before.tensors) {
      if (tensor.file !== file || !mayChange(tensor)) continue;
      masked.fill(0, tensor.offset, tensor.offset + tensor.length);
      original.fill(0, tensor.offset, tensor.offset + tensor.length);
    }
    expect(Buffer.compare(masked, original), before.files[file].name).toBe(0);
  }
}

export const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
