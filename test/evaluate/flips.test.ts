import { expect, it } from 'vitest';
import { type Decision, expectedLoss } from '../../src/evaluate/flips.js';
import { createRandom } from '../../src/random.js';

const noise = { variance: 0.04, degrees: 9, shift: 0 };
const decision = (input: number, gap: number): Decision => {
  return { input, share: 1, isRight: gap > 0, gaps: [gap], margin: Math.abs(gap), noise };
};
const RIGHT = Array.from({ length: 200 }, (_, i) => decision(i, 0.4 + i / 20));

/** Inputs of which a share is as near to turning as those of a trained net are: evenly, from 0 on. */
const drawn = (count: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => decision(i, 20 * random.float()));
};

it('is no less where by chance no input is in the balance', () => {
  const all = expectedLoss(drawn(40_000, 1), 40_000)?.value ?? Number.NaN;
  let least = Number.POSITIVE_INFINITY;
  let held = 0;
  for (let draw = 0; draw < 40; draw++) {
    const { high = Number.NaN } = expectedLoss(drawn(128, 2 + draw), 128) ?? {};
    if (high >= all) held++;
    least = Math.min(least, high);
  }
  expect(held).toBeGreaterThanOrEqual(38);
  expect(least).toBeGreaterThan(0.6 * all);
});

it('does not let what a few wrong answers may win make up for all that may be lost', () => {
  const alone = expectedLoss(RIGHT, 200);
  const wrong = Array.from({ length: 4 }, (_, i) => decision(200 + i, -0.1));
  const beside = expectedLoss([...RIGHT, ...wrong], 204);
  // Some of the four are expected to be put right, but it may as well be hardly any.
  expect(beside?.value).toBeLessThan((alone?.value ?? 0) - 0.001);
  expect(beside?.high).toBeGreaterThan(0.6 * (alone?.high ?? Number.POSITIVE_INFINITY));
});
