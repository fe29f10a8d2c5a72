import { formatAmount, formatLoss } from '../evaluate/loss-words.js';
import { formatBytes, formatCount } from '../inspect/format.js';
import { givenOf } from '../options/check.js';
import type { Budget, LayerSetting } from '../search/allocation/options.js';
import { PRUNE } from '../stages/prune.js';
import { configText, judgedText } from './chosen-config.js';
import type { Config, LayerConfig } from './config.js';

/** A search as JSON. */
export interface BudgetSummary extends Omit<Budget, 'model' | 'layers'> {
  /** Decides which inputs judge. */
  readonly seed: number;
  readonly layers: readonly Omit<LayerSetting, 'match'>[];
  /** The file that has them; `null` where none was written. */
  readonly config: string | null;
}

/** A setting that was tried, in a line. */
export function pointLine({ bytes, judgement }: Budget['chosen']): string {
  return `${formatBytes(bytes)}, ${formatLoss(judgement)}`;
}

export function budgetSummary({ model: _, layers, ...found }: Budget, config: string | null, seed = 0): BudgetSummary {
  return { ...found, seed, layers: layers.map(({ match: _, ...layer }) => layer), config };
}

/** The setting as a config file, beside what was fixed before. */
export function budgetConfig(model: string, found: Budget, base: Config, seed = 0): string {
  const { layers, chosen, isLossless } = found;
  const rules: LayerConfig[] = layers
    .filter(({ density, clusters }) => density !== undefined || clusters !== undefined)
    .map(({ match, density, clusters }) => ({
      match,
      ...(density !== undefined && { prune: { density } }),
      ...(clusters !== undefined && { cluster: { clusters } }),
    }));
  const all = [...(base.layers ?? []), ...rules];
  // A scope without a target means something only where a layer is pruned.
  const isPruned = givenOf(PRUNE.alternatives, base.prune ?? {}).length > 0 || all.some(({ prune }) => prune);
  const { prune, ...rest } = base;
  const fixed = isLossless ? ({ cluster: false } as const) : { layers: all };
  const config: Config = { ...rest, ...(prune && isPruned && { prune }), ...fixed };
  return configText(model, `${pointLine(chosen)}; ${judgedText({ ...found, seed })}`, config, 'compress');
}

/** What was tried, the smallest first, with a mark on what was chosen. */
export function budgetTable({ points, chosen }: Budget): string {
  const rows = [...points].sort((a, b) => a.bytes - b.bytes || a.loss - b.loss);
  const cells = rows.map((point) => [
    formatCount(point.bytes),
    formatAmount(point.loss, point.judgement.unit),
    `${formatAmount(point.judgement.low, point.judgement.unit)} to ${formatAmount(point.judgement.high, point.judgement.unit)}`,
    point.divergence.toPrecision(3),
    point === chosen ? '← chosen' : '',
  ]);
  const lost = chosen.judgement.unit === 'points' ? 'points lost' : 'off';
  const head = ['bytes', lost, '95 %', 'divergence', ''];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i < 4 ? cell.padStart(widths[i]) : cell))
      .join('  ')
      .trimEnd();
  return [line(head), '─'.repeat(widths[0] + widths[1] + widths[2] + widths[3] + 6), ...cells.map(line)].join('\n');
}
