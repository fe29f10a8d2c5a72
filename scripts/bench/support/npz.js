// Writes NumPy's .npz, for data that scripts make.
import { zipSync } from 'fflate';

/** NumPy's names of types, by the names of array classes. */
const TYPES = { BigInt64Array: '<i8', Int32Array: '<i4', Float32Array: '<f4' };

/**
 * @param {Record<string, { data: BigInt64Array | Int32Array | Float32Array, dims: readonly number[] }>} arrays
 */
export function npz(arrays) {
  const files = Object.entries(arrays).map(([name, { data, dims }]) => [`${name}.npy`, npy(data, dims)]);
  return zipSync(Object.fromEntries(files));
}

/** Version 1.0: magic, length of the header, header padded to a multiple of 64, data in the order of C. */
function npy(data, dims) {
  const type = TYPES[data.constructor.name];
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11);
  const head = new Uint8Array([0x93, ...Buffer.from('NUMPY'), 1, 0, 0, 0, ...Buffer.from(`${padded}\n`)]);
  new DataView(head.buffer).setUint16(8, padded.length + 1, true);
  const bytes = new Uint8Array(head.length + data.byteLength);
  bytes.set(head);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), head.length);
  return bytes;
}
