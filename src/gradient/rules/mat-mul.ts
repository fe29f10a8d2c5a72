import { int, ints, string } from '../../graph/attributes.js';
import { raiseTo, reduceTo } from '../broadcast.js';
import type { GradientRule, RuleContext } from './rule.js';

/** Y = A · B over the last two axes, with the leading ones broadcast. */
export const matMul: GradientRule = {
  differentiable: [0, 1],
  backward(context) {
    const [a, b] = context.inputs.map((name) => context.builder.dims(name)?.length);
    if (a === 1 || b === 1) return byVector(context, a === 1, b === 1);
    return b === 2 ? byMatrix(context) : batched(context);
  },
};

/** B is a stored matrix, the fully connected layer of many exporters; A has any rank, its leading axes are rows. */
function byMatrix({ builder, inputs, gradient, needs }: RuleContext): (string | undefined)[] {
  const [a, b] = inputs;
  const [rows, columns] = builder.dims(b)!;
  const dA = () => builder.emit('MatMul', [gradient, builder.emit('Transpose', [b], [ints('perm', [1, 0])])]);
  const dB = () => {
    const left = builder.emit('Reshape', [a, builder.ints([-1, rows])]);
    const right = builder.emit('Reshape', [gradient, builder.ints([-1, columns])]);
    return builder.emit('Gemm', [left, right], [int('transA', 1)]);
  };
  return [needs(0) ? dA() : undefined, needs(1) ? dB() : undefined];
}

/** A stored vector counts as a matrix: one row on the left, one column on the right. */
function byVector(context: RuleContext, isRow: boolean, isColumn: boolean): (string | undefined)[] {
  const { builder, inputs } = context;
  const grown = (value: string, row: boolean, column: boolean) => {
    const axes = [...(row ? [-2] : []), ...(column ? [-1] : [])];
    return axes.length > 0 ? builder.emit('Unsqueeze', [value, builder.ints(axes)]) : value;
  };
  const matrices = [grown(inputs[0], isRow, false), grown(inputs[1], false, isColumn)];
  const gradients = batched({ ...context, inputs: matrices, gradient: grown(context.gradient, isRow, isColumn) });
  return gradients.map((name, i) => name && builder.emit('Reshape', [name, builder.shape(inputs[i])]));
}

/** Ranks unknown: Einsum transposes the last two axes without knowing how many there are in front, if only all agree. */
function batched({ builder, inputs, gradient, needs }: RuleContext): (string | undefined)[] {
  const [a, b] = inputs.map((operand) => raiseTo(builder, operand, gradient));
  const einsum = (equation: string, left: string, right: string) =>
    builder.emit('Einsum', [left, right], [string('equation', equation)]);
  return [
    needs(0) ? reduceTo(builder, einsum('...mn,...kn->...mk', gradient, b), inputs[0]) : undefined,
    needs(1) ? reduceTo(builder, einsum('...mk,...mn->...kn', a, gradient), inputs[1]) : undefined,
  ];
}
