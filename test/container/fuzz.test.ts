import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('a few seconds of damaged containers: both decoders agree, and all errors are typed', () => {
  const script = fileURLToPath(new URL('../../scripts/fuzz.js', import.meta.url));
  // It ends with exit code 1, and so throws here, at the first claim that does not hold.
  const printed = execFileSync(process.execPath, [script, '--seconds', '6', '--seed', '20'], { encoding: 'utf8' });
  const rounds = Number(/^(\d+) damaged containers/m.exec(printed)?.[1]);
  expect(rounds).toBeGreaterThan(100);
  expect(printed).toMatch(/section: CONTAINER_MALFORMED/);
});
