import type { JsonSchema, Option } from './option.js';

/** What an option is, in a line: its text, its values, and what holds if nothing is said. */
export function describe({ text, range, choices, otherwise, default: fallback, show }: Option): string {
  const values = choices ? `: ${choices.map(show).join(', ')}` : range === undefined ? '' : `, ${range}`;
  const fallbackText = defaultText(otherwise, fallback, show);
  return `${text}${values}${fallbackText === undefined ? '' : ` (default: ${fallbackText})`}`;
}

/** The flag of an option: `--learning-rate <number>`, and what help says of it; `undefined` if it has none. */
export function flagOf(name: string, option: Option): { readonly flag: string; readonly text: string } | undefined {
  if (option.flag === false) return undefined;
  const long = `--${option.flag ?? dashed(name)}`;
  // The command line lists choices by itself.
  const { choices: _, ...rest } = option;
  return { flag: option.value === undefined ? long : `${long} <${option.value}>`, text: describe(rest) };
}

/** The JSON schema of an option: what it is as a sentence, and its values. */
export function schemaOf({ text, otherwise, default: fallback, show, schema }: Option): JsonSchema {
  const fallbackText = defaultText(otherwise, fallback, show);
  const ending = fallbackText === undefined ? '' : ` Default: ${fallbackText}.`;
  return { description: `${text[0].toUpperCase()}${text.slice(1)}.${ending}`, ...schema };
}

/** The name of an option in code as it is typed: `maxLoss` is `max-loss`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What holds if nothing is said, in words; a toggle that is off needs none. */
function defaultText(otherwise: string | undefined, fallback: unknown, show: Option['show']): string | undefined {
  return otherwise ?? (fallback === undefined || fallback === false ? undefined : show(fallback));
}
