import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/fuzz.js', import.meta.url));

/** It ends with exit code 1, and so throws here, at the first claim that does not hold. */
const fuzz = (...options: string[]) =>
  execFileSync(process.execPath, [script, ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

it('a thousand damaged containers: exact or a typed error, in both decoders, in bounds of time and memory', () => {
  const printed = fuzz('--inputs', '1000', '--seed', '7');
  expect(printed).toMatch(/^1000 damaged containers/m);
  for (const outcome of ['decoded', 'CONTAINER_MALFORMED', 'CONTAINER_VERSION', 'CHECKSUM']) {
    expect(printed).toMatch(new RegExp(`^ +\\d+  ${outcome}$`, 'm'));
  }
});

it('seed and number give an input again', () => {
  const one = () => fuzz('--seed', '3', '--case', '40').replace(/\([^)]*ms,[^)]*\)/g, '');
  expect(one()).toBe(one());
  expect(one()).toContain('all claims hold');
});
