import { int, ints, netBuilder, value } from './builder.js';

const WIDTH = 768;
const HEADS = 12;
const LAYERS = 12;
const WORDS = 30522;
const POSITIONS = 512;
const DEVIATION = 0.02;
const INT64 = 7;

/**
 * An ONNX file of BERT-base's shapes (Devlin et al. 2019; 109 million weights), all weights random: ids and positions of
 * tokens in, vectors out.
 *
 * @param options - those of `netBuilder`
 */
export function bertBase(options) {
  const net = netBuilder(options);
  const split = net.shape([0, 0, HEADS, WIDTH / HEADS]);
  const join = net.shape([0, 0, WIDTH]);
  const dense = (x, from, to) =>
    net.emit('Add', [net.emit('MatMul', [x, net.weights([from, to], DEVIATION)]), net.weights([to], DEVIATION)]);
  const norm = (x, output) =>
    net.emit(
      'LayerNormalization',
      [x, net.weights([WIDTH], 1), net.weights([WIDTH], DEVIATION)],
      [int('axis', -1)],
      output,
    );
  const heads = (x, perm) =>
    net.emit('Transpose', [net.emit('Reshape', [dense(x, WIDTH, WIDTH), split])], [ints('perm', perm)]);

  function attention(x) {
    const query = heads(x, [0, 2, 1, 3]);
    const key = heads(x, [0, 2, 3, 1]);
    const values = heads(x, [0, 2, 1, 3]);
    const shares = net.emit('Softmax', [net.emit('MatMul', [query, key])], [int('axis', -1)]);
    const mixed = net.emit('Transpose', [net.emit('MatMul', [shares, values])], [ints('perm', [0, 2, 1, 3])]);
    return dense(net.emit('Reshape', [mixed, join]), WIDTH, WIDTH);
  }

  const embedded = [
    net.emit('Gather', [net.weights([WORDS, WIDTH], DEVIATION), 'ids']),
    net.emit('Gather', [net.weights([POSITIONS, WIDTH], DEVIATION), 'positions']),
  ];
  let x = norm(net.emit('Add', embedded));
  for (let layer = 0; layer < LAYERS; layer++) {
    x = norm(net.emit('Add', [x, attention(x)]));
    const hidden = net.emit('Relu', [dense(x, WIDTH, 4 * WIDTH)]);
    x = norm(net.emit('Add', [x, dense(hidden, 4 * WIDTH, WIDTH)]), layer === LAYERS - 1 ? 'y' : undefined);
  }
  const tokens = (name) => value(name, ['batch', 'length'], INT64);
  return net.finish('bert', [tokens('ids'), tokens('positions')], [value('y')]);
}
