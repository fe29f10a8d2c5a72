import type { onnx as Onnx } from 'onnx-proto';

/** One use of a value: which node reads it, and as which of its inputs. */
export interface Use {
  readonly node: Onnx.INodeProto;
  readonly input: number;
  /** The values of all the node's inputs, so that a role can depend on a neighbour (`undefined`: left out). */
  readonly inputs: readonly (Value | undefined)[];
}

/** A named value of a graph: who made it, who reads it, and which other values are the same data seen again. */
export interface Value {
  readonly name: string;
  /** Operator type of the node that computes it, `''` for graph inputs and initializers. */
  producer: string;
  readonly uses: Use[];
  /** Values that carry this one's data on: through Reshape, out of a branch, into a function's body. */
  readonly flows: Value[];
}
