// What is known of quantised inference of a ResNet-20 for CIFAR-10, and the tables of Quantization.MXNet.

/** Widths that the cells are of. */
export const WIDTHS = [8, 6, 5, 4, 3];

/** By how many points agreement may be off what is known. */
export const TOLERANCE = 0.7;

/**
 * Lines of the table of calibrators: weights, how ranges of inputs are found, the ends of the net, and the agreement that is known
 * for each of the widths.
 *
 * @type {{ weights?: { by: 'channel' | 'layer', range?: 'mse' }, inputs?: { inputRange: string, percentile?: number, sign?: string },
 *   isFirstIn?: boolean, known: (number | undefined)[] }[]}
 */
export const CALIBRATORS = [
  { weights: { by: 'channel' }, inputs: { inputRange: 'ema' }, known: [99.07, 98.82, 96.71, 93.59, 67.51] },
  { weights: { by: 'channel' }, inputs: { inputRange: 'kl-mxnet' }, known: [99.32, 98.48, 95.86, 92.74, 65.65] },
  { weights: { by: 'channel' }, inputs: { inputRange: 'kl' }, known: [99.41, 98.57, 96.62, 93.33, 68.52] },
  { weights: { by: 'channel' }, inputs: { inputRange: 'percentile' }, known: [99.24, 98.99, 96.29, 93.92, 65.91] },
  {
    weights: { by: 'channel' },
    inputs: { inputRange: 'percentile', percentile: 99.9 },
    known: [98.73, 98.23, 96.62, 93.76, 70.38],
  },
  { weights: { by: 'channel' }, inputs: { inputRange: 'mse' }, known: [99.41, 98.48, 96.62, 94.35, 72.83] },
  { weights: { by: 'channel' }, inputs: { inputRange: 'max' }, known: [99.16, 98.23, 96.03, 90.04, 46.67] },
  { weights: { by: 'channel' }, inputs: { inputRange: 'online' }, known: [99.32, 98.9, 96.88, 93.25, 64.22] },
  { weights: { by: 'layer' }, inputs: { inputRange: 'ema' }, known: [99.07, 97.89, 94.85, 85.4, 19.75] },
  { weights: { by: 'layer' }, inputs: { inputRange: 'kl-mxnet' }, known: [99.32, 98.23, 95.27, 84.98, 19.83] },
  { weights: { by: 'layer' }, inputs: { inputRange: 'mse' }, known: [99.32, 97.64, 95.27, 84.56, 14.18] },
  {
    weights: { by: 'channel', range: 'mse' },
    inputs: { inputRange: 'mse' },
    known: [99.49, 98.48, 97.89, 92.41, 62.11],
  },
  { inputs: { inputRange: 'mse' }, known: [99.66, 98.99, 97.89, 96.46, 93.67] },
  { inputs: { inputRange: 'ema' }, known: [99.58, 98.99, 98.48, 97.13, 91.39] },
  { weights: { by: 'channel' }, known: [99.32, 98.9, 96.71, 95.53, 76.46] },
  {
    weights: { by: 'channel' },
    inputs: { inputRange: 'ema' },
    isFirstIn: true,
    known: [99.32, 98.65, undefined, 88.1, undefined],
  },
  {
    weights: { by: 'channel' },
    inputs: { inputRange: 'mse' },
    isFirstIn: true,
    known: [99.07, 97.55, undefined, 87.76, undefined],
  },
  {
    weights: { by: 'channel' },
    inputs: { inputRange: 'ema', sign: 'unsigned' },
    isFirstIn: true,
    known: [64.05, 63.63, undefined, 59.75, undefined],
  },
];

/** Quantization.MXNet's table of a ResNet-56 for CIFAR-10, 93.60 % in float: width, top-1 with its two ways to calibrate. */
export const SEED_WIDTHS = [
  { bits: 6, ema: 93.09, 'kl-mxnet': 93.83 },
  { bits: 5, ema: 92.71, 'kl-mxnet': 93.29 },
  { bits: 4, ema: 91.62, 'kl-mxnet': 89.27 },
  { bits: 3, ema: 81.75, 'kl-mxnet': 55.98 },
];
/** What it is right on in float. */
export const SEED_FLOAT = 93.6;

/**
 * Its table of 8 bits: by, folded or not, first layer in or out, sign of inputs, how ranges are found, and the top-1 of a MobileNet and
 * of a ResNet-50 (73.28 and 77.36 % in float).
 */
export const SEED_ROWS = /** @type {const} */ ([
  ['layer', false, true, 'unsigned', 'online', 44.57, 55.97],
  ['layer', false, false, 'unsigned', 'online', 70.84, 76.92],
  ['layer', false, false, 'unsigned', 'ema', 70.92, 76.9],
  ['layer', false, false, 'unsigned', 'kl-mxnet', 70.72, 77.0],
  ['layer', false, false, 'signed', 'ema', 70.58, 76.81],
  ['layer', false, false, 'signed', 'kl-mxnet', 70.66, 76.71],
  ['layer', true, false, 'signed', 'online', 15.21, 76.62],
  ['layer', true, false, 'signed', 'ema', 32.7, 76.61],
  ['layer', true, false, 'signed', 'kl-mxnet', 14.7, 76.6],
  ['channel', false, true, 'unsigned', 'online', 47.8, 56.21],
  ['channel', false, false, 'unsigned', 'online', 72.93, 77.33],
  ['channel', false, false, 'unsigned', 'ema', 72.85, 77.31],
  ['channel', false, false, 'unsigned', 'kl-mxnet', 72.68, 77.35],
  ['channel', false, false, 'signed', 'ema', 72.63, 77.22],
  ['channel', false, false, 'signed', 'kl-mxnet', 72.68, 77.08],
  ['channel', true, false, 'signed', 'online', 72.75, 77.11],
  ['channel', true, false, 'signed', 'ema', 72.04, 76.69],
  ['channel', true, false, 'signed', 'kl-mxnet', 72.67, 77.07],
]);
