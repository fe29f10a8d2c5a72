// The same net in another type: what exporters and quantisers make of a float32 model, for benchmarks and tests of
// coding unclustered weights. Weights change their type, the arithmetic around them does not: a Cast or DequantizeLinear
// behind each gives float32 again, so that ONNX Runtime runs the model as it ran the first.
import onnxProto from 'onnx-proto';
import { toBfloat16, toHalf } from '../../../build/binary/half.js';

const { AttributeProto, ModelProto, NodeProto, TensorProto } = onnxProto.onnx;
const { FLOAT, FLOAT16, BFLOAT16, INT8 } = TensorProto.DataType;

/** Tensors of fewer elements stay as they are, as quantisers leave them. */
const MIN_ELEMENTS = 64;

/** DequantizeLinear has an axis from here on; before, a Cast and a Mul do the same. */
const PER_CHANNEL_OPSET = 13;

/** The model with float16 weights. */
export const toFloat16 = (bytes) => retype(bytes, halves(FLOAT16, toHalf));

/** The model with bfloat16 weights; Cast, and so ONNX Runtime, takes these from opset 13 on. */
export const toBfloat16Model = (bytes) => retype(bytes, halves(BFLOAT16, toBfloat16));

/** The model with int8 weights, symmetric, with a scale for each output channel; what has but one dimension stays. */
export const toInt8 = (bytes) => retype(bytes, quantized);

/**
 * @param bytes - a float32 model
 * @param change - gives the nodes that make `name`, a float32 tensor of `dims`, from other tensors; nothing to leave it
 * @returns the bytes of the model with all that was changed
 */
function retype(bytes, change) {
  const model = ModelProto.decode(bytes);
  const opset = Number(model.opsetImport.find(({ domain }) => !domain).version);
  for (const graph of graphsOf(model.graph)) {
    const replace = (tensor, name) => {
      const dims = tensor.dims.map(Number);
      const count = dims.reduce((product, dim) => product * dim, 1);
      if (tensor.dataType !== FLOAT || count < MIN_ELEMENTS || tensor.dataLocation === 1) return undefined;
      return change(name, floatsOf(tensor), dims, axisOf(graph, name, dims), opset);
    };
    const front = [];
    graph.initializer = graph.initializer.flatMap((tensor) => {
      const made = replace(tensor, tensor.name);
      if (!made) return [tensor];
      graph.input = graph.input.filter(({ name }) => name !== tensor.name);
      front.push(...made.nodes);
      return made.tensors;
    });
    graph.node = graph.node.flatMap((node) => {
      const value = node.attribute.find(({ name }) => name === 'value')?.t;
      const made = node.opType === 'Constant' && value ? replace(value, node.output[0]) : undefined;
      return made ? [...made.tensors.map(constant), ...made.nodes] : [node];
    });
    graph.node.unshift(...front);
  }
  return new Uint8Array(ModelProto.encode(model).finish());
}

function halves(dataType, convert) {
  return (name, floats, dims) => ({
    tensors: [tensorOf(`${name}_half`, dataType, dims, Uint16Array.from(floats, convert))],
    nodes: [node('Cast', [`${name}_half`], name, [{ name: 'to', type: AttributeProto.AttributeType.INT, i: FLOAT }])],
  });
}

function quantized(name, floats, dims, axis, opset) {
  if (dims.length < 2) return undefined;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const channel = (i) => Math.floor(i / inner) % dims[axis];
  const scales = new Float32Array(dims[axis]);
  for (const [i, value] of floats.entries()) scales[channel(i)] = Math.max(scales[channel(i)], Math.abs(value) / 127);
  const integers = Int8Array.from(floats, (value, i) => Math.round(value / (scales[channel(i)] || 1)));
  const [q, scale, zero, float] = ['quantized', 'scale', 'zero_point', 'float'].map((part) => `${name}_${part}`);
  const weights = tensorOf(q, INT8, dims, integers);
  if (opset < PER_CHANNEL_OPSET) {
    const shape = dims.map((dim, i) => (i === axis ? dim : 1));
    return {
      tensors: [weights, tensorOf(scale, FLOAT, shape, scales)],
      nodes: [
        node('Cast', [q], float, [{ name: 'to', type: AttributeProto.AttributeType.INT, i: FLOAT }]),
        node('Mul', [float, scale], name),
      ],
    };
  }
  const zeros = tensorOf(zero, INT8, [dims[axis]], new Int8Array(dims[axis]));
  return {
    tensors: [weights, tensorOf(scale, FLOAT, [dims[axis]], scales), zeros],
    nodes: [
      node('DequantizeLinear', [q, scale, zero], name, [
        { name: 'axis', type: AttributeProto.AttributeType.INT, i: axis },
      ]),
    ],
  };
}

/** The dimension of output channels, by the first node that takes the tensor. */
function axisOf(graph, name, dims) {
  const { opType, attribute } = graph.node.find(({ input }) => input.includes(name)) ?? { attribute: [] };
  if (opType === 'MatMul') return dims.length - 1;
  if (opType === 'Gemm') return Number(attribute.find((a) => a.name === 'transB')?.i ?? 0) ? 0 : 1;
  return ['ConvTranspose', 'LSTM', 'GRU', 'RNN'].includes(opType) ? 1 : 0;
}

/** A graph and all that are inside of its nodes. */
function* graphsOf(graph) {
  yield graph;
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) for (const inner of [...(g ? [g] : []), ...graphs]) yield* graphsOf(inner);
  }
}

function floatsOf({ rawData, floatData }) {
  return rawData?.length ? new Float32Array(new Uint8Array(rawData).buffer) : Float32Array.from(floatData);
}

function tensorOf(name, dataType, dims, { buffer }) {
  return TensorProto.create({ name, dataType, dims, rawData: new Uint8Array(buffer) });
}

function constant(tensor) {
  return node('Constant', [], tensor.name, [{ name: 'value', type: AttributeProto.AttributeType.TENSOR, t: tensor }]);
}

function node(opType, input, output, attribute = []) {
  return NodeProto.create({
    opType,
    input,
    output: [output],
    attribute: attribute.map((a) => AttributeProto.create(a)),
  });
}
