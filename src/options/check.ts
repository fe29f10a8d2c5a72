import { FxqError } from '../errors.js';
import { fieldOf } from '../guards.js';
import { nearest } from './nearest.js';
import { type Options, series, withArticle } from './option.js';

/**
 * Throws unless all that is given is what the declarations say. What is `undefined` is not given, and what is not
 * declared is another's to check.
 *
 * @param stage - for messages
 * @throws RangeError
 */
export function checkOptions(stage: string, options: Options, given: object): void {
  for (const [name, option] of Object.entries(options)) {
    const value: unknown = fieldOf(given, name);
    if (value !== undefined && !option.accepts(value)) {
      throw new RangeError(`${stage}: expected ${option.expected(name)}, got ${value}`);
    }
  }
}

/**
 * Throws where more than one is given of options that exclude each other.
 *
 * @param isRequired - one has to be
 * @throws RangeError
 */
export function checkAlternatives(
  stage: string,
  alternatives: readonly string[],
  given: object,
  isRequired = false,
): void {
  const names = givenOf(alternatives, given);
  if (names.length > 1) {
    throw new RangeError(`${stage}: expected one of ${series(alternatives, 'and')}, got ${series(names, 'and')}`);
  }
  if (isRequired && names.length === 0) {
    throw new RangeError(`${stage}: expected ${series(alternatives.map(withArticle), 'or')}`);
  }
}

/**
 * Throws where an option is given that there is none of, such as a misspelt one.
 *
 * @param subject - the function, or the option of it that these belong to
 * @throws FxqError `CONFIG`, with the option that was most likely meant
 */
export function checkKeys(subject: string, known: readonly string[], given: object): void {
  const unknown = Object.keys(given).find((name) => fieldOf(given, name) !== undefined && !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  const message = `${subject}: expected options among ${series(known, 'and')}, got ${unknown}${hint}`;
  throw new FxqError('CONFIG', message, { expected: known, actual: unknown });
}

/** Which of these options are given. */
export function givenOf(names: readonly string[], given: object): string[] {
  return names.filter((name) => fieldOf(given, name) !== undefined);
}
