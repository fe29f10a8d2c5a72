import { int, ints, readInt, readInts } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';
import { padSame } from './same.js';
import { cutTo, readTransposedWindow, readWindow, slideBack, type Window } from './window.js';

/** Convolution of any spatial rank, with strides, dilations, groups and asymmetric padding. */
export const conv: GradientRule = {
  differentiable: [0, 1, 2],
  backward(context) {
    const { node, builder, inputs, gradient, needs } = context;
    const [x, weight, bias] = inputs;
    const kernel = kernelOf(context);
    const window = readWindow(node, kernel);
    const group = readInt(node, 'group', 1);
    const { padded, cut } = padSame(builder, x, window);
    return [
      needs(0) ? cut(slideBack(builder, gradient, weight, padded, window, group)) : undefined,
      needs(1) ? gradientOfWeight(context, padded, gradient, window, group) : undefined,
      bias && needs(2) ? gradientOfBias(builder, gradient, kernel.length) : undefined,
    ];
  },
};

/** The transpose of a convolution: forward and backward change places, and with them the image and the gradient. */
export const convTranspose: GradientRule = {
  differentiable: [0, 1, 2],
  backward(context) {
    const { node, builder, inputs, gradient, needs } = context;
    const [x, weight, bias] = inputs;
    const kernel = kernelOf(context);
    // It sets the padding by sizes that are known only when the model runs.
    if (readInts(node, 'output_shape')) throw unsupported(node, 'output_shape');
    const window = readTransposedWindow(node, kernel);
    const group = readInt(node, 'group', 1);
    return [
      needs(0) ? slide(builder, gradient, weight, window, group) : undefined,
      needs(1) ? gradientOfWeight(context, gradient, x, window, group) : undefined,
      bias && needs(2) ? gradientOfBias(builder, gradient, kernel.length) : undefined,
    ];
  },
};

/** The spatial sizes of a kernel, which have to be known when the graph is made. */
function kernelOf({ node, builder, inputs: [, weight] }: RuleContext): readonly number[] {
  const kernel = builder.dims(weight)?.slice(2) ?? readInts(node, 'kernel_shape');
  if (!kernel) throw unsupported(node, 'a kernel whose size is not stored in the model');
  return kernel;
}

function slide(builder: GraphBuilder, x: string, weight: string, window: Window, group: number): string {
  const { kernel, strides, dilations, begin, end } = window;
  const lists = { kernel_shape: kernel, strides, dilations, pads: [...begin, ...end] };
  const attributes = Object.entries(lists).map(([name, values]) => ints(name, values));
  return builder.emit('Conv', [x, weight], [...attributes, int('group', group)]);
}

/**
 * dW is itself a convolution: x slid over by dY, with samples and channels swapped, and stride and dilation swapped.
 * With groups, each group's channels of x meet only the same group's channels of dY; putting group × sample where
 * the channels stand makes that one grouped convolution (depthwise is the case of one channel a group).
 */
function gradientOfWeight(
  { node, builder, inputs: [, weight] }: RuleContext,
  x: string,
  dY: string,
  { kernel, strides, dilations, begin, end }: Window,
  group: number,
): string {
  const rank = kernel.length;
  const swap = [1, 0, ...kernel.map((_, i) => i + 2)];
  const swapped = (value: string) => builder.emit('Transpose', [value], [ints('perm', swap)]);

  let samples: string;
  if (group === 1) samples = swapped(x);
  else {
    const channels = builder.dims(weight)?.[1];
    if (channels === undefined) throw unsupported(node, 'groups with a kernel that is not stored in the model');
    samples = groupsFirst(builder, x, group, channels);
  }
  // No kernel_shape here: the kernel is dY, whose size depends on the input's.
  const attributes = [ints('strides', dilations), ints('dilations', strides), ints('pads', [...begin, ...end])];
  const slid = builder.emit('Conv', [samples, swapped(dY)], [...attributes, int('group', group)]);
  // Elements of x that no window reached leave surplus positions behind the kernel's own.
  const exact = strides.every((stride) => stride === 1);
  return swapped(exact ? slid : cutTo(builder, slid, builder.ints(kernel), rank));
}

/** [N, g · c, spatial…] → [c, g · N, spatial…], for c channels a group. */
function groupsFirst(builder: GraphBuilder, x: string, group: number, channels: number): string {
  const flat = builder.emit('Reshape', [x, builder.ints([0, group, channels, -1])]);
  const moved = builder.emit('Transpose', [flat], [ints('perm', [2, 1, 0, 3])]);
  const shape = builder.emit('Concat', [builder.ints([channels, -1]), builder.shape(x, 2)], [int('axis', 0)]);
  return builder.emit('Reshape', [moved, shape]);
}

function gradientOfBias(builder: GraphBuilder, gradient: string, rank: number): string {
  const axes = [0, ...Array.from({ length: rank }, (_, i) => i + 2)];
  return builder.emit('ReduceSum', [gradient, builder.ints(axes)], [int('keepdims', 0)]);
}
