import { int } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';

/** What a step has to go by. */
interface Step {
  /** h, and of an LSTM c, as the step begins. */
  readonly states: readonly string[];
  /** What the inputs of this step make of W, all gates after one another. */
  readonly gates: string;
  /** [gates · size, size] */
  readonly r: string;
  /** The biases of R, where there are any. */
  readonly bias: string | undefined;
  /** Of an LSTM whose gates see c: [3 · size]. */
  readonly peepholes: string | undefined;
  readonly size: number;
  /** Operators, in ONNX's order. */
  readonly activations: readonly string[];
  /** Of a GRU: whether the reset gate comes after the product. */
  readonly isLinear: boolean;
}

/** The formulas of one step. */
export interface Cell {
  readonly gates: number;
  readonly states: number;
  /** Those that a node without others has. */
  readonly activations: readonly string[];
  /** Appends a step and returns the states that it ends with. */
  step(builder: GraphBuilder, step: Step): string[];
}

const rnn: Cell = {
  gates: 1,
  states: 1,
  activations: ['Tanh'],
  step(builder, { states: [h], gates, r, bias, activations: [f] }) {
    return [builder.emit(f, [builder.emit('Add', [gates, product(builder, h, r, bias)])])];
  },
};

/** Gates in the order i, o, f, c: c' = f ⊙ c + i ⊙ g, h' = o ⊙ h(c'). */
const lstm: Cell = {
  gates: 4,
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  step(builder, { states: [h, c], gates, r, bias, peepholes, size, activations: [f, g, last] }) {
    const all = builder.emit('Add', [gates, product(builder, h, r, bias)]);
    const [i, o, forget, fresh] = cut(builder, all, 4, size, 1);
    const [pi, po, pf] = peepholes ? cut(builder, peepholes, 3, size, 0) : [];
    const gate = (value: string, state: string, peephole: string | undefined) => {
      const seen = peephole ? builder.emit('Add', [value, builder.emit('Mul', [peephole, state])]) : value;
      return builder.emit(f, [seen]);
    };
    const kept = builder.emit('Mul', [gate(forget, c, pf), c]);
    const added = builder.emit('Mul', [gate(i, c, pi), builder.emit(g, [fresh])]);
    const next = builder.emit('Add', [kept, added]);
    return [builder.emit('Mul', [gate(o, next, po), builder.emit(last, [next])]), next];
  },
};

/** Gates in the order z, r, h: n = g(.. r ..), h' = (1 − z) ⊙ n + z ⊙ h. */
const gru: Cell = {
  gates: 3,
  states: 1,
  activations: ['Sigmoid', 'Tanh'],
  step(builder, { states: [h], gates, r, bias, size, activations: [f, g], isLinear }) {
    const sizes = builder.ints([2 * size, size]);
    const parts = (value: string, axis: number) => builder.emitAll('Split', [value, sizes], [int('axis', axis)], 2);
    const [seen, seenNew] = parts(gates, 1);
    const [weights, weightsNew] = parts(r, 0);
    const [biases, biasNew] = bias ? parts(bias, 0) : [];
    const both = builder.emit(f, [builder.emit('Add', [seen, product(builder, h, weights, biases)])]);
    const [z, reset] = cut(builder, both, 2, size, 1);
    const part = isLinear
      ? builder.emit('Mul', [reset, product(builder, h, weightsNew, biasNew)])
      : product(builder, builder.emit('Mul', [reset, h]), weightsNew, biasNew);
    const n = builder.emit(g, [builder.emit('Add', [seenNew, part])]);
    // n + z ⊙ (h − n)
    return [builder.emit('Add', [n, builder.emit('Mul', [z, builder.emit('Sub', [h, n])])])];
  },
};

export const CELLS: Readonly<Record<string, Cell>> = { LSTM: lstm, GRU: gru, RNN: rnn };

/** state · Rᵀ + bias */
function product(builder: GraphBuilder, state: string, r: string, bias: string | undefined): string {
  return builder.emit('Gemm', [state, r, ...(bias ? [bias] : [])], [int('transB', 1)]);
}

function cut(builder: GraphBuilder, value: string, count: number, size: number, axis: number): string[] {
  const sizes = builder.ints(Array.from({ length: count }, () => size));
  return builder.emitAll('Split', [value, sizes], [int('axis', axis)], count);
}
