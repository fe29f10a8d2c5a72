import type { Port } from '../../onnx/interface.js';
import { isFloat } from '../cast.js';
import { isFixed } from '../fit.js';

/** What an input is, as far as its type, shape and name tell. */
export type InputKind = 'pictures' | 'sound' | 'tokens' | 'state' | 'control' | 'features';

const STATE = /state|hidden|cache|past|memory|^[hc]\d*$|^[hc](_|n|x|in)|lstm|gru/i;
/** Fewer values in a row are no waveform, and no picture written as a line. */
const SHORTEST_SOUND = 400;
const SMALLEST_EDGE = 8;
const LARGEST_EDGE = 64;
const COLOURS = [1, 3, 4] as const;

/**
 * Finds out what an input takes: rows of a table picked by whole numbers are tokens, [N, C, H, W] and [N, H, W, C] pictures (so are
 * spectrograms, and squares written as a line), long rows sound; a state is what the model gives back; other whole numbers
 * are for control (masks, rates, lengths), and what is left are features.
 */
export function kindOf({ name, type, shape, rows }: Port): InputKind {
  const rank = shape.length;
  const last = shape.at(-1);
  if (rows !== undefined && !/position|token_type|segment|mask/i.test(name)) return 'tokens';
  if (rank === 4 && COLOURS.some((channels) => shape[1] === channels || shape[3] === channels)) return 'pictures';
  if (rank === 4 && type === 'uint8') return 'pictures';
  if (!isFloat(type) || rank === 0) return 'control';
  if (/mask/i.test(name)) return 'control';
  if (rank >= 2 && STATE.test(name)) return 'state';
  if (rank === 4) return 'pictures';
  const isLong = !isFixed(last) || last >= SHORTEST_SOUND;
  if (rank === 2 && isFixed(last) && isEdge(Math.sqrt(last))) return 'pictures';
  if ((rank === 2 || (rank === 3 && shape[1] === 1)) && isLong) return 'sound';
  return rank === 3 ? 'pictures' : 'features';
}

/** Edges of pictures that a model leaves open, by the names under which sizes are given, without those that one is given for. */
export function openEdges(inputs: readonly Port[], given: Readonly<Record<string, number>> = {}): string[] {
  const pictures = inputs.filter((input) => kindOf(input) === 'pictures');
  const edges = pictures.flatMap(({ name, shape }) =>
    shape.flatMap((dim, axis) => {
      const place = `${name}[${axis}]`;
      const edge = typeof dim === 'string' && dim !== '' ? dim : place;
      return axis === 0 || isFixed(dim) || given[edge] !== undefined || given[place] !== undefined ? [] : [edge];
    }),
  );
  return [...new Set(edges)];
}

/** Edges of a strip, as a reader of text or a strip chart takes it. */
const STRIP = [64, 256] as const;

/** The edges of a strip, by their names, where a model leaves both edges of its pictures open: it may take strips or squares. */
export function stripEdges(inputs: readonly Port[], given?: Readonly<Record<string, number>>) {
  const edges = openEdges(inputs, given);
  return edges.length === STRIP.length ? Object.fromEntries(edges.map((edge, i) => [edge, STRIP[i]])) : undefined;
}

/** Whether an input tells how many samples a second of sound has. */
export function isRate(name: string): boolean {
  return /^sr$|samp\w*_?rate/i.test(name);
}

function isEdge(length: number): boolean {
  return Number.isInteger(length) && length >= SMALLEST_EDGE && length <= LARGEST_EDGE;
}
