import { describe, expect, it } from 'vitest';
// @ts-expect-error: a script without types of its own
import { makeCases } from '../../scripts/kill/cases.js';
// @ts-expect-error
import { killed, measure } from '../../scripts/kill/claims.js';

// `node scripts/kill.js` does this with every command, and at random times.
describe('killed before each call that changes a folder', async () => {
  const cases = await makeCases();
  it.each(['decode, data there', 'init'])(
    '%s: old or whole, and nothing left',
    async (name) => {
      const subject = cases.find((each: { name: string }) => each.name === name);
      const { whole, calls } = measure(subject);
      expect(calls).toBeGreaterThan(4);
      const outcomes = new Set<string>();
      for (let call = 1; call <= calls; call++) {
        const { outcome, wrong } = await killed(subject, whole, { call });
        expect([call, wrong]).toEqual([call, undefined]);
        outcomes.add(outcome);
      }
      expect([...outcomes]).toEqual(expect.arrayContaining(['old', 'whole']));
    },
    300_000,
  );
});
