import type { Batch } from '../data/dataset.js';
import type { OutputArray } from '../runtime/session.js';
import type { MetricArray } from './metrics.js';

/** An output among the others that a model answers by. */
export interface Answer {
  readonly name: string;
  readonly outputs: Readonly<Record<string, OutputArray>>;
}

/** Numbers of several kinds along an axis of one output, of which each is measured by its own energy. */
export interface Parts {
  readonly axis: number;
  /** Where each ends, along that axis. */
  readonly ends: readonly number[];
}

/** An output's parts as outputs of their own; the whole where it has none. */
export function cutParts(output: MetricArray, parts: Parts | undefined): MetricArray[] {
  if (!parts) return [output];
  const { dims, data, type } = output;
  const { axis, ends } = parts;
  const product = (of: readonly number[]) => of.reduce((all, dim) => all * dim, 1);
  const [outer, inner] = [product(dims.slice(0, axis)), product(dims.slice(axis + 1))];
  return ends.map((end, part) => {
    const first = part === 0 ? 0 : ends[part - 1];
    const run = (end - first) * inner;
    const own = new Float64Array(outer * run);
    for (let i = 0; i < outer; i++) {
      const from = (i * dims[axis] + first) * inner;
      own.set(data.subarray(from, from + run), i * run);
    }
    return { type, data: own, dims: dims.map((dim, i) => (i === axis ? end - first : dim)) };
  });
}

/** Left, top, right and bottom, or centre and size, or how far these are off an anchor. */
const COORDINATES = 4;

/** What those who export detectors call places in an image. */
const PLACE_NAME =
  /(^|[^a-z])(b?box(es)?|bboxes|locs?|regress(ion|ors?)?|offsets?|deltas?|landmarks?|keypoints?|coord(inate)?s?)([^a-z]|$)/i;

/** So many rows, each with the far corner beyond the near one, are no scores: of those one row in four is so by chance. */
const FEWEST_ROWS = 8;

/**
 * Whether an output holds places in an image, which are measured and not decided on, although rows of four look like scores of
 * four classes. Told by its name, or beside another output with a row for each of its rows: where that is at anchors of an
 * image, or all rows are two corners in order.
 */
export function isPlaces(output: OutputArray, batch: Batch, { name, outputs }: Answer): boolean {
  if (PLACE_NAME.test(name.replace(/([a-z])(?=[A-Z])/g, '$1_'))) return true;
  const { dims, data } = output;
  if (dims.length < 2 || dims[dims.length - 1] !== COORDINATES) return false;
  const places = dims.slice(0, -1);
  const isBeside = Object.entries(outputs).some(
    ([other, array]) => other !== name && `${array.dims.slice(0, places.length)}` === `${places}`,
  );
  if (!isBeside) return false;
  const isImage = Object.values(batch.inputs).some((input) => input.dims.length === 4);
  if (isImage && dims.length > 2) return true;
  const rows = data.length / COORDINATES;
  for (let at = 0; at < data.length; at += COORDINATES) {
    if (!(data[at] <= data[at + 2] && data[at + 1] <= data[at + 3])) return false;
  }
  return rows >= FEWEST_ROWS;
}

/** Coordinates of an image are far beyond a share: most of those of boxes and no share are above this. */
const PIXEL = 1.5;
const MOSTLY = 0.5;
/** Where boxes are shares of the image, they are spread, and nearly all scores next to nothing: on average above and below these. */
const SPREAD = 0.15;
const NOTHING = 0.05;
/** Rows that are looked at. */
const LOOKED = 4096;

/**
 * Where boxes, scores and what else there is lie in the one output of a detector, as the YOLOs have it: [N, 4 + classes, rows] or
 * [N, rows, 4 + 1 + classes], for an image. Told by their numbers: the first four are pixels, the two of size none below nought, and
 * at least one behind them lies between 0 and 1 in every row; masks and keypoints may follow. Boxes that are shares of the image
 * cannot be told from scores: where they may be some, the answer is `unsure`.
 */
export function boxesAndScores({ dims, data }: OutputArray, batch: Batch): Parts | 'unsure' | undefined {
  const isImage = Object.values(batch.inputs).some((input) => input.dims.length === 4);
  if (!isImage || dims.length !== 3) return undefined;
  let isUnsure = false;
  for (const axis of [1, 2]) {
    const [channels, rows] = [dims[axis], dims[3 - axis]];
    if (channels <= COORDINATES || rows < FEWEST_ROWS) continue;
    const [ofChannel, ofRow] = axis === 1 ? [rows, 1] : [1, channels];
    const every = Math.ceil((dims[0] * rows) / LOOKED);
    let [pixels, seen, isSized, end] = [0, 0, true, channels];
    let [boxes, scores] = [0, 0];
    for (let row = 0; row < dims[0] * rows; row += every) {
      const at = Math.floor(row / rows) * channels * rows + (row % rows) * ofRow;
      for (let channel = 0; channel < COORDINATES; channel++) {
        const value = data[at + channel * ofChannel];
        if (value > PIXEL) pixels++;
        boxes += value;
        if (!(channel < 2 ? Number.isFinite(value) : value >= 0)) isSized = false;
      }
      seen += COORDINATES;
      for (let channel = COORDINATES; channel < end; channel++) {
        const value = data[at + channel * ofChannel];
        if (!(value >= 0 && value <= 1)) end = channel;
        scores += value;
      }
    }
    const rest = (seen / COORDINATES) * (channels - COORDINATES);
    if (isSized && pixels === 0 && end === channels && boxes > SPREAD * seen && scores < NOTHING * rest)
      isUnsure = true;
    if (!isSized || pixels < MOSTLY * seen || end === COORDINATES) continue;
    return { axis, ends: end < channels ? [COORDINATES, end, channels] : [COORDINATES, end] };
  }
  return isUnsure ? 'unsure' : undefined;
}
