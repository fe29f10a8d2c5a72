// Nets of well-known shapes with random weights, for benchmarks of size, time and memory.
import onnxProto from 'onnx-proto';
import { normal, random } from '../train/random.js';

const { ModelProto, TensorProto } = onnxProto.onnx;

/** Pixels of a side of {@link resnet50}'s input. */
export const SIDE = 224;

const ints = (name, values) => ({ name, type: 7, ints: values });

/**
 * An ONNX file of ResNet-50's shapes (He et al. 2016, table 1; 25.5 million weights), all weights random.
 *
 * @param spread - by how much output and input channels differ: deviation of the logarithm of their scales. Those of
 *   trained nets do (about .3 to .5 in torchvision's); 0 is the same scale for all of a layer
 */
export function resnet50({ spread = 0, seed = 1 } = {}) {
  const uniform = random(seed);
  const initializer = [];
  const nodes = [];
  const emit = (opType, input, attribute = []) => {
    const output = `v${nodes.length}`;
    nodes.push({ opType, name: output, input, output: [output], attribute });
    return output;
  };

  const scales = (count) =>
    Float64Array.from({ length: count }, () => (spread ? Math.exp(spread * normal(uniform)) : 1));

  function tensor(dims, scale) {
    const name = `w${initializer.length}`;
    const [rows, columns = 1, ...rest] = dims;
    const inner = rest.reduce((a, b) => a * b, 1);
    const [ofRow, ofColumn] = dims.length > 1 ? [scales(rows), scales(columns)] : [scales(0), scales(0)];
    const values = Float32Array.from({ length: rows * columns * inner }, (_, i) => {
      const column = Math.floor(i / inner) % columns;
      const row = Math.floor(i / (inner * columns));
      return scale * (ofRow[row] ?? 1) * (ofColumn[column] ?? 1) * normal(uniform);
    });
    initializer.push({ name, dims, dataType: TensorProto.DataType.FLOAT, rawData: new Uint8Array(values.buffer) });
    return name;
  }

  function conv(x, from, to, side, stride, gain = 1) {
    const weights = tensor([to, from, side, side], gain * Math.sqrt(2 / (from * side * side)));
    const pad = side >> 1;
    const attributes = [
      ints('kernel_shape', [side, side]),
      ints('strides', [stride, stride]),
      ints('pads', Array(4).fill(pad)),
    ];
    return emit('Conv', [x, weights, tensor([to], 0.1)], attributes);
  }

  function bottleneck(x, from, width, stride) {
    const first = emit('Relu', [conv(x, from, width, 1, 1)]);
    const second = emit('Relu', [conv(first, width, width, 3, stride)]);
    const third = conv(second, width, 4 * width, 1, 1, 0.3);
    const shortcut = from === 4 * width && stride === 1 ? x : conv(x, from, 4 * width, 1, stride);
    return emit('Relu', [emit('Add', [third, shortcut])]);
  }

  let x = emit('Relu', [conv('x', 3, 64, 7, 2)]);
  x = emit('MaxPool', [x], [ints('kernel_shape', [3, 3]), ints('strides', [2, 2]), ints('pads', [1, 1, 1, 1])]);
  let from = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      x = bottleneck(x, from, width, stage > 0 && block === 0 ? 2 : 1);
      from = 4 * width;
    }
  }
  x = emit('Flatten', [emit('GlobalAveragePool', [x])]);
  nodes.push({ opType: 'Gemm', input: [x, tensor([2048, 1000], 0.02), tensor([1000], 0.1)], output: ['y'] });
  const dim = ['n', 3, SIDE, SIDE].map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  const value = (name, shape) => ({
    name,
    type: { tensorType: { elemType: 1, ...(shape && { shape: { dim: shape } }) } },
  });
  const graph = { name: 'resnet50', node: nodes, initializer, input: [value('x', dim)], output: [value('y')] };
  return ModelProto.encode({ irVersion: 8, graph, opsetImport: [{ domain: '', version: 17 }] }).finish();
}
