import type { Batch } from '../data/dataset.js';
import type { OutputArray } from '../runtime/session.js';

/** An output among the others that a model answers by. */
export interface Answer {
  readonly name: string;
  readonly outputs: Readonly<Record<string, OutputArray>>;
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
