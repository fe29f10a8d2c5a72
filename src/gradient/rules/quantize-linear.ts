import onnxProto, { type onnx } from 'onnx-proto';
import { int, readInt, tensor } from '../../graph/attributes.js';
import { reduceTo } from '../broadcast.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** Rounded to the nearest code a value is this many steps away from it at most, with what floats are off by; further, it is cut. */
const WITHIN = 0.501;

/**
 * Y = (X − zero point) · scale: the gradient of codes, as if they were any numbers, and of the scale. Codes that are stored get
 * none, since integers are not trained.
 */
export const dequantizeLinear: GradientRule = {
  differentiable: [0, 1],
  backward(context) {
    const { builder, inputs, output, gradient, needs } = context;
    const steps = stepsLike(context, inputs[0]);
    return [
      needs(0) ? builder.emit('Mul', [gradient, steps]) : undefined,
      needs(1) ? ofScale(context, builder.emit('Mul', [gradient, builder.emit('Div', [output, steps])])) : undefined,
    ];
  },
};

/**
 * Y = X / scale + zero point, rounded and cut to the range of an integer type: the gradient goes straight through the rounding
 * and stops outside the range. With DequantizeLinear behind it, a scale gets the gradient of a learned step size (Esser et al. 2020).
 */
export const quantizeLinear: GradientRule = {
  differentiable: [0, 1],
  backward(context) {
    const { node, builder, inputs, output, gradient, needs } = context;
    const [x, scale, zeroPoint = ''] = inputs;
    const steps = stepsLike(context, output);
    const back = builder.emit('DequantizeLinear', [output, scale, zeroPoint], axisOf(node));
    const off = builder.emit('Abs', [builder.emit('Sub', [x, back])]);
    const isWithin = builder.emit('Less', [off, builder.emit('Mul', [steps, builder.float(WITHIN)])]);
    const passed = builder.emit('Where', [isWithin, builder.emit('Div', [gradient, steps]), builder.float(0)]);
    return [
      passed,
      needs(1)
        ? ofScale(context, builder.emit('Neg', [builder.emit('Mul', [passed, builder.emit('Div', [x, steps])])]))
        : undefined,
    ];
  },
};

/** The scale of each element, in the shape of the codes: what the operator itself makes of ones. */
function stepsLike({ node, builder, inputs: [, scale] }: RuleContext, codes: string): string {
  const rank = builder.dims(scale)?.length;
  if (rank !== undefined && rank > 1) throw unsupported(node, 'scales by block');
  const one = { dims: [1], dataType: DataType.INT8, rawData: Uint8Array.of(1) };
  const ones = builder.emit('ConstantOfShape', [builder.shape(codes)], [tensor('value', one)]);
  return builder.emit('DequantizeLinear', [ones, scale], axisOf(node));
}

function axisOf(node: onnx.INodeProto): onnx.IAttributeProto[] {
  return [int('axis', readInt(node, 'axis', 1))];
}

/** Sums what the elements ask of their scale, which all of them share. */
function ofScale({ node, builder, inputs: [, scale] }: RuleContext, elements: string): string {
  const dims = builder.dims(scale);
  if (dims?.some((dim) => dim !== 1)) throw unsupported(node, 'scales of an axis, which are to be trained');
  return reduceTo(builder, elements, scale);
}
