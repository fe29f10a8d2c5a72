import { float, int, readFloat, readInt } from '../../graph/attributes.js';
import { reduceTo } from '../broadcast.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

/** Y = alpha · A' · B' + beta · C, where A' and B' are A and B or their transposes. */
export const gemm: GradientRule = {
  differentiable: [0, 1, 2],
  backward(context) {
    const { node, builder, inputs, gradient, needs } = context;
    const [a, b, c] = inputs;
    // A rule does not know the operator set, whose old versions have another default: from opset 7 on, Gemm has no `broadcast`.
    if (readInt(node, 'broadcast', 0) !== 0) throw unsupported(node, "the 'broadcast' attribute of opset 6");
    const transA = readInt(node, 'transA', 0);
    const transB = readInt(node, 'transB', 0);
    const alpha = float('alpha', readFloat(node, 'alpha', 1));
    const product = (left: string, right: string, transLeft: number, transRight: number) =>
      builder.emit('Gemm', [left, right], [int('transA', transLeft), int('transB', transRight), alpha]);

    const dA = () => (transA ? product(b, gradient, transB, 1) : product(gradient, b, 0, 1 - transB));
    const dB = () => (transB ? product(gradient, a, 1, transA) : product(a, gradient, 1 - transA, 0));
    return [needs(0) ? dA() : undefined, needs(1) ? dB() : undefined, c && needs(2) ? gradientOfC(context) : undefined];
  },
};

function gradientOfC({ node, builder, inputs, gradient }: RuleContext): string {
  const [, b, c] = inputs;
  const beta = readFloat(node, 'beta', 1);
  const columns = builder.dims(b)?.[readInt(node, 'transB', 0) ? 0 : 1];
  const dims = builder.dims(c);
  // The usual bias, one value a column: its shape is known, so the axes need not be searched for at run time.
  const perColumn = dims?.length === 1 && dims[0] === columns;
  const sum = perColumn
    ? builder.emit('ReduceSum', [gradient, builder.ints([0])], [int('keepdims', 0)])
    : reduceTo(builder, gradient, c);
  return beta === 1 ? sum : builder.emit('Mul', [sum, builder.float(beta)]);
}
