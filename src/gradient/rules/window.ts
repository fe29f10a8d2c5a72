import type { onnx } from 'onnx-proto';
import { int, ints, readInts, readString } from '../attributes.js';
import type { GraphBuilder } from '../builder.js';
import { unsupported } from './rule.js';

/** The sliding window of a convolution or pooling: one number a spatial axis in each list. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of and behind each spatial axis. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Reads the window attributes of a Conv or pooling node; `kernel` is the extent of the kernel without dilation. */
export function readWindow(node: onnx.INodeProto, kernel: readonly number[]): Window {
  const rank = kernel.length;
  const strides = readInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = readInts(node, 'dilations') ?? kernel.map(() => 1);
  const autoPad = readString(node, 'auto_pad', 'NOTSET');
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
    // The padding then depends on the input's size, unless the stride is 1: what is needed is dilation · (kernel − 1).
    if (strides.some((stride) => stride !== 1)) throw unsupported(node, `auto_pad ${autoPad} with a stride above 1`);
    const total = kernel.map((extent, i) => dilations[i] * (extent - 1));
    const smaller = total.map((pad) => Math.floor(pad / 2));
    const larger = total.map((pad) => Math.ceil(pad / 2));
    const upper = autoPad === 'SAME_UPPER';
    return { kernel, strides, dilations, begin: upper ? smaller : larger, end: upper ? larger : smaller };
  }
  const pads = (autoPad === 'NOTSET' && readInts(node, 'pads')) || Array<number>(2 * rank).fill(0);
  return { kernel, strides, dilations, begin: pads.slice(0, rank), end: pads.slice(rank) };
}

/**
 * The transpose of sliding a window over `x`: every element of `gradient`, times `weight`, is added to the places its
 * window covered. The result has the spatial size of `x` whatever that is, so no shape has to be known beforehand.
 */
export function slideBack(
  builder: GraphBuilder,
  gradient: string,
  weight: string,
  x: string,
  { kernel, strides, dilations, begin, end }: Window,
  group: number,
  mayOverrun = false,
): string {
  const attributes = [ints('kernel_shape', kernel), ints('strides', strides), ints('dilations', dilations)];
  const transposed = (pads: readonly number[], extra: onnx.IAttributeProto[] = []) =>
    builder.emit(
      'ConvTranspose',
      [gradient, weight],
      [...attributes, int('group', group), ints('pads', pads), ...extra],
    );

  // With stride 1 every element lies under a window, and the sizes fit as they are.
  if (!mayOverrun && strides.every((stride) => stride === 1)) return transposed([...begin, ...end]);
  // Otherwise up to stride − 1 trailing elements of x lie under no window: make room for them, then cut to size.
  const room = [
    ints(
      'output_padding',
      strides.map((stride) => stride - 1),
    ),
  ];
  const full = transposed([...begin, ...kernel.map(() => 0)], room);
  return cutTo(builder, full, builder.shape(x, 2), kernel.length);
}

/** Cuts the spatial axes of `value` (all after the first two) to `sizes`, an int64 vector of `rank` elements. */
export function cutTo(builder: GraphBuilder, value: string, sizes: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, i) => i + 2);
  return builder.emit('Slice', [value, builder.ints(axes.map(() => 0)), sizes, builder.ints(axes)]);
}
