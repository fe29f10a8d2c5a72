import { dataTypeOf } from '../../binary/dtype.js';
import type { Fitted } from '../../quantize/formats/format.js';
import { isUniform, type ValueRounding } from '../../quantize/values.js';
import { int } from '../attributes.js';
import { type Emitter, reduce } from './emitter.js';
import { type Step, stepsOf } from './steps.js';

/** Sets of so many magnitudes are told one by one; larger ones are floats, which have a rule. */
const MOST_STEPS = 32;

/**
 * Appends what rounds a float32 value to a format and gives floats again, in operators that every runtime has: the same
 * numbers as hardware of that format would have, as far as sums of floats are exact.
 *
 * @returns the name of the rounded value
 */
export function emitFake(emitter: Emitter, value: string, rounding: ValueRounding): string {
  const { format, fitted, isOnline } = rounding;
  if (isUniform(format)) return uniform(emitter, value, fitted, isOnline);
  const steps = stepsOf(fitted);
  return steps.length <= MOST_STEPS
    ? staircase(emitter, value, fitted, steps)
    : floating(emitter, value, fitted, format);
}

/** Div, Round, Clip, Mul. */
function uniform(emitter: Emitter, value: string, { set, scale, offset }: Fitted, isOnline: boolean): string {
  const { low, high } = set;
  const step = isOnline ? rangeOfBatch(emitter, value, Math.max(-low, high)) : emitter.float(scale);
  const moved = offset === 0 ? value : emitter.emit('Sub', [value, emitter.float(offset)]);
  const rounded = emitter.emit('Round', [emitter.emit('Div', [moved, step])]);
  const clipped = emitter.emit('Clip', [rounded, emitter.float(low), emitter.float(high)]);
  const scaled = emitter.emit('Mul', [clipped, step]);
  return offset === 0 ? scaled : emitter.emit('Add', [scaled, emitter.float(offset)]);
}

/** The step that holds the largest magnitudes of a batch's samples, on average. */
function rangeOfBatch(emitter: Emitter, value: string, reach: number): string {
  const rows = emitter.emit('Flatten', [emitter.emit('Abs', [value])], [int('axis', 1)]);
  const most = reduce(emitter, 'ReduceMean', reduce(emitter, 'ReduceMax', rows, 1), 0);
  // Of a batch of zeros any step will do.
  const held = emitter.emit('Max', [emitter.emit('Squeeze', [most]), emitter.float(1e-30)]);
  return emitter.emit('Div', [held, emitter.float(reach)]);
}

/** A sum over the magnitudes of a format: each adds how far it is above the one before, where the border to it is reached. */
function staircase(emitter: Emitter, value: string, { set, scale }: Fitted, steps: readonly Step[]): string {
  const size = emitter.emit('Abs', [value]);
  const parts = steps.map(({ border, rise }) =>
    emitter.emit('Mul', [reached(emitter, size, border * scale), emitter.float(rise * scale)]),
  );
  const sum = parts.reduce((all, part) => emitter.emit('Add', [all, part]));
  if (set.nearest(0) === 0) return emitter.emit('Mul', [emitter.emit('Sign', [value]), sum]);
  // Where zero has no code it counts as positive.
  const sign = emitter.emit('Sub', [
    emitter.emit('Mul', [reached(emitter, value, 0), emitter.float(2)]),
    emitter.float(1),
  ]);
  return emitter.emit('Mul', [sign, sum]);
}

/** Floats of few bits: a quantum for each power of two, and multiples of that. */
function floating(emitter: Emitter, value: string, { set, scale }: Fitted, format: string): string {
  const [, mantissa] = /m(\d+)$/.exec(format) ?? [];
  const bits = Number(mantissa);
  const x = emitter.emit('Div', [value, emitter.float(scale)]);
  const log = emitter.emit('Mul', [emitter.emit('Log', [emitter.emit('Abs', [x])]), emitter.float(Math.LOG2E)]);
  const exponent = emitter.emit('Max', [emitter.emit('Floor', [log]), emitter.float(bits)]);
  const quantum = emitter.emit('Pow', [emitter.float(2), emitter.emit('Sub', [exponent, emitter.float(bits)])]);
  const rounded = emitter.emit('Mul', [emitter.emit('Round', [emitter.emit('Div', [x, quantum])]), quantum]);
  const clipped = emitter.emit('Clip', [rounded, emitter.float(set.low), emitter.float(set.high)]);
  const scaled = emitter.emit('Mul', [clipped, emitter.float(scale)]);
  // Without subnormals there is nothing below the least power of two.
  const hasSubnormals = set.nearest(1) !== 0;
  return hasSubnormals ? scaled : emitter.emit('Mul', [scaled, reached(emitter, emitter.emit('Abs', [x]), 2 ** bits)]);
}

/** 1 from a border on, 0 below it. */
function reached(emitter: Emitter, value: string, border: number): string {
  const isBelow = emitter.emit('Less', [value, emitter.float(border)]);
  return emitter.emit('Cast', [emitter.emit('Not', [isBelow])], [int('to', dataTypeOf('float32'))]);
}
