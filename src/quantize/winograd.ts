/** Tiles that 3×3 convolutions are computed in by Winograd's algorithm: of 2×2, 4×4 or 6×6 outputs. */
export const DOMAINS = ['spatial', 'winograd-f23', 'winograd-f43', 'winograd-f63'] as const;
/** Where weights are rounded: as they are, or as Winograd's algorithm transforms those of 3×3 convolutions. */
export type Domain = (typeof DOMAINS)[number];

const TAPS = 3;

/**
 * What kernels are multiplied by from the left, and turned from the right: [inputs of a tile, 3].
 *
 * Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", from the points 0, ±1, ±2, ±½ and infinity.
 */
const TRANSFORMS: Readonly<Record<Exclude<Domain, 'spatial'>, readonly (readonly number[])[]>> = {
  'winograd-f23': [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  'winograd-f43': [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
  'winograd-f63': [
    [1, 0, 0],
    [-2 / 9, -2 / 9, -2 / 9],
    [-2 / 9, 2 / 9, -2 / 9],
    [1 / 90, 1 / 45, 2 / 45],
    [1 / 90, -1 / 45, 2 / 45],
    [32 / 45, 16 / 45, 8 / 45],
    [32 / 45, -16 / 45, 8 / 45],
    [0, 0, 1],
  ],
};

/** Kernels of 3×3, one behind the other, transformed: G·w·Gᵀ of each. */
export function toDomain(weights: Float32Array, domain: Domain): Float32Array {
  if (domain === 'spatial') return weights.slice();
  const left = TRANSFORMS[domain];
  return sandwiched(weights, left, TAPS);
}

/** The kernels that transformed ones are nearest to: the pseudo-inverse of G from either side. */
export function fromDomain(tiles: Float32Array, domain: Domain): Float32Array {
  if (domain === 'spatial') return tiles.slice();
  return sandwiched(tiles, pseudoInverse(TRANSFORMS[domain]), TRANSFORMS[domain].length);
}

/** M·x·Mᵀ of square matrices, one behind the other. */
function sandwiched(values: Float32Array, matrix: readonly (readonly number[])[], size: number): Float32Array {
  const count = values.length / size ** 2;
  const rows = matrix.length;
  const result = new Float32Array(count * rows ** 2);
  const half = new Float64Array(rows * size);
  for (let kernel = 0; kernel < count; kernel++) {
    const start = kernel * size ** 2;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += matrix[i][k] * values[start + k * size + j];
        half[i * size + j] = sum;
      }
    }
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += half[i * size + k] * matrix[j][k];
        result[kernel * rows ** 2 + i * rows + j] = sum;
      }
    }
  }
  return result;
}

/** (GᵀG)⁻¹Gᵀ of a matrix of three columns. */
function pseudoInverse(g: readonly (readonly number[])[]): number[][] {
  const gram = [0, 1, 2].map((i) => [0, 1, 2].map((j) => g.reduce((sum, row) => sum + row[i] * row[j], 0)));
  const inverse = inverted(gram);
  return inverse.map((row) => g.map((column) => row.reduce((sum, value, i) => sum + value * column[i], 0)));
}

/** The inverse of a symmetric matrix of 3×3, by its minors. */
function inverted(m: readonly (readonly number[])[]): number[][] {
  const minor = (i: number, j: number) => {
    const [a, b] = [0, 1, 2].filter((row) => row !== i);
    const [c, d] = [0, 1, 2].filter((column) => column !== j);
    return (m[a][c] * m[b][d] - m[a][d] * m[b][c]) * ((i + j) % 2 === 0 ? 1 : -1);
  };
  const determinant = [0, 1, 2].reduce((sum, j) => sum + m[0][j] * minor(0, j), 0);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(j, i) / determinant));
}
