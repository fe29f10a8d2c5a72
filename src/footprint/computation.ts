/** A node of a graph: what it reads and what it makes, by the names of values. */
export interface Step {
  /** The node's name, or that of its first output. */
  readonly name: string;
  readonly op: string;
  /** Values that are computed or given, in the order of the operator's inputs, `''` in the place of stored tensors and absent inputs. */
  readonly reads: readonly string[];
  readonly makes: readonly string[];
}

/** A graph in the order in which it runs. */
export interface Computation {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly steps: readonly Step[];
}

/** The type and the shape of a value. */
export interface ValueShape {
  /** Element type by its ONNX name. */
  readonly type: string;
  readonly dims: readonly number[];
}
