import type { onnx as Onnx } from 'onnx-proto';
import type { Value } from './value.js';

/** Operators that compute their output from operands of its size, element by element, and which of their inputs those are. */
const ARITHMETIC: Readonly<Record<string, readonly number[] | 'all'>> = {
  Add: 'all',
  Sub: 'all',
  Mul: 'all',
  Div: 'all',
  Sum: 'all',
  Min: 'all',
  Max: 'all',
  Mean: 'all',
  Pow: [0],
  Where: [1, 2],
};

/** Operators that give no constant even where all that they read is one. */
const UNPREDICTABLE = new Set(['Bernoulli', 'Dropout', 'Multinomial', 'RandomNormalLike', 'RandomUniformLike']);

/** What is known of a value that is the same for all inputs of the model. */
interface Constant {
  /** Absent where only the number of elements is known. */
  readonly dims?: readonly number[] | undefined;
  /** The most elements that it can have; absent where nothing is known of that. */
  readonly size?: number | undefined;
}

/** What waits for values to turn out constant, and what follows when all of them have. */
interface Gate {
  waiting: number;
  open(): void;
}

/**
 * Finds the values of a graph that are computed from stored tensors alone, and lets the weights among their operands
 * flow through the arithmetic: in `W + B·A` merged at load, `v · g / ‖v‖`, `W · mask` or `(W − zero) · scale` it is W
 * that the reader of the result reads. An operand is such a weight if it is as large as the result: scales, shifts and
 * norms are broadcast. What is added to an activation is never constant, so a bias stays one.
 *
 * Time grows with the graph: each value is found constant once, and opens what waits for it.
 */
export class Constants {
  readonly #known = new Map<Value, Constant>();
  readonly #gates = new Map<Value, Gate[]>();
  readonly #sources = new Map<Value, Value[]>();
  readonly #arguments = new Map<Value, (Value | undefined)[]>();
  readonly #found: Value[] = [];
  readonly #factors: Value[] = [];

