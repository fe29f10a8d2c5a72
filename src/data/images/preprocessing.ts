import { FxqError } from '../../errors.js';
import { isRecord } from '../../guards.js';
import { FILTERS, type Filter } from './resample.js';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const CHANNELS = ['rgb', 'bgr', 'grey'] as const;
const LAYOUTS = ['nchw', 'nhwc'] as const;

/**
 * How an image file becomes a model's input, in this order: resize, crop, order of the channels, and for each channel
 * `(value · scale − mean) / std` of values from 0 to 255.
 */
export interface Preprocessing {
  /** What to resize to: width and height, or the length of the shorter edge, the other in proportion (rounded down). */
  readonly resize?: number | Size | undefined;
  /** As Pillow has them; each widens when it reduces, so that nothing aliases. Default: `'bilinear'`. */
  readonly filter?: Filter | undefined;
  /** What to cut out of the centre; black where the image is smaller. A number is both width and height. */
  readonly crop?: number | Size | undefined;
  /** Default: what the model takes, and red first. Grey is ITU-R 601's. */
  readonly channels?: (typeof CHANNELS)[number] | undefined;
  /** Channels before height and width, or after them. Default: what the model takes. */
  readonly layout?: (typeof LAYOUTS)[number] | undefined;
  /** Default: 1 / 255; 1 where the model takes integers. */
  readonly scale?: number | undefined;
  /** One number, or one a channel, in the order in which the model takes them. */
  readonly mean?: number | readonly number[] | undefined;
  readonly std?: number | readonly number[] | undefined;
}

type Reader = (value: unknown) => unknown;

/** What each key may hold; `undefined` is "not that". */
const KEYS: Readonly<Record<keyof Preprocessing, readonly [what: string, read: Reader]>> = {
  resize: ['a length in pixels, or width and height', readSize],
  filter: [`one of ${FILTERS.join(', ')}`, (value) => FILTERS.find((filter) => filter === value)],
  crop: ['a length in pixels, or width and height', readSize],
  channels: [`one of ${CHANNELS.join(', ')}`, (value) => CHANNELS.find((channels) => channels === value)],
  layout: [`one of ${LAYOUTS.join(', ')}`, (value) => LAYOUTS.find((layout) => layout === value)],
  scale: ['a number, or a fraction such as 1/255', readFraction],
  mean: ['a number, or one a channel', (value) => readNumbers(value, () => true)],
  std: ['a number other than 0, or one a channel', (value) => readNumbers(value, (number) => number !== 0)],
};

/**
 * Checks a description of preprocessing as it comes out of a YAML or JSON file.
 *
 * @param file for messages
 * @throws FxqError `CONFIG`, naming the key
 * @example
 * readPreprocessing({ resize: 256, crop: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
 */
export function readPreprocessing(value: unknown, file = 'preprocessing'): Preprocessing {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(file, `keys such as resize, crop, mean and std`, value);
  }
  const entries = Object.entries(value).map(([key, given]) => {
    if (!isKey(key)) throw wrong(file, `one of ${Object.keys(KEYS).join(', ')}`, key);
    const [what, read] = KEYS[key];
    const checked = read(given);
    if (checked === undefined) throw wrong(`${file}: ${key}`, what, given);
    return [key, checked] as const;
  });
  return Object.fromEntries(entries) as Preprocessing;
}

function isKey(key: string): key is keyof Preprocessing {
  return Object.hasOwn(KEYS, key);
}

export function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= MAX_LENGTH;
}

/** Longer edges are a slip: such an image would not fit a typed array. */
const MAX_LENGTH = 16_384;

function readSize(value: unknown): number | Size | undefined {
  if (isLength(value)) return value;
  const { width, height, ...rest } = isRecord(value) ? value : {};
  return isLength(width) && isLength(height) && Object.keys(rest).length === 0 ? { width, height } : undefined;
}

function readFraction(value: unknown): number | undefined {
  const [, above, below] = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)\s*$/.exec(String(value)) ?? [];
  const number = above === undefined ? value : Number(above) / Number(below);
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function readNumbers(value: unknown, isRight: (number: number) => boolean): number | number[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  const isNumber = (each: unknown): each is number => Number.isFinite(each);
  if (!list.every(isNumber) || !list.every(isRight) || ![1, 3].includes(list.length)) return undefined;
  return Array.isArray(value) ? list : list[0];
}

function wrong(file: string, expected: string, actual: unknown): FxqError {
  const message = `${file}: expected ${expected}, got ${typeof actual === 'string' ? actual : JSON.stringify(actual)}`;
  return new FxqError('CONFIG', message, { file, expected, actual });
}
