import { FxqError } from '../errors.js';
import { fieldOf } from '../guards.js';
import type { Tensor } from './model.js';

/** Which tensors: a glob over names (`conv*`), or `op:Conv`, `role:bias`, `dtype:float16`, with globs there, too. */
export type Selector = string;

/** What a selector may look at; the name, if it says nothing. */
export const SELECTOR_FIELDS = ['name', 'op', 'role', 'dtype'] as const;

/**
 * Compiles a selector. In a glob, `*` stands for any characters, `?` for one; everything else for itself.
 *
 * @example
 * const isConv = matcher('op:Conv*');
 * model.tensors.filter(isConv);
 */
export function matcher(selector: Selector): (tensor: Tensor) => boolean {
  const field = SELECTOR_FIELDS.find((name) => selector.startsWith(`${name}:`));
  const glob = field === undefined ? selector : selector.slice(field.length + 1);
  if (glob === '')
    throw new FxqError('CONFIG', `selector "${selector}": expected a pattern, got nothing`, { actual: selector });
  const pattern = [...glob];
  return (tensor) => globs(pattern, [...tensor[field ?? 'name']]);
}

/** The selector of a name: one that begins like another field has to say that it is a name. */
export function exactly(name: string): Selector {
  return SELECTOR_FIELDS.some((field) => name.startsWith(`${field}:`)) ? `name:${name}` : name;
}

/**
 * Whether a glob stands for a text, both as characters. What lies between two stars is looked for where it fits first:
 * if any place will do, that one does, so no star is tried again once the next is reached.
 */
export function globs(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  /** The star that was passed last, and the first character that is not taken to be its. */
  let star = -1;
  let from = 0;
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      from = i;
    } else if (pattern[at] === '?' || pattern[at] === text[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++from;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** What a lossy stage works on by default. */
export const DEFAULT_INCLUDE: readonly Selector[] = ['role:weight'];

/** Which tensors a stage works on, and with which of its options where they differ by layer. */
export interface Selection<Options> {
  /** Default: `role:weight`. */
  include?: readonly Selector[] | undefined;
  /** Taken from what is included. Default: nothing. */
  exclude?: readonly Selector[] | undefined;
  /** Options of single layers. Two rules that give one layer different values for an option are an error. */
  rules?: readonly Rule<Options>[] | undefined;
}

/** Options for the tensors that a selector finds, in place of those for all. */
export interface Rule<Options> {
  readonly match: Selector;
  readonly options: Partial<Options>;
}

/**
 * Resolves a selection: for a tensor its options, or `undefined` if the stage leaves it alone.
 *
 * @param selection - selectors and rules; every selector is checked at once
 * @param defaults - the options where no rule says otherwise
 * @param alternatives - options of which a layer has one: a rule that gives one of them takes the place of them all
 */
export function selector<Options extends object>(
  selection: Selection<Options>,
  defaults: Options,
  alternatives: readonly (keyof Options & string)[],
): (tensor: Tensor) => Options | undefined {
  const include = (selection.include ?? DEFAULT_INCLUDE).map(matcher);
  const exclude = (selection.exclude ?? []).map(matcher);
  const rules = (selection.rules ?? []).map((rule) => ({ ...rule, matches: matcher(rule.match) }));
  return (tensor) => {
    if (!include.some((matches) => matches(tensor)) || exclude.some((matches) => matches(tensor))) return undefined;
    const matching = rules.filter(({ matches }) => matches(tensor));
    const options = mergeRules(tensor, matching);
    const chosen = alternatives.filter((key) => options[key] !== undefined);
    if (chosen.length > 1) {
      const sayings = chosen.map((key) => {
        const rule = matching.find((each) => each.options[key] !== undefined);
        return `rule "${rule?.match}" says ${key} ${options[key]}`;
      });
      throw conflict(tensor, sayings.join(', '));
    }
    const base = Object.entries(defaults).filter(
      ([key]) => chosen.length === 0 || !alternatives.some((name) => name === key),
    );
    return { ...Object.fromEntries(base), ...options } as Options;
  };
}

function mergeRules<Options extends object>(tensor: Tensor, rules: readonly Rule<Options>[]): Partial<Options> {
  const merged: Partial<Options> = {};
  const origin = new Map<string, Rule<Options>>();
  for (const rule of rules) {
    for (const [key, value] of Object.entries(rule.options)) {
      if (value === undefined) continue;
      const earlier = origin.get(key);
      if (earlier !== undefined && fieldOf(earlier.options, key) !== value) {
        const other = `rule "${earlier.match}" says ${fieldOf(earlier.options, key)}`;
        throw conflict(tensor, `rule "${rule.match}" says ${key} ${value}, ${other}`);
      }
      origin.set(key, rule);
      Object.assign(merged, { [key]: value });
    }
  }
  return merged;
}

function conflict(tensor: Tensor, problem: string): FxqError {
  return new FxqError('CONFIG', `${tensor.name}: ${problem}; change the patterns so that one of them applies`, {
    tensor: tensor.name,
  });
}
