// The two nets of the Deep Compression paper, as small clean ONNX files: one list of layers, one weight and bias each.
import onnxProto from 'onnx-proto';
import { createRandom, normal } from '../../build/random.js';
import { CLASSES, SIDE } from './mnist.js';

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
const FLOAT = TensorProto.DataType.FLOAT;

const gemm = (name, rows, columns) => ({ op: 'Gemm', name, dims: [rows, columns], attributes: { transB: 1 } });
const conv = (name, ...dims) => ({ op: 'Conv', name, dims, attributes: { kernel_shape: dims.slice(2) } });
const pool = (name) => ({ op: 'MaxPool', name, attributes: { kernel_shape: [2, 2], strides: [2, 2] } });
const relu = (name) => ({ op: 'Relu', name, attributes: {} });
const flatten = { op: 'Flatten', name: 'flatten', attributes: { axis: 1 } };

/** Layers by model name; `dims` are the weight's: [out, in] or [out, in, height, width]. */
export const ARCHITECTURES = {
  // 266 610 parameters.
  'lenet-300-100': [
    flatten,
    gemm('fc1', 300, 784),
    relu('relu1'),
    gemm('fc2', 100, 300),
    relu('relu2'),
    gemm('fc3', CLASSES, 100),
  ],
  // 431 080 parameters; Caffe's variant, whose only ReLU stands after the first fully connected layer.
  'lenet-5': [
    conv('conv1', 20, 1, 5, 5),
    pool('pool1'),
    conv('conv2', 50, 20, 5, 5),
    pool('pool2'),
    flatten,
    gemm('fc1', 500, 800),
    relu('relu1'),
    gemm('fc2', CLASSES, 500),
  ],
};

/**
 * Parameters as He et al. start them: normal, variance 2 / fan-in; biases zero.
 *
 * @param {string} model a key of ARCHITECTURES
 * @param {number} seed
 * @returns {Map<string, { dims: number[], data: Float32Array }>}
 */
export function initialParameters(model, seed) {
  const random = createRandom(seed);
  const parameters = new Map();
  for (const { name, dims } of ARCHITECTURES[model]) {
    if (!dims) continue;
    const fanIn = dims.slice(1).reduce((a, b) => a * b);
    const deviation = Math.sqrt(2 / fanIn);
    const data = Float32Array.from({ length: dims[0] * fanIn }, () => deviation * normal(random));
    parameters.set(`${name}.weight`, { dims, data });
    parameters.set(`${name}.bias`, { dims: [dims[0]], data: new Float32Array(dims[0]) });
  }
  return parameters;
}

/** Writes the inference model: `input` [N, 1, 28, 28], pixels from 0 to 1, to `logits` [N, 10]. */
export function writeModel(model, parameters) {
  const layers = ARCHITECTURES[model];
  const node = layers.map(({ op, name, dims, attributes }, i) => ({
    opType: op,
    name,
    input: [i === 0 ? 'input' : `${layers[i - 1].name}_out`, ...(dims ? [`${name}.weight`, `${name}.bias`] : [])],
    output: [i === layers.length - 1 ? 'logits' : `${name}_out`],
    attribute: Object.entries(attributes).map(attribute),
  }));
  const initializer = [...parameters].map(([name, { dims, data }]) => {
    return { name, dims, dataType: FLOAT, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  });
  return ModelProto.encode({
    irVersion: 8,
    producerName: 'fxq-compress',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: model,
      node,
      initializer,
      input: [value('input', ['N', 1, SIDE, SIDE])],
      output: [value('logits', ['N', CLASSES])],
    },
  }).finish();
}

function attribute([name, setting]) {
  if (Array.isArray(setting)) return { name, type: AttributeProto.AttributeType.INTS, ints: setting };
  return { name, type: AttributeProto.AttributeType.INT, i: setting };
}

function value(name, dims) {
  const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
