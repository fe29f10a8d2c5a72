// nnabla's ResNet-23 for CIFAR-10, untrained: a stem of 64 channels, seven bottlenecks with three of them pooled behind, BatchNormalization
// behind every convolution; about 97,000 parameters.
import onnxProto from 'onnx-proto';
import { int, ints } from '../../build/graph/attributes.js';
import { floatValue } from '../../build/graph/open-model.js';
import { createRandom, normal } from '../../build/random.js';

const { ModelProto, TensorProto } = onnxProto.onnx;
const FLOAT = TensorProto.DataType.FLOAT;
const CHANNELS = 64;
const CLASSES = 10;
/** Whether a bottleneck is pooled behind. */
const UNITS = { conv2: false, conv3: true, conv4: false, conv5: true, conv6: false, conv7: true, conv8: false };

/**
 * The ONNX file: `input` [N, 3, 32, 32] to `logits` [N, 10], weights as He et al. start them.
 *
 * @param {number} seed
 * @returns {Uint8Array}
 */
export function untrainedResNet23(seed) {
  const random = createRandom(seed);
  const node = [];
  const initializer = [];
  const store = (name, dims, valueAt) => {
    const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, valueAt);
    initializer.push({ name, dims, dataType: FLOAT, rawData: new Uint8Array(data.buffer) });
    return name;
  };
  const weights = (name, dims) => {
    const deviation = Math.sqrt(2 / dims.slice(1).reduce((a, b) => a * b));
    return store(name, dims, () => deviation * normal(random));
  };
  const emit = (opType, name, input, attribute = []) => {
    node.push({ opType, name, input, output: [name], attribute });
    return name;
  };
  const convolve = (name, x, from, to, kernel) => {
    const pad = (kernel - 1) / 2;
    const shape = [ints('kernel_shape', [kernel, kernel]), ints('pads', [pad, pad, pad, pad])];
    const convolved = emit('Conv', name, [x, weights(`${name}.weight`, [to, from, kernel, kernel])], shape);
    const parameters = Object.entries({ scale: 1, bias: 0, mean: 0, variance: 1 }).map(([kind, value]) =>
      store(`${name}.${kind}`, [to], () => value),
    );
    return emit('BatchNormalization', `${name}.normal`, [convolved, ...parameters]);
  };
  const relu = (x) => emit('Relu', `${x}.relu`, [x]);

  let h = relu(convolve('conv1', 'input', 3, CHANNELS, 3));
  for (const [name, isPooled] of Object.entries(UNITS)) {
    const narrow = relu(convolve(`${name}.a`, h, CHANNELS, CHANNELS / 2, 1));
    const middle = relu(convolve(`${name}.b`, narrow, CHANNELS / 2, CHANNELS / 2, 3));
    const wide = convolve(`${name}.c`, middle, CHANNELS / 2, CHANNELS, 1);
    h = relu(emit('Add', name, [wide, h]));
    if (isPooled) h = emit('MaxPool', `${name}.pool`, [h], [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])]);
  }
  const flat = emit('Flatten', 'flat', [emit('GlobalAveragePool', 'average', [h])], [int('axis', 1)]);
  const affine = [weights('affine.weight', [CLASSES, CHANNELS]), store('affine.bias', [CLASSES], () => 0)];
  emit('Gemm', 'logits', [flat, ...affine], [int('transB', 1)]);
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'resnet23',
      node,
      initializer,
      input: [floatValue('input', ['N', 3, 32, 32])],
      output: [floatValue('logits', ['N', CLASSES])],
    },
  }).finish();
}
