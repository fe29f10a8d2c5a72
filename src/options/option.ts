/** A JSON schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * An option of a stage, said once: what it is and which values it takes. Checks, flags of the command line, keys of config
 * files with their schema, and docs all read it from here.
 */
export interface Option<Value = unknown, Default = Value | undefined> {
  /** What it is: a phrase, as help shows it. */
  readonly text: string;
  /** What its value is called in help, as in `--density <share>`. A toggle has none. */
  readonly value?: string | undefined;
  /** What holds if nothing is said. Of alternatives: if none of them is given. */
  readonly default: Default;
  /** The same in words, where it depends on something. */
  readonly otherwise?: string | undefined;
  /** The flag, where it is another than the option's name in dashes; `false`: the command line does not have it. */
  readonly flag?: string | false | undefined;
  /** Its values for help, where they need to be said: `0 to 1`. */
  readonly range?: string | undefined;
  readonly choices?: readonly Value[] | undefined;
  /** What a JSON schema says of its values. */
  readonly schema: JsonSchema;
  /** What it has to be, for messages: `a density from 0 to 1`, and without a name `a number from 0 to 1`. */
  expected(name?: string): string;
  accepts(value: unknown): boolean;
  /**
   * The value of a word of the command line. Its range may be left to `accepts`.
   *
   * @throws Error with a sentence on what was expected
   */
  parse(word: string): Value;
  /** The value as one would type it. */
  show(value: Value): string;
}

/** Options by their names, in the order in which they are shown. */
export type Options = Readonly<Record<string, Option>>;

/**
 * Declarations of the options that an interface has, each of exactly the interface's type, so that the two cannot drift:
 * `const OPTIONS = { … } satisfies OptionsOf<PruneOptions, Selected>`.
 */
export type OptionsOf<Interface, Others extends PropertyKey = never> = {
  readonly [Name in Exclude<keyof Interface, Others>]-?: Option<NonNullable<Interface[Name]>> & {
    // A property and not a method, so that TypeScript compares the types of parameters the other way round as well.
    readonly show: (value: NonNullable<Interface[Name]>) => string;
  };
};

/** What a declaration says beside the values. */
type About<Value, Default> = { readonly default?: Default } & Pick<
  Option<Value>,
  'text' | 'value' | 'otherwise' | 'flag'
>;

interface NumberRange {
  /** The least value; `above`: what all values are above. */
  readonly low?: number;
  readonly above?: number;
  readonly high?: number;
}

/** A finite number. */
export function number<const Default extends number | undefined = undefined>(
  about: About<number, Default> & NumberRange,
): Option<number, NoInfer<Default>> {
  const { low, above, high, ...rest } = about;
  const range = rangeText(about);
  return {
    value: 'number',
    ...rest,
    default: defaultOf(about),
    range: high === undefined ? undefined : range.replace(/^from /, ''),
    schema: {
      type: 'number',
      ...(low !== undefined && { minimum: low }),
      ...(above !== undefined && { exclusiveMinimum: above }),
      ...(high !== undefined && { maximum: high }),
    },
    expected: (name = 'number') => `${withArticle(name)} ${range}`,
    accepts: (value) => Number.isFinite(value) && isInside(value, about),
    parse: parseNumber,
    show: String,
  };
}

/** An integer; without `high` as large as one may be. */
export function whole<const Default extends number | undefined = undefined>(
  about: About<number, Default> & { readonly low: number; readonly high?: number },
): Option<number, NoInfer<Default>> {
  const { low, high, ...rest } = about;
  const accepts = (value: unknown) => Number.isSafeInteger(value) && isInside(value, about);
  const expected = (name?: string) => `a whole number ${name === undefined ? '' : `of ${name} `}${rangeText(about)}`;
  return {
    value: 'number',
    ...rest,
    default: defaultOf(about),
    range: high === undefined ? undefined : `${low} to ${high}`,
    schema: { type: 'integer', minimum: low, maximum: high ?? Number.MAX_SAFE_INTEGER },
    expected,
    accepts,
    parse(word) {
      const value = parseNumber(word);
      // A count says all there is to say at once; of a range the stage knows more, such as its own name.
      if (high === undefined && !accepts(value)) throw new Error(`Expected ${expected()}.`);
      return value;
    },
    show: String,
  };
}

/** One of several words. */
export function choice<const Value extends string, const Default extends NoInfer<Value> | undefined = undefined>(
  about: About<Value, Default> & { readonly of: readonly Value[] },
): Option<Value, NoInfer<Default>> {
  const { of: choices, ...rest } = about;
  return {
    value: 'choice',
    ...rest,
    default: defaultOf(about),
    choices,
    schema: { enum: choices },
    expected: (name) => (name === undefined ? `one of ${choices.join(', ')}` : `${name} ${series(choices, 'or')}`),
    accepts: (value) => choices.some((each) => each === value),
    parse: (word) => word as Value,
    show: String,
  };
}

/** Yes or no; no if nothing is said. */
export function toggle(about: Omit<About<boolean, never>, 'default' | 'value'>): Option<boolean, false> {
  return {
    ...about,
    default: false,
    schema: { type: 'boolean' },
    expected: (name) => (name === undefined ? 'true or false' : `${name} true or false`),
    accepts: (value) => typeof value === 'boolean',
    parse: (word) => word === 'true',
    show: String,
  };
}

/** A word of a language of its own, such as a number format: `what` is like `such as int8`, `pattern` checks the words. */
export function word<const Default extends string | undefined = undefined>(
  about: About<string, Default> & { readonly what: string; readonly pattern: RegExp },
): Option<string, NoInfer<Default>> {
  const { what, pattern, ...rest } = about;
  return {
    value: 'name',
    ...rest,
    default: defaultOf(about),
    schema: { type: 'string', pattern: pattern.source },
    expected: (name = 'name') => `${withArticle(name)} ${what}`,
    accepts: (value) => typeof value === 'string' && pattern.test(value),
    parse: (text) => text,
    show: String,
  };
}

/** What seeds the project's generator: every stage takes the same ones. */
export function seed(text: string): Option<number, 0> {
  // 32 bits, to which stages may add numbers of epochs and of layers without leaving what a double holds.
  const option = whole({ text, low: 0, high: 2 ** 32 - 1, default: 0 });
  const parse = (word: string) => {
    const value = parseNumber(word);
    // Several stages share the flag, and none of them is to blame.
    if (!option.accepts(value)) throw new Error(`Expected ${option.expected()}.`);
    return value;
  };
  return { ...option, range: undefined, parse };
}

/** A number; its range is another's to check. */
export function parseNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new Error('Expected a number.');
  return value;
}

/** `a share`, `an angle`. */
export function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** `a, b or c`. */
export function series(words: readonly string[], last: 'and' | 'or'): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

function defaultOf<Default>(about: { readonly default?: Default }): Default {
  return about.default as Default;
}

function isInside(value: unknown, { low = Number.NEGATIVE_INFINITY, above, high = Number.MAX_VALUE }: NumberRange) {
  return typeof value === 'number' && value >= low && value <= high && (above === undefined || value > above);
}

function rangeText({ low, above, high }: NumberRange): string {
  if (above !== undefined) return high === undefined ? `above ${above}` : `above ${above}, up to ${high}`;
  return high === undefined ? `of at least ${low}` : `from ${low} to ${high}`;
}
