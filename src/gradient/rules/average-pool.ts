import onnxProto from 'onnx-proto';
import { int, ints, readInt, readInts, tensor } from '../attributes.js';
import type { GraphBuilder } from '../builder.js';
import { type GradientRule, unsupported } from './rule.js';
import { cutTo, readWindow, slideBack, type Window } from './window.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** Each mean spreads its gradient evenly over the elements it was taken from. */
export const averagePool: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x], gradient }) {
    const kernel = readInts(node, 'kernel_shape');
    if (!kernel) throw unsupported(node, 'a missing kernel_shape');
    const window = readWindow(node, kernel);
    const ceil = readInt(node, 'ceil_mode', 0) !== 0;
    const padded = [...window.begin, ...window.end].some((pad) => pad !== 0);
    const countsPadding = readInt(node, 'count_include_pad', 0) !== 0;
    if (ceil && countsPadding) throw unsupported(node, 'ceil_mode together with count_include_pad');

    const area = kernel.reduce((product, extent) => product * extent, 1);
    const counts =
      ceil || (padded && !countsPadding) ? elementsUnder(builder, x, gradient, window, ceil) : builder.float(area);
    const share = builder.emit('Div', [gradient, counts]);
    // Channels do not mix: with every channel as a sample of its own, one kernel of ones serves them all.
    const alone = channelsAsSamples(builder, share);
    const spread = slideBack(builder, alone, onesKernel(builder, kernel), x, window, 1, ceil);
    return [builder.emit('Reshape', [spread, builder.shape(x)])];
  },
};

/** How many real elements each window covers, [1, 1, spatial…]: ones, slid over by a kernel of ones. */
function elementsUnder(builder: GraphBuilder, x: string, y: string, window: Window, ceil: boolean): string {
  const { kernel, strides, dilations, begin, end } = window;
  const shape = builder.emit('Concat', [builder.ints([1, 1]), builder.shape(x, 2)], [int('axis', 0)]);
  const one = { dims: [1], dataType: DataType.FLOAT, floatData: [1] };
  const ones = builder.emit('ConstantOfShape', [shape], [tensor('value', one)]);
  // ceil_mode adds a last window that hangs over the end, by less than a stride.
  const tail = ceil ? end.map((pad, i) => pad + strides[i] - 1) : end;
  const attributes = [ints('strides', strides), ints('dilations', dilations), ints('pads', [...begin, ...tail])];
  const counts = builder.emit('Conv', [ones, onesKernel(builder, kernel)], attributes);
  return ceil ? cutTo(builder, counts, builder.shape(y, 2), kernel.length) : counts;
}

function onesKernel(builder: GraphBuilder, kernel: readonly number[]): string {
  const area = kernel.reduce((product, extent) => product * extent, 1);
  return builder.floats([1, 1, ...kernel], Array<number>(area).fill(1));
}

function channelsAsSamples(builder: GraphBuilder, value: string): string {
  const shape = builder.emit('Concat', [builder.ints([-1, 1]), builder.shape(value, 2)], [int('axis', 0)]);
  return builder.emit('Reshape', [value, shape]);
}
