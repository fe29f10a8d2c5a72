import { type MetricArray, rowsOf } from './metrics.js';

/**
 * What rows of an output hold: scores of classes, their probabilities, or one share from 0 to 1 an element, which decides
 * between yes and no; or classes already decided on, as integers.
 */
export type Scale = 'logits' | 'probabilities' | 'shares' | 'classes';

/** Where an output's decisions stand: a row is `classes` elements, `stride` apart. */
export interface Layout {
  readonly scale: Scale;
  readonly rows: number;
  readonly classes: number;
  readonly stride: number;
  start(row: number): number;
}

/** Nothing is less likely than this: what float32 rounds to zero says nothing of its logarithm. */
const LEAST = 2 ** -126;

/** The shares that are next to 0 and 1 in float32, about. */
const EDGE = 6e-8;

/**
 * @param axis - the one that holds the classes, where it is not the last: 1 of maps [N, classes, height, width]
 */
export function layoutOf(array: MetricArray, samples: number, scale: Scale, axis?: number): Layout {
  const { dims, data } = array;
  if (scale === 'shares') return { scale, rows: data.length, classes: 2, stride: 0, start: (row) => row };
  if (scale === 'classes') return { scale, rows: data.length, classes: 1, stride: 0, start: (row) => row };
  if (axis !== undefined && axis < dims.length - 1) {
    const classes = dims[axis];
    const stride = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    const start = (row: number) => Math.floor(row / stride) * classes * stride + (row % stride);
    return { scale, rows: classes > 0 ? data.length / classes : 0, classes, stride, start };
  }
  const { rows, classes } = rowsOf(array, samples);
  return { scale, rows, classes, stride: 1, start: (row) => row * classes };
}

/**
 * A row as scores that noise is added to: logits as they are, probabilities by their logarithms, a share by its log-odds
 * against nought. False where one is no number.
 */
export function readScores({ data }: MetricArray, layout: Layout, row: number, into: Float64Array): boolean {
  const { scale, classes, stride } = layout;
  const start = layout.start(row);
  if (scale === 'shares') {
    const share = Math.min(1 - EDGE, Math.max(EDGE, data[start]));
    into[0] = 0;
    into[1] = Math.log(share / (1 - share));
    return !Number.isNaN(data[start]);
  }
  for (let i = 0; i < classes; i++) {
    const value = data[start + i * stride];
    if (Number.isNaN(value)) return false;
    into[i] = scale === 'probabilities' ? Math.log(Math.max(LEAST, value)) : value;
  }
  return true;
}

/** What a row decides on: the first of the largest; −1 where one is no number. */
export function decisionIn({ data }: MetricArray, layout: Layout, row: number): number {
  const { scale, classes, stride } = layout;
  const start = layout.start(row);
  if (scale === 'classes') return data[start];
  if (scale === 'shares') return Number.isNaN(data[start]) ? -1 : Number(data[start] > 0.5);
  let best = 0;
  for (let i = 0; i < classes; i++) {
    const value = data[start + i * stride];
    if (Number.isNaN(value)) return -1;
    if (value > data[start + best * stride]) best = i;
  }
  return best;
}
