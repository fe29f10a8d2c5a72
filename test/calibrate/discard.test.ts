import { expect, it } from 'vitest';
import { discard } from '../../src/calibrate/discard.js';

it('takes large arrays away, and neither small ones nor views', () => {
  const [large, small, whole] = [1 << 20, 10, 1 << 21].map((length) => new Float32Array(length));
  for (const array of [large, small, whole.subarray(1)]) discard(array);
  expect([large, small, whole].map(({ length }) => length)).toEqual([0, 10, 1 << 21]);
});
