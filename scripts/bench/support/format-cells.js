// Signal-to-noise ratios in decibels of number formats on the weights of a ResNet-20 for CIFAR-10, all 20 layers, as a
// prototype of this project measured them: what `npm run bench formats` holds the formats against.

/** Integers and fixed point: name without bits, by, range, then 8, 6, 5, 4, 3 and 2 bits. */
export const WIDTHS = [8, 6, 5, 4, 3, 2];
export const BY_WIDTH = [
  ['minmax', 'layer', 'max', [38.42, 26.22, 20.13, 13.74, 7.18, -0.92]],
  ['minmax', 'channel', 'max', [43.12, 30.97, 24.77, 18.46, 11.86, 4.44]],
  ['minmax', 256, 'max', [43.69, 31.54, 25.41, 19.05, 12.42, 5.01]],
  ['uint', 'layer', 'max', [38.47, 26.37, 20.25, 13.97, 7.53, 1.72]],
  ['uint', 'channel', 'max', [43.07, 31.01, 24.86, 18.57, 11.94, 4.71]],
  ['int', 'layer', 'max', [37.71, 25.53, 19.26, 12.68, 5.64, 0.35]],
  ['int', 'channel', 'max', [41.98, 29.8, 23.51, 16.9, 9.58, 1.47]],
  ['int', 256, 'max', [42.51, 30.34, 24.07, 17.43, 10.15, 1.82]],
  ['int', 'layer', 'mse', [38.2, 27.47, 22.35, 17.3, 12.16, 6.6]],
  ['int', 'channel', 'mse', [42.01, 30.06, 24.19, 18.5, 12.9, 7.01]],
  ['fixed', 'layer', 'nnabla', [32.56, 20.55, 14.59, 9.35, 5, 1.72]],
  ['fixed', 'layer', 'max', [35.92, 23.93, 17.94, 11.99, 6.41, 2.1]],
  ['fixed', 'layer', 'mse', [36.72, 26.12, 20.73, 16.71, 12.17, 7.06]],
];

/** Everything else: name, by, range (absent: the format's own), decibels. */
export const SINGLE = [
  ...[
    ['e2m1', 0.62, 17.99],
    ['e2m2', 0.63, 23.82],
    ['e2m3', 0.63, 29.6],
    ['e3m0', 6.04, 14.19],
    ['e3m1', 6.43, 19.69],
    ['e3m2', 6.55, 25.52],
    ['e4m1', 19.58, 19.69],
    ['e4m3', 30, 31.49],
    ['e5m2', 25.53, 25.53],
  ].flatMap(([name, fixed, own]) => [
    [`ristretto-${name}`, 'layer', undefined, fixed],
    [name, 'layer', undefined, own],
  ]),
  ['ristretto-pow4', 'layer', undefined, 12.64],
  ['lognet3', 'layer', 'max', 6.67],
  ['lognet4', 'layer', 'max', 13.8],
  ['lognet5', 'layer', 'max', 13.81],
  ['inq3', 'layer', undefined, 3.1],
  ['inq4', 'layer', undefined, 12.48],
  ['inq5', 'layer', undefined, 14.19],
  ['pow3', 'layer', 'mse', 11.39],
  ['pow4', 'layer', 'mse', 13.8],
  ['pow5', 'layer', 'mse', 13.81],
  ['ternary', 'layer', undefined, 6.49],
  ['ternary', 'channel', undefined, 6.94],
  ['ternary', 'layer', 'mse', 6.62],
  ['ternary', 'channel', 'mse', 7.02],
  ['binary', 'layer', undefined, 3.7],
  ['binary', 'channel', undefined, 4.1],
  ['binaryconnect', 'layer', undefined, -20.02],
];

/** First and last layer float: name without bits, by, then 4, 3 and 2 bits. */
export const ENDS = [
  ['minmax', 'layer', [13.47, 6.91, -1.22]],
  ['minmax', 'channel', [18.28, 11.67, 4.27]],
];

/** One format with first and last layer float: name, by, decibels. */
export const SINGLE_ENDS = [
  ['ternary', 'layer', 6.45],
  ['ternary', 'channel', 6.93],
  ['binary', 'layer', 3.65],
  ['binary', 'channel', 4.09],
];

/** Shared values, one fewer than there are codes: no format, but what formats stand beside. By bits as above. */
export const MEANS = [38.6, 28.01, 23.97, 18.69, 12.8, 6.71];

/**
 * Position by the divergence of answers: name, decibels, agreement that is wanted. Another walk on other images finds other positions,
 * so that decibels are told, and not held against anything.
 *
 * @type {[string, number, number?][]}
 */
export const BY_OUTPUT = [
  ['fixed4', 15.07, 91.5],
  ['fixed6', 25.98],
  ['fixed5', 20.63],
  ['fixed3', 9.18],
];

/**
 * Rounding by chance: name, by, top-1 and agreement in per cent, means of two seeds.
 *
 * @type {[string, 'channel' | 'layer', number, number][]}
 */
export const BY_CHANCE = [
  ['int8', 'channel', 91.2, 99.4],
  ['int5', 'channel', 90.4, 96.2],
  ['int4', 'channel', 87.6, 91.4],
  ['int3', 'channel', 40.1, 40.4],
  ['fixed6', 'layer', 90.7, 97.3],
  ['fixed5', 'layer', 88.8, 93.2],
  ['fixed4', 'layer', 80, 82.9],
];
