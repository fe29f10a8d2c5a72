import { expect, it } from 'vitest';
import { type Decision, expectedLoss } from '../../src/evaluate/flips.js';

const noise = { variance: 0.04, degrees: 9, shift: 0 };
const decision = (input: number, gap: number): Decision => {
  return { input, share: 1, isRight: gap > 0, gaps: [gap], margin: Math.abs(gap), noise };
};
const RIGHT = Array.from({ length: 200 }, (_, i) => decision(i, 0.4 + i / 20));

it('does not let what a few wrong answers may win make up for all that may be lost', () => {
  const alone = expectedLoss(RIGHT, 200);
  const wrong = Array.from({ length: 4 }, (_, i) => decision(200 + i, -0.1));
  const beside = expectedLoss([...RIGHT, ...wrong], 204);
  // Some of the four are expected to be put right, but it may as well be hardly any.
  expect(beside?.value).toBeLessThan((alone?.value ?? 0) - 0.005);
  expect(beside?.high).toBeGreaterThan(0.6 * (alone?.high ?? Number.POSITIVE_INFINITY));
});
