import { type Command, Option } from 'commander';
import { FxqError } from '../errors.js';
import { METRICS, type MetricName, type OwnMetric } from '../evaluate/metric.js';
import { fieldOf, messageOf } from '../guards.js';
import { disk } from './disk.js';
import { UsageError } from './errors.js';

/** The option that says how good is measured. */
export interface MetricFlags {
  readonly metric?: string;
}

export function addMetric(command: Command): Command {
  const text = `how good is measured: ${METRICS.join(', ')}, or a module of your own (outputs, reference, labels → a number an input)`;
  return command.addOption(new Option('--metric <name>', `${text} (default: as labels and outputs suggest)`));
}

/** @throws UsageError for a word that is none; FxqError `DATASET` for a module that exports no function */
export async function metricOf({ metric }: MetricFlags): Promise<MetricName | OwnMetric | undefined> {
  if (metric === undefined) return undefined;
  const known = METRICS.find((name) => name === metric);
  if (known) return known;
  if (!/\.[cm]?js$/.test(metric)) {
    throw new UsageError(`--metric ${metric}: expected ${METRICS.join(', ')}, or a module such as ./metric.mjs`);
  }
  let module: unknown;
  try {
    module = await disk.importModule(metric);
  } catch (cause) {
    throw new FxqError('DATASET', `${metric}: cannot be imported (${messageOf(cause)})`, { file: metric, cause });
  }
  const exported = fieldOf(module, 'default');
  if (isOwnMetric(exported)) return exported;
  const message = `${metric}: expected a function as default export, got ${typeof exported}`;
  throw new FxqError('DATASET', message, { file: metric, expected: 'a function', actual: typeof exported });
}

/** What it gives is checked when it is called. */
function isOwnMetric(value: unknown): value is OwnMetric {
  return typeof value === 'function';
}
