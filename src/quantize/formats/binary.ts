import type { Format, ValueSet } from './format.js';
import { restrict } from './scale.js';

/** −1 and 1; zero counts as positive. There is no code for zero. */
const SIGNS: ValueSet = {
  low: -1,
  high: 1,
  nearest: (x) => (x < 0 ? -1 : 1),
  below: (x) => (x < 1 ? -1 : 1),
  above: (x) => (x > -1 ? 1 : -1),
  values: () => Float64Array.of(-1, 1),
};

/** −α and α with α the mean magnitude, which is of the least squared error (nnabla's BinaryWeight layers, XNOR-Net). */
export const BINARY: Format = {
  name: 'binary',
  bits: 1,
  range: 'max',
  ranges: [],
  learned: 'scale',
  isSign: true,
  fit(weights, { scaling }) {
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += Math.abs(weights[i]);
    return { set: SIGNS, scale: restrict(sum / weights.length, scaling), offset: 0 };
  },
};

/** The signs alone (BinaryConnect). */
export const BINARYCONNECT: Format = {
  name: 'binaryconnect',
  bits: 1,
  range: 'max',
  ranges: [],
  isSign: true,
  isBounded: true,
  fit: () => ({ set: SIGNS, scale: 1, offset: 0 }),
};
