// Builds ONNX graphs with random weights: nets of well-known shapes, for benchmarks of size, time and memory.
import onnxProto from 'onnx-proto';
import { createRandom, normal } from '../../../../build/random.js';

const { ModelProto, TensorProto } = onnxProto.onnx;
const { FLOAT, INT64 } = TensorProto.DataType;

export const int = (name, value) => ({ name, type: 2, i: value });
export const ints = (name, values) => ({ name, type: 7, ints: values });

/** @param dims - numbers, or names of free dimensions; nothing for any shape */
export function value(name, dims, elemType = FLOAT) {
  const dim = dims?.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  return { name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } };
}

/**
 * @param spread - by how much rows and columns of a matrix (output and input channels) differ: deviation of the logarithm
 *   of their scales. Those of trained nets do, by about .3 to .5; 0 is the same scale for all of a layer
 */
export function netBuilder({ spread = 0, seed = 1 } = {}) {
  const random = createRandom(seed);
  const initializer = [];
  const node = [];
  const scales = (count) =>
    Float64Array.from({ length: count }, () => (spread ? Math.exp(spread * normal(random)) : 1));
  return {
    /** Adds a node; gives the name of its output. */
    emit(opType, input, attribute = [], output = `v${node.length}`) {
      node.push({ opType, name: output, input, output: [output], attribute });
      return output;
    },
    /** Adds a tensor of normal values with this deviation, about a mean; gives its name. */
    weights(dims, deviation, mean = 0) {
      const name = `w${initializer.length}`;
      const [rows, columns = 1, ...rest] = dims;
      const inner = rest.reduce((a, b) => a * b, 1);
      const [ofRow, ofColumn] = dims.length > 1 ? [scales(rows), scales(columns)] : [[], []];
      const values = new Float32Array(rows * columns * inner);
      for (let i = 0; i < values.length; i++) {
        const column = Math.floor(i / inner) % columns;
        const row = Math.floor(i / (inner * columns));
        values[i] = mean + deviation * (ofRow[row] ?? 1) * (ofColumn[column] ?? 1) * normal(random);
      }
      initializer.push({ name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer) });
      return name;
    },
    /** Adds a vector of ones; gives its name. */
    ones(count) {
      const name = `o${initializer.length}`;
      const rawData = new Uint8Array(new Float32Array(count).fill(1).buffer);
      initializer.push({ name, dims: [count], dataType: FLOAT, rawData });
      return name;
    },
    /** Adds a vector of integers; gives its name. */
    shape(values) {
      const name = `s${initializer.length}`;
      initializer.push({
        name,
        dims: [values.length],
        dataType: INT64,
        rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
      });
      return name;
    },
    /** Adds a single integer; gives its name. */
    scalar(number) {
      const name = `s${initializer.length}`;
      const rawData = new Uint8Array(BigInt64Array.of(BigInt(number)).buffer);
      initializer.push({ name, dims: [], dataType: INT64, rawData });
      return name;
    },
    /** Adds a single number; gives its name. */
    constant(number) {
      const name = `c${initializer.length}`;
      initializer.push({ name, dims: [], dataType: FLOAT, rawData: new Uint8Array(Float32Array.of(number).buffer) });
      return name;
    },
    /** The bytes of the file: the same for the same calls. */
    finish(name, input, output) {
      const graph = { name, node, initializer, input, output };
      const bytes = ModelProto.encode({ irVersion: 8, graph, opsetImport: [{ domain: '', version: 17 }] }).finish();
      // What it was made from is not to be counted.
      initializer.length = 0;
      node.length = 0;
      return bytes;
    },
  };
}
