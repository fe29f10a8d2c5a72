import { readFileSync } from 'node:fs';
import { fieldOf } from '../guards.js';

/** The version of this package. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String(fieldOf(JSON.parse(text), 'version'));
}
