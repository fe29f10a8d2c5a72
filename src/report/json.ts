import type { Comparison } from './comparison.js';

/**
 * The comparison as JSON, its fields named as in {@link Comparison}.
 *
 * @example
 * await writeFile('report.json', renderJson(comparison));
 */
export function renderJson(comparison: Comparison): string {
  return `${JSON.stringify(comparison, undefined, 2)}\n`;
}
