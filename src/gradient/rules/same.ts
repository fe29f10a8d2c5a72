import { int } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import type { Window } from './window.js';

/**
 * Pads the spatial axes of `x` as auto_pad SAME does with a stride: so that as many windows fit as there are strides in x.
 * How much that takes is found when the graph runs. A window that knows its padding leaves x as it is.
 *
 * @returns the padded value, and what cuts the padding off a value of that shape again
 */
export function padSame(builder: GraphBuilder, x: string, { kernel, strides, dilations, same }: Window) {
  if (!same) return { padded: x, cut: (value: string) => value };
  const sizes = builder.shape(x, 2);
  const steps = builder.ints(strides);
  const reach = kernel.map((extent, i) => dilations[i] * (extent - 1) + 1);
  // The last window starts (⌈size / stride⌉ − 1) · stride elements in, and ends `reach` further on.
  const last = builder.emit('Div', [builder.emit('Sub', [sizes, builder.ints([1])]), steps]);
  const span = builder.emit('Add', [builder.emit('Mul', [last, steps]), builder.ints(reach)]);
  const total = builder.emit('Max', [builder.emit('Sub', [span, sizes]), builder.ints([0])]);
  const smaller = builder.emit('Div', [total, builder.ints([2])]);
  const larger = builder.emit('Sub', [total, smaller]);
  const [begin, end] = same === 'SAME_UPPER' ? [smaller, larger] : [larger, smaller];
  const none = builder.ints([0, 0]);
  const pads = builder.emit('Concat', [none, begin, none, end], [int('axis', 0)]);
  const back = builder.emit('Neg', [pads]);
  return {
    padded: builder.emit('Pad', [x, pads]),
    cut: (value: string) => builder.emit('Pad', [value, back]),
  };
}
