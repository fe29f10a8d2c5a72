import { FxqError } from '../errors.js';
import { matcher, SELECTOR_FIELDS } from '../model/selectors.js';
import { nearest } from '../options/nearest.js';
import type { JsonSchema, Option } from '../options/option.js';
import { schemaOf } from '../options/text.js';
import { formatOption } from '../quantize/formats/option.js';

/**
 * What a value of a config file has to be: said once, as a check for this program and as a JSON schema for editors.
 * Both accept the same values.
 */
export interface Shape {
  /** @throws Mismatch if the value is not of this shape */
  check(value: unknown, path: Path): void;
  readonly schema: JsonSchema;
}

/** Keys and indices that lead to a value, from the top of the file. */
export type Path = readonly (string | number)[];

/** What is wrong with a config file, and with which of its values. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';

  /** @param isKey - it is the key that is wrong, not its value */
  constructor(
    readonly path: Path,
    problem: string,
    readonly isKey = false,
  ) {
    super(`${pathText(path)}: ${problem}`);
  }
}

/** The value of an option of a stage. */
export function optionShape(option: Option): Shape {
  return {
    schema: schemaOf(option),
    check(value, path) {
      if (!option.accepts(value)) throw new Mismatch(path, `expected ${option.expected()}, got ${show(value)}`);
    },
  };
}

export function selector(description: string): Shape {
  return {
    // A field has to have a pattern after it.
    schema: { description, type: 'string', pattern: `^(?!(?:${SELECTOR_FIELDS.join('|')}):$)[\\s\\S]` },
    check(value, path) {
      if (typeof value !== 'string') throw new Mismatch(path, `expected a selector, got ${show(value)}`);
      try {
        matcher(value);
      } catch (error) {
        throw error instanceof FxqError ? new Mismatch(path, error.message) : error;
      }
    },
  };
}

/** @param what - for messages: `a list of …` */
export function list(description: string, what: string, of: Shape): Shape {
  return {
    schema: { description, type: 'array', items: of.schema },
    check(value, path) {
      if (!Array.isArray(value)) throw new Mismatch(path, `expected a list of ${what}, got ${show(value)}`);
      for (const [i, each] of value.entries()) of.check(each, [...path, i]);
    },
  };
}

/** Names or globs, each with a number format; nothing at all where all of them are comments. */
export function formats(description: string): Shape {
  const format = optionShape(formatOption('number format'));
  return {
    schema: { description, anyOf: [{ type: 'null' }, { type: 'object', additionalProperties: format.schema }] },
    check(value, path) {
      if (value === null) return;
      if (typeof value !== 'object' || Array.isArray(value)) {
        throw new Mismatch(path, `expected names of values with number formats, got ${show(value)}`);
      }
      for (const [key, each] of Object.entries(value)) format.check(each, [...path, key]);
    },
  };
}

interface MapRules {
  readonly required?: readonly string[];
  /** Keys of which there may be one. */
  readonly alternatives?: readonly string[];
}

export function map(description: string, keys: Record<string, Shape>, rules: MapRules = {}): Shape {
  const { required = [], alternatives = [] } = rules;
  const names = Object.keys(keys);
  const pairs = alternatives.flatMap((one, i) => alternatives.slice(i + 1).map((other) => [one, other]));
  return {
    schema: {
      description,
      type: 'object',
      properties: Object.fromEntries(Object.entries(keys).map(([name, { schema }]) => [name, schema])),
      additionalProperties: false,
      ...(required.length > 0 && { required }),
      ...(pairs.length > 0 && { allOf: pairs.map((pair) => ({ not: { required: pair } })) }),
    },
    check(value, path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Mismatch(path, `expected keys and values, got ${show(value)}`);
      }
      const given = Object.entries(value);
      const unknown = given.find(([key]) => !Object.hasOwn(keys, key))?.[0];
      if (unknown !== undefined) throw unknownKey(path, unknown, names);
      const missing = required.find((key) => !Object.hasOwn(value, key));
      if (missing !== undefined) throw new Mismatch(path, `expected a key "${missing}"`);
      const [first, second] = given.map(([key]) => key).filter((key) => alternatives.includes(key));
      if (second !== undefined) {
        const problem = `expected one of ${alternatives.join(', ')}, got ${second} after ${first}`;
        throw new Mismatch([...path, second], problem, true);
      }
      for (const [key, each] of given) keys[key].check(each, [...path, key]);
    },
  };
}

/** Keys and values, or `false` in their place. */
export function orFalse(description: string, shape: Shape): Shape {
  return {
    schema: { description, anyOf: [{ const: false }, shape.schema] },
    check(value, path) {
      if (value === false) return;
      if (typeof value !== 'object') {
        throw new Mismatch(path, `expected keys and values or false, got ${show(value)}`);
      }
      shape.check(value, path);
    },
  };
}

function unknownKey(path: Path, key: string, allowed: readonly string[]): Mismatch {
  const meant = nearest(key, allowed);
  const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
  return new Mismatch([...path, key], `unknown key ${show(key)}${hint}; allowed: ${allowed.join(', ')}`, true);
}

/** As one would write it in JavaScript: `layers[1].prune.density`. */
function pathText(path: Path): string {
  if (path.length === 0) return 'the file';
  const text = path.map((step) => (typeof step === 'string' && /^[\w-]+$/.test(step) ? `.${step}` : `[${show(step)}]`));
  return text.join('').replace(/^\./, '');
}

/** A value as it may stand in a message: on one line, and short. */
function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return String(JSON.stringify(value)).slice(0, 80);
  } catch {
    // An alias inside of what it stands for makes a circle.
    return 'a value that contains itself';
  }
}
