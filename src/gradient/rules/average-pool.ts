import { int, ints, readInt, readInts } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { type GradientRule, unsupported } from './rule.js';
import { padSame } from './same.js';
import { cutTo, readWindow, slideBack, type Window } from './window.js';

/** Each mean spreads its gradient evenly over the elements it was taken from. */
export const averagePool: GradientRule = {
  differentiable: [0],
  backward({ node, builder, inputs: [x], gradient }) {
    const kernel = readInts(node, 'kernel_shape');
    if (!kernel) throw unsupported(node, 'a missing kernel_shape');
    const window = readWindow(node, kernel);
    const { begin, end, same } = window;
    const ceil = readInt(node, 'ceil_mode', 0) !== 0;
    const countsPadding = readInt(node, 'count_include_pad', 0) !== 0;
    const { padded, cut } = padSame(builder, x, window);

    const area = kernel.reduce((product, extent) => product * extent, 1);
    const full = !ceil && (countsPadding || (!same && [...begin, ...end].every((pad) => pad === 0)));
    const counts = full ? builder.float(area) : elementsUnder(builder, x, gradient, window, countsPadding);
    const share = builder.emit('Div', [gradient, counts]);
    // Channels do not mix: with every channel as a sample of its own, one kernel of ones serves them all.
    const alone = channelsAsSamples(builder, share);
    const spread = slideBack(builder, alone, onesKernel(builder, kernel), padded, window, 1, ceil);
    return [cut(builder.emit('Reshape', [spread, builder.shape(padded)]))];
  },
};

/** How many elements each window covers, [1, 1, spatial…]: ones, slid over by a kernel of ones. */
function elementsUnder(builder: GraphBuilder, x: string, y: string, window: Window, countsPadding: boolean): string {
  const { kernel, strides, dilations, begin, end } = window;
  const shape = builder.emit('Concat', [builder.ints([1, 1]), builder.shape(x, 2)], [int('axis', 0)]);
  const real = padSame(builder, builder.emit('Expand', [builder.float(1), shape]), window).padded;
  const pads = builder.ints([0, 0, ...begin, 0, 0, ...end]);
  const ones = builder.emit('Pad', [real, pads, builder.float(countsPadding ? 1 : 0)]);
  // ceil_mode adds a last window that hangs over the end, by less than a stride.
  const tail = [...kernel.map(() => 0), ...strides.map((stride) => stride - 1)];
  const attributes = [ints('strides', strides), ints('dilations', dilations), ints('pads', tail)];
  const counts = builder.emit('Conv', [ones, onesKernel(builder, kernel)], attributes);
  return cutTo(builder, counts, builder.shape(y, 2), kernel.length);
}

function onesKernel(builder: GraphBuilder, kernel: readonly number[]): string {
  const area = kernel.reduce((product, extent) => product * extent, 1);
  return builder.floats([1, 1, ...kernel], Array<number>(area).fill(1));
}

function channelsAsSamples(builder: GraphBuilder, value: string): string {
  const shape = builder.emit('Concat', [builder.ints([-1, 1]), builder.shape(value, 2)], [int('axis', 0)]);
  return builder.emit('Reshape', [value, shape]);
}
