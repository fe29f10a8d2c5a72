import { printableJson } from '../printable.js';
import type { Comparison } from './comparison.js';

/**
 * The comparison as JSON, its fields named as in {@link Comparison}.
 *
 * @example
 * await writeFile('report.json', renderJson(comparison));
 */
export function renderJson(comparison: Comparison): string {
  return `${printableJson(comparison, 2)}\n`;
}
