import { DATA_TYPE, externalData, modelProto, node, tensorProto, valueInfo } from './onnx-builder.js';

/** A square matrix of float32 in a file beside the model. */
export interface ExternalMatrix {
  readonly location: string;
  readonly offset?: number;
  /** Default: none is said. */
  readonly length?: number;
}

/** Rows and columns of each matrix, and its bytes. */
export const WIDTH = 32;
export const MATRIX_BYTES = 4 * WIDTH * WIDTH;

/** X [1, WIDTH] through one MatMul for each matrix. */
export function externalChain(matrices: readonly ExternalMatrix[]): Uint8Array {
  const initializers = matrices.map(({ location, offset, length }, i) =>
    tensorProto({
      name: `w${i}`,
      dataType: DATA_TYPE.float32,
      dims: [WIDTH, WIDTH],
      content: externalData({
        location,
        ...(offset !== undefined && { offset: String(offset) }),
        ...(length !== undefined && { length: String(length) }),
      }),
    }),
  );
  const nodes = matrices.map((_, i) =>
    node('MatMul', [i === 0 ? 'X' : `h${i}`, `w${i}`], [i === matrices.length - 1 ? 'Y' : `h${i + 1}`]),
  );
  const io = (name: string) => [valueInfo(name, 'float32', [1, WIDTH])];
  return modelProto({ graph: { nodes, initializers, inputs: io('X'), outputs: io('Y') } });
}
