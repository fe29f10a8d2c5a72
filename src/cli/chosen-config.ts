import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FxqError } from '../errors.js';
import { printableJson } from '../printable.js';
import type { Config } from './config.js';
import { yaml } from './yaml.js';

/** What the file with the chosen setting is called: as the output, with this behind it. */
export const CONFIG_ENDING = '.yaml';

/** How it begins: a file that begins so may be replaced by the next one. */
const MARK = '# Chosen by fxq-compress';

/**
 * Where what a search chooses is written.
 *
 * @throws FxqError `IO` where a file of somebody else's has that name
 */
export function configPathOf(saveConfig: string | undefined, output: string): string {
  const path = saveConfig ?? output + CONFIG_ENDING;
  if (saveConfig === undefined && existsSync(path) && !readFileSync(path, 'utf8').startsWith(MARK)) {
    const message = `${path}: exists already, and no search has written it; name a file with --save-config`;
    throw new FxqError('IO', message, { file: path });
  }
  return path;
}

/** By what it was judged: with that another person gets the same decision. */
export function judgedText({
  metric,
  samples,
  heldOut,
  seed,
}: {
  readonly metric: string;
  readonly samples: number;
  readonly heldOut: number;
  readonly seed: number;
}): string {
  const others =
    heldOut > 0 ? `${heldOut} inputs kept apart, measured on ${samples} others` : `the ${samples} inputs measured on`;
  return `judged by ${metric} on ${others}, seed ${seed}`;
}

/**
 * What a search chose, as a config file that a later one may replace.
 *
 * @param again - what a command with this file makes again
 */
export function configText(
  model: string,
  what: string,
  config: Config,
  command: string,
  again = 'makes the same again',
): string {
  const head = [
    `${MARK} for ${printableJson(basename(model))}: ${what}.`,
    `# ${command} --config with this file ${again}.`,
  ];
  return `${head.join('\n')}\n${yaml().stringify(config)}`;
}
