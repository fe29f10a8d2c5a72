// What the benchmarks of decoding have in common.

import { createRandom, normal } from '../../../build/random.js';

const random = createRandom(12345);

/**
 * Indices of clusters over ±3.3 deviations of a bell, as linear initialisation places them; 255 for zero.
 *
 * @param {number} count
 * @param {{ clusters: number, density: number, correlation?: number }} spec correlation of each with the one before
 */
export function makeIndices(count, { clusters, density, correlation = 0 }) {
  let before = 0;
  return Uint8Array.from({ length: count }, () => {
    if (density < 1 && random.float() >= density) return 255;
    before = correlation * before + Math.sqrt(1 - correlation ** 2) * normal(random);
    return Math.max(0, Math.min(clusters - 1, Math.floor(clusters * (0.5 + before / 6.6))));
  });
}

export function codebook({ clusters, density }) {
  const values = Float32Array.from({ length: 256 }, (_, i) => ((i + 0.5) / clusters - 0.5) / 4);
  if (density < 1) values[255] = 0;
  return values;
}

export function lookUp(indices, values, out) {
  for (let i = 0; i < indices.length; i++) out[i] = values[indices[i]];
}

/** An ONNX file with one initializer. */
export function onnxOf(floats, dims = [floats.length]) {
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
  const raw = new Uint8Array(floats.buffer);
  const tensor = [...dims.flatMap((dim) => [0x08, ...varint(dim)]), 0x10, 1, 0x42, 1, 119, 0x4a, ...varint(raw.length)];
  const graph = [0x2a, ...varint(tensor.length + raw.length), ...tensor];
  return new Uint8Array(
    Buffer.concat([Buffer.from([0x08, 8, 0x3a, ...varint(graph.length + raw.length), ...graph]), raw]),
  );
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
