import { type Command, InvalidArgumentError } from 'commander';
import { AUGMENTATIONS, type Augmentation } from '../tune/augment.js';
import { parseNumber } from './options.js';

const CHANGES = Object.keys(AUGMENTATIONS);

/** Adds the flag for changes to images while they are trained on. */
export function addAugmentation(command: Command, prefix = ''): Command {
  return command.option(
    '--augment <changes...>',
    `${prefix}change images each time: ${CHANGES.map((name) => `${name}=…`).join(' ')} (shares; rotate in degrees)`,
    parseAugmentation,
  );
}

function parseAugmentation(text: string, before: Augmentation = {}): Augmentation {
  const [, name, value] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (!CHANGES.includes(name)) {
    throw new InvalidArgumentError(`Expected one of ${CHANGES.map((known) => `${known}=…`).join(', ')}.`);
  }
  return { ...before, [name]: parseNumber(value) };
}
