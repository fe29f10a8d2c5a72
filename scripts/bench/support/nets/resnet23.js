import { ints, netBuilder, value } from './builder.js';

/**
 * An ONNX file of the shapes of the ResNet-23 in nnabla's tutorial on fixed point: 64 maps, seven bottlenecks of 1 × 1, 3 × 3 and
 * 1 × 1 convolutions with normalisation, four poolings; the last layer, affine there, is a convolution of one pixel.
 *
 * @param options - those of `netBuilder`
 */
export function resnet23(options) {
  const net = netBuilder(options);

  function conv(x, from, to, side) {
    const weights = net.weights([to, from, side, side], Math.sqrt(2 / (from * side * side)));
    const pads = ints('pads', Array(4).fill(side >> 1));
    return net.emit('Conv', [x, weights], [ints('kernel_shape', [side, side]), pads]);
  }

  function normalised(x, maps) {
    const [scale, bias, mean] = [0, 1, 2].map(() => net.weights([maps], 0.1));
    return net.emit('BatchNormalization', [x, scale, bias, mean, net.ones(maps)]);
  }

  const unit = (x, from, to, side) => normalised(conv(x, from, to, side), to);

  function bottleneck(x) {
    const first = net.emit('Relu', [unit(x, 64, 32, 1)]);
    const second = net.emit('Relu', [unit(first, 32, 32, 3)]);
    return net.emit('Relu', [net.emit('Add', [unit(second, 32, 64, 1), x])]);
  }

  let x = net.emit('Relu', [unit('x', 3, 64, 3)]);
  for (let block = 0; block < 7; block++) {
    x = bottleneck(x);
    const pool = [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])];
    if (block % 2 === 1) x = net.emit('MaxPool', [x], pool);
  }
  x = net.emit('AveragePool', [x], [ints('kernel_shape', [4, 4])]);
  net.emit('Conv', [x, net.weights([10, 64, 1, 1], 0.2), net.weights([10], 0.1)], [], 'y');
  return net.finish('resnet23', [value('x', ['n', 3, 32, 32])], [value('y')]);
}
