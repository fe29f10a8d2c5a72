// Rows that others have published of number formats, and how we say them; what `npm run bench formats` puts beside a net of ours.

const ENDS = { first: 'float32', last: 'float32' };

/**
 * Source and net; the format as they call it; what they measured, in per cent of answers right, float and rounded; and the options
 * of `quantize` by which a net of ours is rounded so. Retrained figures are theirs alone: what is not retrained stands first.
 *
 * @type {{ source: string, format: string, theirs: string, options: import('../../../build/index.js').QuantizeOptions }[]}
 */
export const PUBLISHED = [
  {
    ...{ source: 'nnabla, ResNet-23, CIFAR-10', format: 'FIXED8 parameters', theirs: '81 → 81, 449.5 → 126.0 KB' },
    options: { weights: 'FIXED8', range: 'nnabla' },
  },
  {
    ...{ source: 'nnabla, the same', format: 'binary weights, trained', theirs: '81 → 75, 449.5 → 52.1 KB' },
    options: { weights: 'SIGN', by: 'channel' },
  },
  {
    ...{ source: 'nnabla, the same', format: 'binary connect, trained', theirs: '81 → 71, 449.5 → 47.3 KB' },
    options: { weights: 'binaryconnect' },
  },
  {
    ...{ source: 'Ristretto, LeNet', format: 'dynamic fixed point, 4 bits', theirs: '99.15 → 98.72, fine-tuned 98.95' },
    options: { weights: 'fixed4', range: 'max' },
  },
  {
    ...{ source: 'Ristretto, LeNet', format: 'the same, 4 bits conv, 2 FC', theirs: '99.15 → 98.03, fine-tuned 98.81' },
    options: { weights: 'fixed4', range: 'max', rules: [{ match: 'op:Gemm', options: { weights: 'fixed2' } }] },
  },
  {
    ...{
      source: 'Ristretto, CIFAR-10',
      format: 'dynamic fixed point, 8 bits',
      theirs: '81.69 → 80.64, fine-tuned 81.44',
    },
    options: { weights: 'fixed8', range: 'max' },
  },
  {
    ...{ source: 'Ristretto, LeNet', format: 'fixed point Q4.4', theirs: '99.15 → 88.90, fine-tuned 98.88' },
    options: { weights: 'Q4.4' },
  },
  {
    ...{ source: 'Ristretto, CIFAR-10', format: 'fixed point Q8.8', theirs: '81.69 → 80.94, fine-tuned 81.38' },
    options: { weights: 'Q8.8' },
  },
  {
    ...{ source: 'Ristretto, LeNet', format: 'minifloat, 4 + 3 bits', theirs: '99.15 → 99.20, fine-tuned 99.20' },
    options: { weights: 'ristretto-e4m3' },
  },
  {
    ...{ source: 'Ristretto, CIFAR-10', format: 'minifloat, 5 + 2 bits', theirs: '81.69 → 80.47, fine-tuned 80.85' },
    options: { weights: 'ristretto-e5m2' },
  },
  {
    ...{ source: 'Ristretto', format: 'integer powers of two, 4 bits', theirs: '–' },
    options: { weights: 'ristretto-pow4' },
  },
  { source: 'PocketFlow', format: '8 bits, ends float', theirs: 'no drop', options: { weights: 'minmax8', ...ENDS } },
  {
    ...{ source: 'PocketFlow, ResNet-20, CIFAR-10', format: '4 bits, ends float', theirs: '–' },
    options: { weights: 'minmax4', ...ENDS },
  },
  {
    ...{ source: 'PocketFlow', format: '4 bits by channel, ends float', theirs: '–' },
    options: { weights: 'minmax4', by: 'channel', ...ENDS },
  },
  { source: 'PocketFlow', format: '2 bits, ends float', theirs: '–', options: { weights: 'minmax2', ...ENDS } },
  {
    ...{ source: 'slides, post-training', format: '8 bits between minimum and maximum', theirs: 'next to no loss' },
    options: { weights: 'minmax8' },
  },
  {
    ...{ source: 'TensorRT, slides', format: 'int8 weights, symmetric', theirs: 'Googlenet 68.57 → 68.12' },
    options: { weights: 'int8' },
  },
  {
    ...{ source: 'slides, LogNet, AlexNet top-5', format: '5 bits conv, 4 FC', theirs: '3.2 lost' },
    options: { weights: 'lognet5', rules: [{ match: 'op:Gemm', options: { weights: 'lognet4' } }] },
  },
  {
    ...{ source: 'slides, INQ, AlexNet top-5', format: '5 bits, trained', theirs: '.2 won' },
    options: { weights: 'inq5' },
  },
  {
    ...{ source: 'slides, TWN, AlexNet top-5', format: 'ternary, trained', theirs: '3.7 lost' },
    options: { weights: 'ternary' },
  },
  {
    ...{ source: 'slides, BWN, AlexNet top-5', format: 'binary, trained', theirs: '.8 lost' },
    options: { weights: 'binary', by: 'channel' },
  },
];

/** Deep Compression's shared values, which are k-means and no format: bits of convolutions and of matrices. */
export const SHARED = [
  { source: 'slides, Deep Compression, AlexNet top-5', format: '8 bits conv, 4 FC', theirs: '0 lost', conv: 8, fc: 4 },
  {
    source: 'slides, Deep Compression, AlexNet top-5',
    format: '4 bits conv, 2 FC',
    theirs: '2.6 lost',
    conv: 4,
    fc: 2,
  },
];

/** What differs between those rows and ours, and why. */
export const DIFFERENCES = [
  'Other nets with other float accuracies: what compares is what is lost. Theirs are Caffe’s LeNet (99.15 %) and its small CIFAR-10 net (81.69 %), nnabla’s ResNet-23 (81 of 100 images) and AlexNet on ImageNet.',
  'Ristretto’s rows round layer outputs as well, to as many bits (4 for LeNet’s 4-bit rows); here weights alone are rounded, and no answer changes for outputs. Its second figure is after fine-tuning, ours is never trained afterwards.',
  'Two bits in dynamic fixed point by the largest weight (−2, −1, 0, 1) leave hardly a weight of a dense net, which ours is, that is not 0; by least error, in the row below, more of them are kept.',
  'Ristretto’s minifloat has an exponent bias of 2^(e−1) − 1 whatever the weights: 4 + 3 bits reach down to 2^−7 and no farther, below which weights become 0.',
  'nnabla’s position has at least one integer bit, so weights below one half waste bits, which costs nothing at 8 bits. Its binary layers are trained as such; in one shot, as here, they are not to be used.',
  'PocketFlow’s ends are levels and zero is none. It trains with the rounding in place; here nothing is trained.',
  'Rows of the slides’ tables are top-5 of AlexNet and the like, trained after or while they were rounded but for TensorRT’s; here the same formats are applied once.',
  'Files are ours, coded, with biases and graph: nnabla’s are its own format with 8 bits a weight.',
];
