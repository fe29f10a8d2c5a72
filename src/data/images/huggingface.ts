import { FxqError } from '../../errors.js';
import { isRecord } from '../../guards.js';
import { isLength, type Preprocessing, type Size } from './preprocessing.js';
import type { Filter } from './resample.js';

/** `PIL.Image.Resampling` by its numbers. */
const FILTERS: readonly Filter[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** Keys that say nothing of the pixels, or nothing that is not done here in any case. */
const HARMLESS = new Set(
  (
    'do_resize do_center_crop do_rescale do_normalize do_flip_channel_order do_convert_rgb do_grayscale do_reduce_labels ' +
    'do_convert_annotations'
  ).split(' '),
);

/** Keys without a `do_` of their own that change what the model sees, and are not read here. */
const UNREAD = new Set('size_divisor pad_size min_pixels max_pixels max_image_size image_grid_pinpoints'.split(' '));

/** Feature extractors of old, which take a single `size` for both edges; all others mean the shorter edge. */
const SQUARE = /^(ViT|DeiT|Beit|Swin|Siglip|Blip|Perceiver|EfficientNet|Vilt|DPT|SegFormer|Segformer)/;

/** The shorter edge from which on ConvNeXt's processor squeezes the image into a square, and crops nothing. */
const SQUEEZED = 384;

type Config = Readonly<Record<string, unknown>>;

/** Whether this is what Hugging Face calls an image processor or, formerly, a feature extractor. */
export function isHuggingFace(value: unknown): value is Config {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['image_processor_type', 'feature_extractor_type', 'do_resize', 'do_normalize', 'image_mean'].some((key) =>
      Object.hasOwn(value, key),
    )
  );
}

/**
 * Reads a `preprocessor_config.json` of Hugging Face's transformers, old or new: what it says is what its image processor
 * does, in this order: resize, centre crop, rescale, normalise, flip of the channels.
 *
 * @param file for messages
 * @throws FxqError `CONFIG` for steps that are not known here and would change the input, and values that make no sense
 * @example
 * readHuggingFace({ do_resize: true, size: { shortest_edge: 256 }, resample: 2, crop_size: 224, image_mean: [0.5, 0.5, 0.5], … });
 */
export function readHuggingFace(config: Config, file = 'preprocessor_config.json'): Preprocessing {
  const wrong = (key: string, expected: string) => {
    const message = `${file}: expected ${key} to be ${expected}, got ${JSON.stringify(config[key])}; give a description of the preprocessing instead`;
    return new FxqError('CONFIG', message, { file, expected, actual: config[key] });
  };
  for (const [key, value] of Object.entries(config)) {
    const isStep = key.startsWith('do_') && !HARMLESS.has(key) && value;
    if (isStep || (UNREAD.has(key) && value)) throw wrong(key, 'absent, for it is not known here');
  }
  const type = String(config.image_processor_type ?? config.feature_extractor_type ?? '');
  /** A step that is not mentioned is taken if its values are. */
  const isTaken = (step: string, by: string) => (config[step] === undefined ? has(config, by) : config[step] === true);
  const numbers = (key: string) => {
    const value = config[key];
    const list = Array.isArray(value) ? value : [value];
    const isNumber = (each: unknown): each is number => Number.isFinite(each);
    if (list.every(isNumber) && [1, 3].includes(list.length)) return list;
    throw wrong(key, 'three numbers');
  };
  const lengthOf = (key: string, value: unknown) => {
    if (isLength(value)) return value;
    throw wrong(key, 'a length in pixels');
  };
  const sizeOf = (key: string): number | Size => {
    const value = config[key];
    if (typeof value === 'number') return lengthOf(key, value);
    const pair: Config = Array.isArray(value) ? { height: value[0], width: value[1] } : isRecord(value) ? value : {};
    const keys = Object.keys(pair).sort().join();
    if (keys === 'shortest_edge') return lengthOf(key, pair.shortest_edge);
    if (keys !== 'height,width') throw wrong(key, 'a shortest_edge, or height and width');
    return { width: lengthOf(key, pair.width), height: lengthOf(key, pair.height) };
  };

  let resize: number | Size | undefined;
  let crop: number | Size | undefined;
  if (isTaken('do_resize', 'size')) {
    const size = sizeOf('size');
    const isSquare = typeof config.default_to_square === 'boolean' ? config.default_to_square : SQUARE.test(type);
    resize = typeof config.size === 'number' && isSquare ? { width: config.size, height: config.size } : size;
  }
  if (isTaken('do_center_crop', 'crop_size')) crop = sizeOf('crop_size');
  const isConvNext = /^ConvNext/.test(type);
  if (resize !== undefined && (has(config, 'crop_pct') || isConvNext)) {
    const share = has(config, 'crop_pct') ? numbers('crop_pct')[0] : 224 / 256;
    if (!(share > 0)) throw wrong('crop_pct', 'a share');
    const edge = typeof resize === 'number' ? resize : resize.height;
    if (typeof resize !== 'number' && resize.width !== edge) throw wrong('size', 'a square beside crop_pct');
    if (isConvNext && edge >= SQUEEZED) resize = { width: edge, height: edge };
    else {
      resize = Math.floor(edge / share);
      if (isConvNext) crop = edge;
    }
  }
  // LeViT's processor enlarges what its config says, the shorter edge only.
  if (/^Levit/i.test(type) && typeof resize === 'number') resize = Math.floor((256 / 224) * resize);

  const isScaled = config.do_rescale === undefined || config.do_rescale === true;
  const scale = isScaled ? (has(config, 'rescale_factor') ? numbers('rescale_factor')[0] : 1 / 255) : 1;
  // EfficientNet's processor may take 1 off, and may divide by the deviations twice.
  const offset = config.rescale_offset === true ? 1 : 0;
  const isNormalised = isTaken('do_normalize', 'image_mean');
  const mean = isNormalised ? numbers('image_mean').map((value) => value + offset) : [offset];
  const std = isNormalised
    ? numbers('image_std').map((value) => (config.include_top === true ? value ** 2 : value))
    : [1];
  if (std.includes(0)) throw wrong('image_std', 'other than 0');
  const isFlipped = config.do_flip_channel_order === true;
  return {
    ...{ resize, filter: filterOf(config, wrong), crop, scale },
    ...(config.do_grayscale === true && { channels: 'grey' as const }),
    ...(isFlipped && { channels: 'bgr' as const }),
    // The flip comes last, so it takes the means along.
    ...{ mean: isFlipped ? mean.reverse() : mean, std: isFlipped ? std.reverse() : std },
  };
}

function has(config: Config, key: string): boolean {
  return config[key] !== undefined && config[key] !== null;
}

function filterOf({ resample }: Config, wrong: (key: string, expected: string) => FxqError): Filter {
  if (resample === undefined || resample === null) return 'bilinear';
  const filter = FILTERS[resample as number];
  if (!filter) throw wrong('resample', `a number from 0 to ${FILTERS.length - 1}`);
  return filter;
}
