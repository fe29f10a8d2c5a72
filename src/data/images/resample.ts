/** An image in memory: 8-bit channels side by side, row after row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 for grey, 3 for red, green, blue. */
  readonly channels: number;
  readonly data: Uint8Array;
}

/** How far a filter reaches, in pixels of the coarser image, and what it weighs a pixel at a distance. */
interface Kernel {
  readonly support: number;
  weight(x: number): number;
}

const KERNELS = {
  nearest: undefined,
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const satisfies Record<string, Kernel | undefined>;

export type Filter = keyof typeof KERNELS;

export const FILTERS = Object.keys(KERNELS) as readonly Filter[];

/** Fractional bits of a weight: with 8 bits of a channel and 2 to spare they fill 32. */
const BITS = 22;

/**
 * Resizes an image as Pillow does, bit for bit, since its `Image.resize` is what torchvision's transforms and Hugging
 * Face's image processors call: filters widen with the reduction (so that nothing aliases), weights are rounded to 22
 * bits, and rows are resized first, to 8 bits, columns after them.
 *
 * Source: Pillow, `src/libImaging/Resample.c`; for `nearest` `ImagingScaleAffine` in `Geometry.c`.
 *
 * @example
 * const small = resample({ width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 0, 255, 255) }, 2, 1, 'bilinear');
 */
export function resample(image: Pixels, width: number, height: number, filter: Filter): Pixels {
  const kernel = KERNELS[filter];
  if (!kernel) return pickNearest(image, width, height);
  const wide = width === image.width ? image : resizeRows(image, weigh(image.width, width, kernel));
  return height === image.height ? wide : resizeColumns(wide, weigh(image.height, height, kernel));
}

/** Which pixels each pixel of the result is made of: from `start`, with these weights. */
type Taps = readonly { readonly start: number; readonly weights: Int32Array }[];

function weigh(from: number, to: number, { support, weight }: Kernel): Taps {
  const scale = from / to;
  const widening = Math.max(1, scale);
  const reach = support * widening;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({ length: end - start }, (_, k) => weight((k + start - centre + 0.5) * (1 / widening)));
    const sum = weights.reduce((total, each) => total + each, 0);
    const whole = weights.map((each) => Math.trunc((each / sum) * 2 ** BITS + (each < 0 ? -0.5 : 0.5)));
    return { start, weights: Int32Array.from(whole) };
  });
}

function resizeRows(image: Pixels, taps: Taps): Pixels {
  const { width, height, channels, data } = image;
  const result = new Uint8ClampedArray(taps.length * height * channels);
  const resizeRow = channels === 3 ? resizeColours : resizeValues;
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    resizeRow(row, taps, result.subarray(y * taps.length * channels, (y + 1) * taps.length * channels), channels);
  }
  return { width: taps.length, height, channels, data: new Uint8Array(result.buffer) };
}

function resizeValues(row: Uint8Array, taps: Taps, result: Uint8ClampedArray, channels: number): void {
  for (let i = 0; i < result.length; i++) {
    const { start, weights } = taps[Math.floor(i / channels)];
    let sum = 1 << (BITS - 1);
    for (let k = 0, at = start * channels + (i % channels); k < weights.length; k++, at += channels) {
      sum += row[at] * weights[k];
    }
    result[i] = sum >> BITS;
  }
}

/** The same, with the three sums side by side, for this is where large photographs spend their time. */
function resizeColours(row: Uint8Array, taps: Taps, result: Uint8ClampedArray): void {
  for (let x = 0; x < taps.length; x++) {
    const { start, weights } = taps[x];
    let red = 1 << (BITS - 1);
    let green = red;
    let blue = red;
    for (let k = 0, at = 3 * start; k < weights.length; k++, at += 3) {
      const weight = weights[k];
      red += row[at] * weight;
      green += row[at + 1] * weight;
      blue += row[at + 2] * weight;
    }
    result[3 * x] = red >> BITS;
    result[3 * x + 1] = green >> BITS;
    result[3 * x + 2] = blue >> BITS;
  }
}

function resizeColumns({ width, channels, data }: Pixels, taps: Taps): Pixels {
  const row = width * channels;
  const result = new Uint8ClampedArray(taps.length * row);
  const sums = new Int32Array(row);
  for (const [y, { start, weights }] of taps.entries()) {
    sums.fill(1 << (BITS - 1));
    for (let k = 0; k < weights.length; k++) {
      const first = (start + k) * row;
      for (let i = 0; i < row; i++) sums[i] += data[first + i] * weights[k];
    }
    for (let i = 0; i < row; i++) result[y * row + i] = sums[i] >> BITS;
  }
  return { width, height: taps.length, channels, data: new Uint8Array(result.buffer) };
}

function pickNearest({ width, height, channels, data }: Pixels, toWidth: number, toHeight: number): Pixels {
  const columns = nearestOf(width, toWidth);
  const result = new Uint8Array(toWidth * toHeight * channels);
  let at = 0;
  for (const y of nearestOf(height, toHeight)) {
    for (const x of columns) {
      const from = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) result[at++] = data[from + channel];
    }
  }
  return { width: toWidth, height: toHeight, channels, data: result };
}

function nearestOf(from: number, to: number): number[] {
  const scale = from / to;
  // Added up, as in Pillow: a product would round otherwise here and there.
  let place = scale * 0.5;
  return Array.from({ length: to }, () => {
    const index = Math.min(from - 1, Math.floor(place));
    place += scale;
    return index;
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Keys' cubic with a = −0.5 (Catmull & Rom). */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
