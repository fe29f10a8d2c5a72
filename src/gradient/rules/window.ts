import type { onnx } from 'onnx-proto';
import { int, ints, readInts, readString } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { unsupported } from './rule.js';

/** The sliding window of a convolution or pooling: one number a spatial axis in each list. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of and behind each spatial axis. */
  readonly begin: readonly number[];
  readonly end: readonly number[];
  /** Set when the padding has to be found from the input's size, see `padSame`; until then there is none. */
  readonly same?: SamePadding | undefined;
}

type SamePadding = 'SAME_UPPER' | 'SAME_LOWER';

/** Reads the window attributes of a Conv or pooling node; `kernel` is the extent of the kernel without dilation. */
export function readWindow(node: onnx.INodeProto, kernel: readonly number[]): Window {
  const { strides, dilations, same } = readSteps(node, kernel);
  if (!same) return { kernel, strides, dilations, ...readPads(node, kernel) };
  const reach = kernel.map((extent, i) => dilations[i] * (extent - 1));
  if (strides.every((stride) => stride === 1)) return { kernel, strides, dilations, ...halves(reach, same) };
  // The padding then depends on the input's size.
  const none = kernel.map(() => 0);
  return { kernel, strides, dilations, begin: none, end: none, same };
}

/** Reads the same of a ConvTranspose, whose padding is known in any case: it makes the output stride times the input. */
export function readTransposedWindow(node: onnx.INodeProto, kernel: readonly number[]): Window {
  const { strides, dilations, same } = readSteps(node, kernel);
  if (!same) return { kernel, strides, dilations, ...readPads(node, kernel) };
  const extra = readInts(node, 'output_padding') ?? kernel.map(() => 0);
  const surplus = kernel.map((extent, i) => dilations[i] * (extent - 1) + 1 + extra[i] - strides[i]);
  if (surplus.some((pad) => pad < 0)) throw unsupported(node, 'auto_pad SAME with a stride above the kernel');
  return { kernel, strides, dilations, ...halves(surplus, same) };
}

function readSteps(node: onnx.INodeProto, kernel: readonly number[]): Pick<Window, 'strides' | 'dilations' | 'same'> {
  const autoPad = readString(node, 'auto_pad', 'NOTSET');
  return {
    strides: readInts(node, 'strides') ?? kernel.map(() => 1),
    dilations: readInts(node, 'dilations') ?? kernel.map(() => 1),
    same: autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER' ? autoPad : undefined,
  };
}

function readPads(node: onnx.INodeProto, kernel: readonly number[]): Pick<Window, 'begin' | 'end'> {
  const rank = kernel.length;
  const given = readString(node, 'auto_pad', 'NOTSET') === 'NOTSET' && readInts(node, 'pads');
  const pads = given || Array<number>(2 * rank).fill(0);
  return { begin: pads.slice(0, rank), end: pads.slice(rank) };
}

/** Of an odd total, SAME_UPPER puts the larger half behind and SAME_LOWER in front. */
function halves(totals: readonly number[], same: SamePadding): Pick<Window, 'begin' | 'end'> {
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total) => Math.ceil(total / 2));
  return same === 'SAME_UPPER' ? { begin: smaller, end: larger } : { begin: larger, end: smaller };
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
