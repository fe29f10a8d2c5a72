import { createRandom, normal } from '../../../../build/random.js';
import { ints, netBuilder, value } from './builder.js';

/** Pixels of an edge of the pictures that these nets take. */
export const EDGE = 8;
const PIXELS = EDGE * EDGE;

/** Small nets that decide on nothing, weights random: their losses are errors. By name, as bytes of ONNX files. */
export const ANSWERS = {
  /** [N, 64] → [N, 64]: through a waist. */
  autoencoder(options) {
    const net = netBuilder(options);
    const dense = (x, from, to) =>
      net.emit('Gemm', [x, net.weights([from, to], Math.sqrt(2 / from)), net.weights([to], 0.1)]);
    const waist = net.emit('Relu', [dense(net.emit('Relu', [dense('x', PIXELS, 48)]), 48, 16)]);
    net.emit('Gemm', [waist, net.weights([16, PIXELS], 0.2), net.weights([PIXELS], 0.1)], [], 'y');
    return net.finish('autoencoder', [value('x', ['N', PIXELS])], [value('y', ['N', PIXELS])]);
  },

  /** [N, 1, 8, 8] → [N, 1, 16, 16]: twice the edge. */
  upscaler(options) {
    const net = netBuilder(options);
    const padded = [ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])];
    const conv = (x, from, to) =>
      net.emit('Conv', [x, net.weights([to, from, 3, 3], Math.sqrt(2 / (9 * from))), net.weights([to], 0.1)], padded);
    const wide = net.emit('Relu', [conv(net.emit('Relu', [conv('x', 1, 12)]), 12, 12)]);
    const doubled = [ints('kernel_shape', [2, 2]), ints('strides', [2, 2])];
    net.emit('ConvTranspose', [wide, net.weights([12, 1, 2, 2], 0.3), net.weights([1], 0.1)], doubled, 'y');
    return net.finish('upscaler', [value('x', ['N', 1, EDGE, EDGE])], [value('y', ['N', 1, 2 * EDGE, 2 * EDGE])]);
  },

  /** [N, 64] → [N, 32]: vectors of length 1. */
  embedder(options) {
    const net = netBuilder(options);
    const hidden = net.emit('Relu', [net.emit('Gemm', ['x', net.weights([PIXELS, 96], 0.18), net.weights([96], 0.1)])]);
    const vector = net.emit('Gemm', [hidden, net.weights([96, 32], 0.15), net.weights([32], 0.1)]);
    net.emit('LpNormalization', [vector], [], 'y');
    return net.finish('embedder', [value('x', ['N', PIXELS])], [value('y', ['N', 32])]);
  },
};

/**
 * Smooth pictures for these nets, sums of a few waves: as rows of pixels, or with axes of their own.
 *
 * @param {number} count
 * @param {boolean} isImage
 * @param {number} seed
 */
export function pictures(count, isImage, seed) {
  const random = createRandom(seed);
  const data = new Float32Array(count * PIXELS);
  for (let picture = 0; picture < count; picture++) {
    for (let wave = 0; wave < 3; wave++) {
      const [x, y, phase, size] = [normal(random), normal(random), 6 * random.float(), random.float()];
      for (let i = 0; i < PIXELS; i++) {
        data[picture * PIXELS + i] += size * Math.sin(x * (i % EDGE) + y * Math.floor(i / EDGE) + phase);
      }
    }
  }
  return { data, dims: isImage ? [count, 1, EDGE, EDGE] : [count, PIXELS] };
}
