import { FxqError } from '../errors.js';

/**
 * The right classes as plain numbers: whole numbers from 0, of integers of any width or of floats, of shape [N] or
 * [N, 1], or as one-hot rows [N, classes]. How many classes the model has is for {@link checkLabels}.
 *
 * @param file - for messages
 * @throws FxqError `DATASET` for anything else
 * @example
 * toLabels({ data: [2n, 0n], dims: [2, 1] }, 'test.npz'); // [2, 0]
 * toLabels({ data: [0, 1, 1, 0], dims: [2, 2] }, 'test.npz'); // [1, 0]
 */
export function toLabels(
  labels: { data: ArrayLike<number | bigint>; dims: readonly number[] },
  file: string,
): number[] {
  const { data, dims } = labels;
  const [count] = dims;
  if (dims.length > 0 && data.length === count) {
    const classes = Array.from(data, Number);
    checkLabels(classes, { where: file, given: data });
    return classes;
  }
  const got = `[${dims.join(', ')}]`;
  const wrong = (found: string) => {
    const message = `${file}: expected one label a sample, or one-hot rows, got labels of shape ${found}; for rows of probabilities save argmax(axis=1)`;
    return new FxqError('DATASET', message, { file, tensor: 'labels', expected: '[N]', actual: got });
  };
  if (dims.length !== 2) throw wrong(got);
  const [, width] = dims;
  return Array.from({ length: count }, (_, sample) => {
    const row = Array.from({ length: width }, (_, i) => Number(data[sample * width + i]));
    if (row.filter((value) => value === 1).length === 1 && row.filter((value) => value === 0).length === width - 1) {
      return row.indexOf(1);
    }
    throw wrong(`${got} with a row that is not one 1 among zeros (sample ${sample})`);
  });
}

/** What labels are held against. */
export interface LabelCheck {
  /** Classes that the model tells apart. Default: not known. */
  readonly classes?: number | undefined;
  /** Samples that came before these. Default 0. */
  readonly before?: number | undefined;
  /** For messages. Default `labels`. */
  readonly where?: string | undefined;
  /** What they were made from, for messages. Default: the labels. */
  readonly given?: ArrayLike<unknown> | undefined;
}

/**
 * Checks that labels are whole numbers from 0 to classes − 1.
 *
 * @throws FxqError `DATASET` that says what was found, and what it looks like
 */
export function checkLabels(labels: ArrayLike<number>, check: LabelCheck): void {
  const { classes, before = 0, where = 'labels', given = labels } = check;
  const end = classes ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (Number.isSafeInteger(label) && label >= 0 && label < end) continue;
    const all = Array.from(labels).filter((each) => !Number.isNaN(each));
    const [low, high] = [Math.min, Math.max].map((of) => all.reduce((a, b) => of(a, b), all[0]));
    const expected = `whole numbers from 0${classes === undefined ? '' : ` to ${classes - 1}`}`;
    const as = classes === undefined ? '' : ` as labels of a model with ${classes} classes`;
    const range = all.length > 0 ? `; there are labels from ${low} to ${high}` : '';
    const got = `${given[i]} (sample ${before + i}${range})`;
    const prefix = where === 'labels' ? 'labels' : `${where}: labels`;
    const message = `${prefix}: expected ${expected}${as}, got ${got}${adviceOn(label, low, high, classes)}`;
    throw new FxqError('DATASET', message, { tensor: 'labels', expected, actual: label });
  }
}

function adviceOn(label: number, low: number, high: number, classes: number | undefined): string {
  if (!Number.isSafeInteger(label)) return '; save the numbers of the classes';
  if (label === -1) return '; leave out samples without a label, or, if −1 is the first class, add 1 to all labels';
  if (classes !== undefined && low === 1 && high === classes) return '; they seem to count from 1: subtract 1';
  return label < 0 ? '; give each class a number from 0 on' : '; is this the model for these classes?';
}
