import { type Command, Option as Flag, InvalidArgumentError } from 'commander';
import { fieldOf, messageOf } from '../guards.js';
import type { Option, Options } from '../options/option.js';
import { dashed, flagOf } from '../options/text.js';
import type { StageDefinition } from '../stages/stage.js';

/** The values of options, by name. */
export type ValuesOf<Declared extends Options> = {
  readonly [Name in keyof Declared]?: Declared[Name] extends Option<infer Value, infer _> ? Value | undefined : never;
};

interface FlagRules {
  /** Options of which one may be given, those of other declarations among them. */
  readonly alternatives?: readonly string[];
  /** What stands before the text of each. */
  readonly prefix?: string;
}

/** Adds the flags of options, with their help, to a command. */
export function addOptions(command: Command, options: Options, rules: FlagRules = {}): Command {
  const { alternatives = [], prefix = '' } = rules;
  for (const [name, option] of Object.entries(options)) {
    const { flag, text } = flagOf(name, option) ?? {};
    if (flag === undefined) continue;
    const added = new Flag(flag, `${prefix}${text}`);
    // A flag that another stage has already serves both.
    if (command.options.some(({ long }) => long === added.long)) continue;
    if (option.choices) added.choices(option.choices.map(option.show));
    else if (option.value !== undefined) added.argParser(argument(option.parse));
    if (alternatives.includes(name)) added.conflicts(alternatives.filter((each) => each !== name));
    command.addOption(added);
  }
  return command;
}

/** Adds the flags of a stage. */
export function addStage(command: Command, { options, alternatives }: StageDefinition): Command {
  return addOptions(command, options, { alternatives });
}

/** The options that flags give, under the options' names. */
export function optionsFrom<Declared extends Options>(options: Declared, flags: object): ValuesOf<Declared> {
  const given = Object.entries(options).map(([name, { flag }]) => [name, fieldOf(flags, attributeOf(name, flag))]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Which options flags give, as they are typed but for the dashes. */
export function givenFlags(options: Options, flags: object): string[] {
  const given = Object.entries(options).filter(
    ([name, { flag }]) => fieldOf(flags, attributeOf(name, flag)) !== undefined,
  );
  return given.map(([name, { flag }]) => flag || dashed(name));
}

/** What Commander has a value under: the flag in camel case. */
function attributeOf(name: string, flag: Option['flag']): string {
  return (flag || dashed(name)).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A reader of words as Commander takes it: what it says of a word is about that argument. */
export function argument<Value>(parse: (word: string) => Value): (word: string) => Value {
  return (word) => {
    try {
      return parse(word);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}
