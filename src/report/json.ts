import { printableJson } from '../printable.js';
import type { Comparison } from './comparison.js';
import { verdictOf } from './verdict.js';

/**
 * The verdict and the comparison as JSON, the fields named as in {@link Comparison}.
 *
 * @example
 * await writeFile('report.json', renderJson(comparison));
 */
export function renderJson(comparison: Comparison): string {
  return `${printableJson({ verdict: verdictOf(comparison), ...comparison }, 2)}\n`;
}
