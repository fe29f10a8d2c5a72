import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Complete, RootCommand } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { series } from '../../options/option.js';
import { UsageError } from '../errors.js';
import type { Terminal } from '../terminal.js';

/** Values of options that are files or folders. */
const FILES = /<(file|path|data)>/;

/** Completion of words, by what the other commands have been told; theirs have to be added before. */
export function addCompleteCommand(program: Command, terminal: Terminal): void {
  const root = tab(program);
  program.commands
    .find((command) => command.name() === 'complete')
    ?.summary('print what completes commands, options and files in a shell')
    .description(
      'Prints a script for a shell: once it has read that, the Tab key completes commands, options and files.',
    )
    .addHelpText('after', INSTALLATION)
    .hook('preAction', (_, { args }) => {
      // Words to complete come behind `--`, and are the shell's own.
      if (process.argv.includes('--') || SHELLS.includes(args[0])) return;
      const got = args[0] === undefined ? 'nothing' : `'${args[0]}'`;
      throw new UsageError(`complete: expected the name of a shell, ${series(SHELLS, 'or')}, got ${got}`);
    });
  const setup = root.setup.bind(root);
  root.setup = (...names) => terminal.say(repeatable(printedBy(() => setup(...names))));
  for (const command of program.commands) addFiles(root, command);
  root.argument('models', offerFiles, true);
}

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'];

/** What work prints, instead of having it printed. */
function printedBy(work: () => void): string {
  const { log } = console;
  let text = '';
  console.log = (line: unknown) => {
    text += `${line}\n`;
  };
  try {
    work();
  } finally {
    console.log = log;
  }
  return text;
}

/** A script for bash that may be read twice, as by a shell in a shell: what it names is set only where nothing has. */
function repeatable(script: string): string {
  return script.replace(/^readonly (\w+)=(\w+)$/gm, (_, name, value) => `: "\${${name}:=${value}}"`);
}

const INSTALLATION = `
Examples:
  $ fxq-compress complete bash >> ~/.bashrc  # needs the package bash-completion
  $ fxq-compress complete zsh > "\${fpath[1]}/_fxq-compress"
  $ fxq-compress complete fish > ~/.config/fish/completions/fxq-compress.fish`;

/** Has files offered where a command takes them. */
function addFiles(root: RootCommand, command: Command): void {
  const known = root.commands.get(command.name());
  if (!known) return;
  // A shell shows a line, and takes a second one for another word.
  known.description = command.summary();
  if (command.name() === 'complete') return;
  for (const argument of known.arguments.values()) argument.handler = offerFiles;
  for (const { flags, long } of command.options) {
    const option = known.options.get(long?.slice(2) ?? '');
    if (option && FILES.test(flags)) option.handler = offerFiles;
  }
}

/** What is there that begins with the last word; a folder alone with what is in it, so that the shell goes on there. */
function offerFiles(complete: Complete): void {
  const word = process.argv.at(-1) ?? '';
  const found = entries(word);
  const all = found.length === 1 && found[0].endsWith('/') ? [...found, ...entries(found[0])] : found;
  for (const path of all) complete(path, '');
}

function entries(word: string): string[] {
  const folder = word.endsWith('/') ? word : dirname(word);
  const start = word.endsWith('/') ? '' : basename(word);
  const shown = folder === '.' && !word.startsWith('.') ? '' : folder;
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(start) && (start.startsWith('.') || !name.startsWith('.')))
      .map((name) => {
        const isFolder = statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true;
        return `${join(shown, name)}${isFolder ? '/' : ''}`;
      });
  } catch {
    return [];
  }
}
