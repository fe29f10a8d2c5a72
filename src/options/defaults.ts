import type { Option, Options } from './option.js';

type DefaultOf<Declared> = Declared extends Option<infer _, infer Default> ? Default : never;

/**
 * What holds where nothing is said, by name; options without a default are absent. (The type has no name, so that
 * declarations show the defaults themselves.)
 */
export function defaultsOf<const Declared extends Options>(
  options: Declared,
): {
  readonly [Name in keyof Declared as DefaultOf<Declared[Name]> extends undefined ? never : Name]: DefaultOf<
    Declared[Name]
  >;
} {
  const entries = Object.entries(options).map(([name, option]) => [name, option.default]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defaultsOf<Declared>
  >;
}

/** Those of these options that are given, and nothing else that is. */
export function pickGiven<Given extends object, Name extends keyof Given & string>(
  names: readonly Name[],
  given: Given,
): Partial<Pick<Given, Name>> {
  const entries = names.map((name) => [name, given[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<Pick<Given, Name>>;
}

/** A stage's record for the model's metadata: its name and the options that are not at their defaults. */
export function recordOf(stage: string, options: Record<string, unknown>, defaults: Record<string, unknown>): string {
  const parts = Object.entries(options).filter(([key, value]) => value !== undefined && value !== defaults[key]);
  return [stage, ...parts.map(([key, value]) => `${key}=${value}`)].join(' ');
}
