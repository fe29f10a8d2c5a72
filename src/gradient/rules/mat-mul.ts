import { int, ints, string } from '../attributes.js';
import { reduceTo } from '../broadcast.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

/** Y = A · B over the last two axes, with the leading ones broadcast. */
export const matMul: GradientRule = {
  differentiable: [0, 1],
  backward(context) {
    const { node, builder, inputs } = context;
    if (inputs.some((name) => builder.dims(name)?.length === 1)) throw unsupported(node, 'a vector (1-D) operand');
    return builder.dims(inputs[1])?.length === 2 ? byMatrix(context) : batched(context);
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

/** Ranks unknown: Einsum transposes the last two axes without being told how many there are in front. */
function batched({ builder, inputs, gradient, needs }: RuleContext): (string | undefined)[] {
  const [a, b] = inputs;
  const einsum = (equation: string, left: string, right: string, operand: string) =>
    reduceTo(builder, builder.emit('Einsum', [left, right], [string('equation', equation)]), operand);
  return [
    needs(0) ? einsum('...mn,...kn->...mk', gradient, b, a) : undefined,
    needs(1) ? einsum('...mk,...mn->...kn', a, gradient, b) : undefined,
  ];
}