  /** Notes a stored tensor. */
  store(value: Value, dims: readonly (number | { toNumber(): number })[] | null | undefined): void {
    if (this.#known.has(value)) return;
    const shape = dims?.map(Number);
    this.#learn(value, { dims: shape, size: shape?.reduce((a, b) => a * b, 1) });
  }

  /** Notes a node that computes its outputs from its inputs and nothing else. */
  compute(
    node: Onnx.INodeProto,
    inputs: readonly (Value | undefined)[],
    outputs: readonly (Value | undefined)[],
  ): void {
    const op = node.opType ?? '';
    const read = inputs.filter((value) => value !== undefined);
    if (read.length === 0 || UNPREDICTABLE.has(op)) return;
    this.#wait(read, () => {
      const operands = ARITHMETIC[op];
      if (operands && outputs[0]) {
        this.#combine(op, operands === 'all' ? read : operands.flatMap((i) => inputs[i] ?? []), outputs[0]);
      } else {
        for (const output of outputs) if (output) this.#learn(output, this.#shapeOf(node, inputs));
      }
    });
  }

  /** Notes that a value is one of several others, as the result of a branch or of a function. */
  join(from: readonly Value[], to: Value | undefined): void {
    if (to === undefined || from.length === 0) return;
    this.#wait(from, () => {
      const [first, ...rest] = from.map((value) => this.#known.get(value) ?? {});
      const isSame = rest.every(({ dims }) => String(dims) === String(first.dims));
      const size = rest.reduce<number | undefined>((most, each) => largest(most, each.size), first.size);
      this.#learn(to, { dims: isSame ? first.dims : undefined, size });
    });
  }

  /** Notes what a call hands to a function: its parameter is constant if what it gets is so in every call. */
  pass(argument: Value | undefined, parameter: Value): void {
    const known = this.#arguments.get(parameter);
    if (known) known.push(argument);
    else this.#arguments.set(parameter, [argument]);
  }

  /** Notes that one value carries another's data on. */
  flow(from: Value, to: Value): void {
    from.flows.push(to);
    const sources = this.#sources.get(to);
    if (sources) sources.push(from);
    else this.#sources.set(to, [from]);
  }

  /**
   * Follows from what is stored what else is constant. To be called once, when the whole graph has been noted.
   *
   * @returns the values that are multiplied with one of the same size, or flow into one that is: weights, or masks of them
   */
  settle(): Set<Value> {
    for (const [parameter, each] of this.#arguments) {
      const given = each.filter((value) => value !== undefined);
      if (given.length === each.length) this.join(given, parameter);
    }
    for (let value = this.#found.pop(); value !== undefined; value = this.#found.pop()) {
      for (const gate of this.#gates.get(value) ?? []) if (--gate.waiting === 0) gate.open();
    }
    const factors = new Set<Value>();
    for (let value = this.#factors.pop(); value !== undefined; value = this.#factors.pop()) {
      if (factors.has(value)) continue;
      factors.add(value);
      for (const source of this.#sources.get(value) ?? []) this.#factors.push(source);
    }
    return factors;
  }

  #learn(value: Value, constant: Constant): void {
    if (this.#known.has(value)) return;
    this.#known.set(value, constant);
    this.#found.push(value);
  }

  #wait(values: readonly Value[], open: () => void): void {
    const gate = { waiting: values.length, open };
    for (const value of values) {
      const gates = this.#gates.get(value);
      if (gates) gates.push(gate);
      else this.#gates.set(value, [gate]);
    }
  }

  #combine(op: string, operands: readonly Value[], output: Value): void {
    const each = operands.map((value) => ({ value, ...this.#known.get(value) }));
    const known = each.flatMap(({ size }) => size ?? []);
    const most = known.reduce((a, b) => Math.max(a, b), 0);
    const isAllKnown = known.length === each.length;
    const large = each.filter(({ dims, size }) => {
      if (size === undefined || size < most) return false;
      // Beside one whose size nobody knows, a single row or column is more likely to be a scale.
      return isAllKnown || (dims?.filter((dim) => dim > 1).length ?? 0) > 1;
    });
    for (const { value } of large) this.flow(value, output);
    if (op === 'Mul' && large.length > 1) for (const { value } of large) this.#factors.push(value);
    const dims = isAllKnown ? broadcast(each.map((operand) => operand.dims)) : undefined;
    this.#learn(output, { dims, size: isAllKnown ? (dims?.reduce((a, b) => a * b, 1) ?? most) : undefined });
  }

  /** What is known of the outputs of an operator that is not arithmetic. */
  #shapeOf(node: Onnx.INodeProto, inputs: readonly (Value | undefined)[]): Constant {
    const [first, second] = inputs.map((value) => (value && this.#known.get(value)) ?? {});
    const op = node.opType ?? '';
    if (SAME.has(op)) return first;
    if (NO_LARGER.has(op) || op.startsWith('Reduce')) return { size: first.size };
    if (op === 'Transpose') {
      const permutation = node.attribute?.find(({ name }) => name === 'perm')?.ints?.map(Number);
      const { dims } = first;
      return { dims: dims && (permutation?.map((axis) => dims[axis]) ?? [...dims].reverse()), size: first.size };
    }
    if (op === 'Concat') {
      const sizes = inputs.map((value) => value && this.#known.get(value)?.size);
      return {
        size: sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0),
      };
    }
    if (op === 'MatMul' && first.size !== undefined && second?.size !== undefined) {
      const [a, b] = [first.dims, second.dims];
      if (a?.length !== 2 || b?.length !== 2) return { size: first.size * second.size };
      return { dims: [a[0], b[1]], size: a[0] * b[1] };
    }
    return {};
  }
}

/** Operators whose output has the shape of their first input. */
const SAME = new Set(
  (
    'Identity Cast CastLike QuantizeLinear DequantizeLinear Quant BipolarQuant Clip Round Floor Ceil Neg Abs Sign Sqrt Reciprocal ' +
    'Exp Log Tanh Sigmoid HardSigmoid Softplus Relu Not Trilu Equal Greater Less GreaterOrEqual LessOrEqual Softmax'
  ).split(' '),
);

/** Operators whose outputs have no more elements than their first input. */
const NO_LARGER = new Set(
  'Reshape Squeeze Unsqueeze Flatten Slice Split Shape ArgMax ArgMin LpNormalization'.split(' '),
);

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}

function broadcast(each: readonly (readonly number[] | undefined)[]): number[] | undefined {
  const known = each.filter((dims) => dims !== undefined);
  if (known.length < each.length) return undefined;
  const rank = known.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const at = known.map((dims) => dims[axis - rank + dims.length] ?? 1);
    return at.includes(0) ? 0 : at.reduce((a, b) => Math.max(a, b));
  });
}
