import { type Option, word } from '../../options/option.js';
import { FORMAT_PATTERN, FORMATS_TEXT, isFormatName } from './parse.js';

/** The name of a number format as an option. */
export function formatOption(text: string): Option<string, undefined> {
  const what = `as a number format (${FORMATS_TEXT})`;
  return {
    ...word({ text, value: 'format', what, pattern: FORMAT_PATTERN }),
    expected: (name = 'number format') => `${name} ${what}`.replace(/^number format as a /, 'a '),
    accepts: (value) => typeof value === 'string' && isFormatName(value),
  };
}
