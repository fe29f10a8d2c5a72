import { int, ints, netBuilder, value } from './builder.js';

const INT64 = 7;

/** Of a hundred thousand weights; tests take smaller ones. */
export const ALBERT = { words: 1024, embedding: 32, width: 64, heads: 4, inner: 256, layers: 12, positions: 24 };

/** Of what is added to a value in each round, at the beginning: twelve rounds are not to drown it. */
const QUIET = 0.2;

/**
 * An ONNX file in the manner of ALBERT (Lan et al. 2020), all weights random: one layer that is gone through several times, and a table of words
 * that is looked up at the beginning and gives the scores of all words at the end. Ids of words, a mask of those that are
 * none but padding, and types of words in, [batch, length]; scores out, [batch, length, words].
 *
 * @param {Partial<typeof ALBERT>} [sizes]
 * @param {{ seed?: number }} [options]
 */
export function albert(sizes = {}, options = {}) {
  const { words, embedding, width, heads, inner, layers, positions } = { ...ALBERT, ...sizes };
  const net = netBuilder(options);
  const split = net.shape([0, 0, heads, width / heads]);
  const join = net.shape([0, 0, width]);
  const matrix = (from, to, gain = 1) => ({
    w: net.weights([from, to], gain / Math.sqrt(from)),
    b: net.weights([to], 0.01),
  });
  const scale = (size) => ({ gain: net.weights([size], 0, 1), shift: net.weights([size], 0.01) });
  const times = (x, { w, b }) => net.emit('Add', [net.emit('MatMul', [x, w]), b]);
  const norm = (x, { gain, shift }) => net.emit('LayerNormalization', [x, gain, shift], [int('axis', -1)]);

  const table = net.weights([words, embedding], 0.1);
  const length = net.emit('Gather', [net.emit('Shape', ['input_ids']), net.scalar(1)], [int('axis', 0)]);
  const places = net.emit('Range', [net.scalar(0), length, net.scalar(1)]);
  const embedded = net.emit('Add', [
    net.emit('Gather', [table, 'input_ids']),
    net.emit('Gather', [net.weights([positions, embedding], 0.1), places]),
  ]);
  const typed = net.emit('Add', [embedded, net.emit('Gather', [net.weights([2, embedding], 0.1), 'token_type_ids'])]);
  let x = times(norm(typed, scale(embedding)), matrix(embedding, width));

  // [batch, 1, 1, length]: nought where there are words, and far below where there is padding.
  const mask = net.emit('Unsqueeze', [net.emit('Cast', ['attention_mask'], [int('to', 1)]), net.shape([1, 2])]);
  const hidden = net.emit('Mul', [net.emit('Sub', [mask, net.constant(1)]), net.constant(1e4)]);

  const [query, key, values] = Array.from({ length: 3 }, () => matrix(width, width));
  const out = matrix(width, width, QUIET);
  const [up, down] = [matrix(width, inner), matrix(inner, width, QUIET)];
  const [first, second] = [scale(width), scale(width)];
  const apart = (y, perm) => net.emit('Transpose', [net.emit('Reshape', [y, split])], [ints('perm', perm)]);
  for (let layer = 0; layer < layers; layer++) {
    const alike = net.emit('MatMul', [apart(times(x, query), [0, 2, 1, 3]), apart(times(x, key), [0, 2, 3, 1])]);
    const scaled = net.emit('Mul', [alike, net.constant(1 / Math.sqrt(width / heads))]);
    const shares = net.emit('Softmax', [net.emit('Add', [scaled, hidden])], [int('axis', -1)]);
    const mixed = net.emit('MatMul', [shares, apart(times(x, values), [0, 2, 1, 3])]);
    const joined = net.emit('Reshape', [net.emit('Transpose', [mixed], [ints('perm', [0, 2, 1, 3])]), join]);
    x = norm(net.emit('Add', [x, times(joined, out)]), first);
    x = norm(net.emit('Add', [x, times(net.emit('Relu', [times(x, up)]), down)]), second);
  }
  const answer = norm(times(x, matrix(width, embedding)), scale(embedding));
  const scores = net.emit('MatMul', [answer, net.emit('Transpose', [table], [ints('perm', [1, 0])])]);
  net.emit('Add', [scores, net.weights([words], 0.01)], [], 'logits');
  const tokens = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
    value(name, ['batch', 'length'], INT64),
  );
  return net.finish('albert', tokens, [value('logits', ['batch', 'length', words])]);
}
