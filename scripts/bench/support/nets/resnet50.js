import { ints, netBuilder, value } from './builder.js';

/** Pixels of a side of the input. */
export const SIDE = 224;

/**
 * An ONNX file of ResNet-50's shapes (He et al. 2016, table 1; 25.5 million weights), all weights random.
 *
 * @param options - those of `netBuilder`
 */
export function resnet50(options) {
  const net = netBuilder(options);

  function conv(x, from, to, side, stride, gain = 1) {
    const weights = net.weights([to, from, side, side], gain * Math.sqrt(2 / (from * side * side)));
    const pad = side >> 1;
    return net.emit(
      'Conv',
      [x, weights, net.weights([to], 0.1)],
      [ints('kernel_shape', [side, side]), ints('strides', [stride, stride]), ints('pads', Array(4).fill(pad))],
    );
  }

  function bottleneck(x, from, width, stride) {
    const first = net.emit('Relu', [conv(x, from, width, 1, 1)]);
    const second = net.emit('Relu', [conv(first, width, width, 3, stride)]);
    const third = conv(second, width, 4 * width, 1, 1, 0.3);
    const shortcut = from === 4 * width && stride === 1 ? x : conv(x, from, 4 * width, 1, stride);
    return net.emit('Relu', [net.emit('Add', [third, shortcut])]);
  }

  const pool = [ints('kernel_shape', [3, 3]), ints('strides', [2, 2]), ints('pads', [1, 1, 1, 1])];
  let x = net.emit('MaxPool', [net.emit('Relu', [conv('x', 3, 64, 7, 2)])], pool);
  let from = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      x = bottleneck(x, from, width, stage > 0 && block === 0 ? 2 : 1);
      from = 4 * width;
    }
  }
  x = net.emit('Flatten', [net.emit('GlobalAveragePool', [x])]);
  net.emit('Gemm', [x, net.weights([2048, 1000], 0.02), net.weights([1000], 0.1)], [], 'y');
  return net.finish('resnet50', [value('x', ['n', 3, SIDE, SIDE])], [value('y')]);
}
