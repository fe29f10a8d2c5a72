import type { Preprocessing, Size } from './preprocessing.js';
import { type Pixels, resample } from './resample.js';

/** What is done to each image, with nothing left open. */
export interface Steps {
  readonly resize: number | Size | undefined;
  readonly filter: NonNullable<Preprocessing['filter']>;
  readonly crop: Size | undefined;
  readonly channels: NonNullable<Preprocessing['channels']>;
  readonly layout: NonNullable<Preprocessing['layout']>;
}

/** An image as a model takes it, but for what its numbers are. */
export interface PreparedImage {
  /** Without the sample's axis. */
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** Resizes and crops an image, and puts its channels into the model's order. */
export function prepare(image: Pixels, { resize, filter, crop, channels, layout }: Steps): PreparedImage {
  // Grey before it is resized, as a file that is opened as such.
  const coloured = channels === 'grey' ? toGrey(image) : toColour(image);
  const size = sizeOf(coloured, resize);
  const resized = resample(coloured, size.width, size.height, filter);
  return arrange(crop ? cropCentre(resized, crop) : resized, channels === 'bgr', layout);
}

/** The size after resizing. The longer edge is rounded down, as torchvision and transformers do. */
function sizeOf({ width, height }: Size, resize: number | Size | undefined): Size {
  if (resize === undefined) return { width, height };
  if (typeof resize !== 'number') return resize;
  const [short, long] = width <= height ? [width, height] : [height, width];
  const longer = Math.max(1, Math.trunc((resize * long) / short));
  return width <= height ? { width: resize, height: longer } : { width: longer, height: resize };
}

/** The centre; of an odd margin the smaller half is in front. Black where the image is smaller. */
function cropCentre({ width, height, channels, data }: Pixels, crop: Size): Pixels {
  if (crop.width === width && crop.height === height) return { width, height, channels, data };
  const left = Math.floor((width - crop.width) / 2);
  const top = Math.floor((height - crop.height) / 2);
  const result = new Uint8Array(crop.width * crop.height * channels);
  const from = Math.max(0, left);
  const to = Math.min(width, left + crop.width);
  for (let y = Math.max(0, top); y < Math.min(height, top + crop.height); y++) {
    const row = data.subarray((y * width + from) * channels, (y * width + to) * channels);
    result.set(row, ((y - top) * crop.width + from - left) * channels);
  }
  return { ...crop, channels, data: result };
}

/** Luma of ITU-R BT.601 in 16-bit fixed point, as Pillow's `convert('L')`. */
function toGrey({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 1) return { width, height, channels, data };
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const at = i * channels;
    const [red, green, blue] = channels < 3 ? [data[at], data[at], data[at]] : [data[at], data[at + 1], data[at + 2]];
    grey[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}

/** Red, green and blue of whatever a decoder gives: grey three times over, transparency left out. */
function toColour({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 3) return { width, height, channels, data };
  const colour = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      colour[3 * i + channel] = data[i * channels + (channels < 3 ? 0 : channel)];
    }
  }
  return { width, height, channels: 3, data: colour };
}

function arrange(
  { width, height, channels, data }: Pixels,
  isReversed: boolean,
  layout: Steps['layout'],
): PreparedImage {
  const place = (channel: number) => (isReversed ? channels - 1 - channel : channel);
  if (layout === 'nhwc') {
    if (!isReversed) return { dims: [height, width, channels], data };
    return { dims: [height, width, channels], data: data.map((_, i) => data[i - (i % 3) + 2 - (i % 3)]) };
  }
  if (channels === 1) return { dims: [1, height, width], data };
  const result = new Uint8Array(data.length);
  const plane = width * height;
  for (let channel = 0; channel < channels; channel++) {
    const from = place(channel);
    for (let i = 0; i < plane; i++) result[channel * plane + i] = data[i * channels + from];
  }
  return { dims: [channels, height, width], data: result };
}
