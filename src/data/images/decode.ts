import { FxqError } from '../../errors.js';
import { messageOf } from '../../guards.js';
import { importOptional } from '../optional.js';
import type { Pixels } from './resample.js';

/** Makes pixels of an image file: upright, in sRGB's red, green and blue, without transparency. */
export type ImageDecoder = (bytes: Uint8Array, file: string) => Promise<Pixels>;

/** Endings of the files that sharp's own binaries read. */
const IMAGE = /\.(jpe?g|jpe|jfif|png|webp|avif|gif|tiff?|svg)$/i;

export function isImageName(name: string): boolean {
  return IMAGE.test(name);
}

/** Endings of images that they do not read. */
const FOREIGN = /\.(bmp|heic|heif|jxl|jp2|ppm|pgm|tga|ico|psd)$/i;

export function isForeignImage(name: string): boolean {
  return FOREIGN.test(name);
}

/** What is used of sharp. */
type Sharp = (bytes: Uint8Array, options: object) => SharpImage;
interface SharpImage {
  autoOrient(): SharpImage;
  rotate(): SharpImage;
  removeAlpha(): SharpImage;
  toColourspace(space: string): SharpImage;
  raw(options: object): SharpImage;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array;
    info: { width: number; height: number; channels: number };
  }>;
}

const INSTALL = 'npm install sharp';

/**
 * A decoder by the optional package sharp, loaded when images are first needed: JPEG, PNG, WebP, AVIF, GIF and TIFF (their
 * first frame) and SVG. Orientation in EXIF is applied, as browsers do and Hugging Face's `load_image`; embedded colour
 * profiles are not and transparency is dropped, as Pillow's `convert('RGB')` does. sharp's limit of 268 million pixels
 * holds.
 *
 * @param load - for tests
 * @throws FxqError `MISSING_PACKAGE`; the decoder throws `DATASET`, with the file's name, for what is no whole image
 * @example
 * const decode = await loadImageDecoder();
 * const { width, height, data } = await decode(await readFile('cat.jpg'), 'cat.jpg');
 */
export async function loadImageDecoder(
  load: () => Promise<unknown> = () => importOptional('sharp'),
): Promise<ImageDecoder> {
  const sharp = await load().then((module) => (module as { default: Sharp }).default, fail);
  return async (bytes, file) => {
    try {
      const image = sharp(bytes, { failOn: 'error', ignoreIcc: true });
      const upright = image.autoOrient ? image.autoOrient() : image.rotate();
      const decoded = upright.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' });
      const { data, info } = await decoded.toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, channels: info.channels, data };
    } catch (cause) {
      const problem = messageOf(cause).replace(/\s+/g, ' ').trim();
      const message = `${file}: expected an image, got ${bytes.length} bytes that are no whole one (${problem}); save it again or remove it`;
      throw new FxqError('DATASET', message, { file, cause });
    }
  };
}

function fail(cause: Error & { code?: string }): never {
  // A part of it that is missing, such as its binary for this machine, reads otherwise.
  const isMissing = /['"]sharp['"]/.test(cause.message.split('\n', 1)[0]) && /NOT_FOUND/.test(cause.code ?? '');
  const text = isMissing
    ? `sharp: needed to read images, but not installed; install it with \`${INSTALL}\``
    : `sharp: installed, but could not be loaded (${cause.message.split('\n', 1)[0]}); reinstall it with \`${INSTALL}\``;
  throw new FxqError('MISSING_PACKAGE', text, { expected: 'sharp', cause });
}
