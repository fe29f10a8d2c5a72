import type { Computation, Step } from './computation.js';

/** Memory that one value has, or several one after the other, and from which step to which. */
export interface Lifetime {
  /** The first of its values. */
  readonly name: string;
  readonly values: readonly string[];
  readonly bytes: number;
  /** The steps at which it is first and last needed, both included. What goes in is there from step 0 on, what comes out to the end. */
  readonly first: number;
  readonly last: number;
}

/** Operators whose output is their first input under another shape. */
const VIEWS: ReadonlySet<string> = new Set('Reshape Flatten Identity Squeeze Unsqueeze Dropout'.split(' '));

/** Operators that can write each element of the output over that of an input: softmax in three passes, all others in one. */
const ELEMENTWISE: ReadonlySet<string> = new Set(
  [
    'Abs Add BatchNormalization Ceil Celu Clip Cos Div Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log',
    'LogSoftmax Max Mean Min Mish Mul Neg Pow PRelu Reciprocal Relu Round Selu Sigmoid Sign Sin Softmax Softplus Softsign Sqrt',
    'Sub Sum Tanh ThresholdedRelu',
  ]
    .join(' ')
    .split(' '),
);

/**
 * Which memory is needed when.
 *
 * @param bytesOf - what a value takes
 * @param isInPlace - whether views share their input's memory, and elementwise operators overwrite an input that nobody
 *   reads afterwards; else every value has memory of its own
 *
 * @example
 * lifetimesOf(computation, (name) => sizes.get(name) ?? 0, false);
 */
export function lifetimesOf(
  { inputs, outputs, steps }: Computation,
  bytesOf: (value: string) => number,
  isInPlace: boolean,
): Lifetime[] {
  const lastRead = new Map<string, number>();
  for (const [i, { reads }] of steps.entries()) for (const name of reads) lastRead.set(name, i);
  // Behind the last step, so that not even that overwrites them.
  for (const name of outputs) lastRead.set(name, steps.length);
  const homes = new Map<string, Home>();
  const all: Home[] = [];
  const settle = (name: string, step: number, home?: Home) => {
    const last = Math.max(step, lastRead.get(name) ?? step);
    const own = home ?? { values: [], bytes: bytesOf(name), first: step, last };
    if (!home) all.push(own);
    own.values.push(name);
    own.last = Math.max(own.last, last);
    homes.set(name, own);
  };
  for (const name of inputs) settle(name, 0);
  for (const [i, step] of steps.entries()) {
    const home = isInPlace ? homeOf(step, i, homes, bytesOf) : undefined;
    for (const [at, name] of step.makes.entries()) settle(name, i, at === 0 ? home : undefined);
  }
  const end = Math.max(0, steps.length - 1);
  return all.map((home) => ({ name: home.values[0], ...home, last: Math.min(home.last, end) }));
}

interface Home {
  readonly values: string[];
  readonly bytes: number;
  readonly first: number;
  last: number;
}

/** The memory of an input that a step's first output can have, too. */
function homeOf(
  { op, reads, makes }: Step,
  place: number,
  homes: ReadonlyMap<string, Home>,
  bytesOf: (value: string) => number,
): Home | undefined {
  if (makes.length === 0) return undefined;
  const bytes = bytesOf(makes[0]);
  if (VIEWS.has(op)) {
    const home = homes.get(reads[0] ?? '');
    return home?.bytes === bytes ? home : undefined;
  }
  if (!ELEMENTWISE.has(op)) return undefined;
  // An input as large as the output is not broadcast; nothing else in its memory may be read any more.
  return reads
    .filter((name) => bytesOf(name) === bytes)
    .map((name) => homes.get(name))
    .find((home) => home?.bytes === bytes && home.last === place);
}

/** Bytes that are alive at each step. */
export function liveBytes(lifetimes: readonly Lifetime[], steps: number): number[] {
  const live = new Array<number>(steps).fill(0);
  for (const { first, last, bytes } of lifetimes) for (let i = first; i <= last; i++) live[i] += bytes;
  return live;
}

/** The least memory that any placement can do with: the most bytes that are alive at once. */
export function boundOf(lifetimes: readonly Lifetime[], steps: number): number {
  return liveBytes(lifetimes, steps).reduce((most, bytes) => Math.max(most, bytes), 0);
}
