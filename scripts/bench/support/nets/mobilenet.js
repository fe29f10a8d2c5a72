import { int, ints, netBuilder, value } from './builder.js';

/** Pixels of a side of the input. */
export const SIDE = 224;

/** Channels of the blocks, and whether each halves the picture. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array(5).fill([512, 1]),
  [1024, 2],
  [1024, 1],
];
const CLASSES = 1000;

/**
 * An ONNX file of MobileNet's shapes (Howard et al. 2017, table 1; 4.2 million weights), all weights random: depthwise and
 * pointwise convolutions in turn.
 *
 * @param [options] - those of `netBuilder`
 */
export function mobileNet(options = undefined) {
  const net = netBuilder(options);
  const conv = (x, from, to, side, stride, group = 1) => {
    const inputs = (from / group) * side * side;
    const weights = net.weights([to, from / group, side, side], Math.sqrt(2 / inputs));
    const shape = [ints('kernel_shape', [side, side]), ints('strides', [stride, stride])];
    const attributes = [...shape, ints('pads', Array(4).fill(side >> 1)), int('group', group)];
    return net.emit('Relu', [net.emit('Conv', [x, weights, net.weights([to], 0.1)], attributes)]);
  };
  let [x, from] = [conv('input', 3, 32, 3, 2), 32];
  for (const [to, stride] of BLOCKS) {
    x = conv(conv(x, from, from, 3, stride, from), from, to, 1, 1);
    from = to;
  }
  const pooled = net.emit('Flatten', [net.emit('GlobalAveragePool', [x])]);
  net.emit('Gemm', [pooled, net.weights([from, CLASSES], 0.03), net.weights([CLASSES], 0.1)], [], 'logits');
  return net.finish('mobilenet', [value('input', ['N', 3, SIDE, SIDE])], [value('logits', ['N', CLASSES])]);
}
