import { formatBytes, formatCount, formatShare, shorten } from '../inspect/format.js';
import type { Skipped, Tensor } from '../model/model.js';
import { exactly, type Selector } from '../model/selectors.js';
import { isPatchable } from '../model/weights.js';
import { isVarintHalf } from '../onnx/halves.js';
import { shellWord } from './shell.js';

/** Whether a lossy stage may change a tensor, once it has places for its values. */
export function isChangeable(tensor: Tensor): boolean {
  return isPatchable(tensor) || isVarintHalf(tensor);
}

/** Share of the bytes of floating-point numbers that may stay as they are without a word. */
const MUCH = 0.1;
/** Tensors that are named, the largest ones, and names of one operator's tensors that are worth listing. */
const NAMED = 4;
const LISTED = 2;

/**
 * Says so where much of a model's floating-point numbers is left alone: which tensors, how large, what reads them, and
 * what takes them in.
 *
 * @param all - of the model
 * @param asked - those that nobody has excluded
 * @param chosen - those that are worked on
 * @param include - the selectors that chose them
 */
export function leftAlone(
  all: readonly Tensor[],
  asked: readonly Tensor[],
  chosen: readonly Tensor[],
  include: readonly Selector[],
): string[] {
  const isChosen = new Set(chosen);
  const floats = all.filter(isFloat);
  const left = asked.filter((tensor) => isFloat(tensor) && !isChosen.has(tensor));
  const bytes = bytesOf(left);
  if (bytes <= MUCH * bytesOf(floats)) return [];
  const largest = [...left].sort((a, b) => b.length - a.length);
  const named = largest.slice(0, NAMED).map((tensor) => {
    const reader = tensor.op === '' ? 'no operator reads it' : `read by ${tensor.op}`;
    return `${shorten(tensor.name, 60)} (${formatBytes(tensor.length)}, ${reader})`;
  });
  const more = largest.length > NAMED ? ` and ${formatCount(largest.length - NAMED)} more` : '';
  const share = formatShare(bytes / bytesOf(floats));
  const head = `${share} of the floating-point numbers are left alone, ${formatBytes(bytes)}: ${named.join(', ')}${more}`;
  const free = largest.filter(isChangeable);
  const fixed = largest.filter((tensor) => !isChangeable(tensor));
  const types = [...new Set(fixed.map(({ dtype }) => dtype))].join(', ');
  const hints = [
    ...(free.length > 0
      ? [`--include ${[...include, ...selectorsOf(free)].map(shellWord).join(' ')} takes them in`]
      : []),
    ...(fixed.length > 0 ? [`of ${types} no stage changes any`] : []),
  ];
  return [`${head}; ${hints.join('; ')}`];
}

/** Selectors that find these tensors: names where they are few, and else the operator that reads them. */
function selectorsOf(tensors: readonly Tensor[]): Selector[] {
  const groups = new Map<string, Tensor[]>();
  for (const tensor of tensors) {
    const group = groups.get(tensor.op);
    if (group) group.push(tensor);
    else groups.set(tensor.op, [tensor]);
  }
  return [...groups].flatMap(([op, group]) => {
    if (group.length <= LISTED) return group.map(({ name }) => exactly(name));
    return op === '' ? [...new Set(group.map(({ role }) => `role:${role}`))] : [`op:${op}`];
  });
}

function isFloat({ dtype }: Tensor): boolean {
  return /^b?float\d/.test(dtype);
}

/**
 * What calibration has left out, in a line: how much of the weights' bytes that is, and why; `undefined` where nothing is.
 *
 * @param bytes - of all weights
 */
export function leftOut(skipped: readonly Skipped[], bytes: number): string | undefined {
  if (skipped.length === 0) return undefined;
  const reasons = new Map<string, Tensor[]>();
  for (const { tensor, reason } of skipped) reasons.set(reason, [...(reasons.get(reason) ?? []), tensor]);
  const parts = Array.from(reasons, ([reason, tensors]) => {
    const names = tensors.slice(0, LISTED).map(({ name }) => shorten(name, 60));
    const more = tensors.length > LISTED ? ` and ${formatCount(tensors.length - LISTED)} more` : '';
    return `${names.join(', ')}${more} (${reason})`;
  });
  const left = bytesOf(skipped.map(({ tensor }) => tensor));
  return `not calibrated but clustered, ${formatShare(left / Math.max(bytes, left))} of the bytes of weights: ${parts.join('; ')}`;
}

/** Which tensors are written as waves, in a line; `undefined` where none are. */
export function asWaves(waves: readonly Tensor[]): string | undefined {
  if (waves.length === 0) return undefined;
  const names = waves.slice(0, NAMED).map(({ name }) => shorten(name, 60));
  const more = waves.length > NAMED ? ` and ${formatCount(waves.length - NAMED)} more` : '';
  return `waves that nobody learned, kept to within a millionth in a few bytes a line: ${names.join(', ')}${more}`;
}

export function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { length }) => sum + length, 0);
}
