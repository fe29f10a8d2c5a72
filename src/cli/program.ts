import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { FxqError } from '../errors.js';
import { hasColours, styled } from './colour.js';
import { errorJson, reportError } from './errors.js';
import { withInputs } from './inputs.js';
import { createTerminal, type Streams, type Terminal, widthOf } from './terminal.js';
import { version } from './version.js';

const HELP_WIDTH = 100;

type AddCommand = (program: Command, terminal: Terminal) => void;

/**
 * The commands in the order of the help. Each is loaded when it is called: together they take longer to load than many of
 * them to work.
 */
const COMMANDS: Record<string, () => Promise<AddCommand>> = {
  compress: async () => (await import('./commands/compress.js')).addCompressCommand,
  decode: async () => (await import('./commands/decode.js')).addDecodeCommand,
  inspect: async () => (await import('./commands/inspect.js')).addInspectCommand,
  evaluate: async () => (await import('./commands/evaluate.js')).addEvaluateCommand,
  init: async () => (await import('./commands/init.js')).addInitCommand,
  sensitivity: async () => (await import('./commands/sensitivity.js')).addSensitivityCommand,
  report: async () => (await import('./commands/report.js')).addReportCommand,
  footprint: async () => (await import('./commands/footprint.js')).addFootprintCommand,
  fold: async () => (await import('./commands/fold.js')).addFoldCommand,
  prune: async () => (await import('./commands/prune.js')).addPruneCommand,
  cluster: async () => (await import('./commands/cluster.js')).addClusterCommand,
  quantize: async () => (await import('./commands/quantize.js')).addQuantizeCommand,
  tune: async () => (await import('./commands/tune.js')).addTuneCommand,
  encode: async () => (await import('./commands/encode.js')).addEncodeCommand,
  // Last: it completes what the others have told by then.
  complete: async () => (await import('./commands/complete.js')).addCompleteCommand,
};

/**
 * Runs the command line.
 *
 * @param given - the arguments, without the names of node and the script
 * @returns the exit code: 0 done, 1 the work failed, 2 wrong usage
 *
 * @example
 * process.exitCode = await run(process.argv.slice(2));
 */
export async function run(given: readonly string[], streams: Streams = process): Promise<number> {
  const args = withCommand(given);
  const isJson = args.includes('--json');
  const isQuiet = args.includes('--quiet') || args.includes('-q');
  const terminal = createTerminal(streams, isQuiet);
  try {
    const program = createProgram(terminal, isJson);
    for (const name of commandsFor(args)) (await COMMANDS[name]())(program, terminal);
    // Commands have taken over what is said of options by now. After an error in JSON nothing else may follow.
    if (!isJson) program.showHelpAfterError('(--help lists the commands)');
    await withInputs(() => program.parseAsync(args, { from: 'user' }));
    terminal.clear();
    return 0;
  } catch (error) {
    return reportError(error, terminal, isJson);
  }
}

/** Reports that what was printed went nowhere, as onto a full disk; gives the exit code. */
export function reportFullOutput(
  cause: NodeJS.ErrnoException,
  args: readonly string[],
  streams: Streams = process,
): number {
  const problem = cause.code === 'ENOSPC' ? 'no space is left where it goes' : `cannot be written (${cause.message})`;
  const error = new FxqError('IO', `stdout: ${problem}; what was printed is not whole`, { file: 'stdout', cause });
  return reportError(error, createTerminal(streams, true), args.includes('--json'));
}

/** What stands in the command's place and is none. */
const ABOUT = ['help', '-h', '--help', '-V', '--version'];

/** The arguments with the command that they leave out: `compress`, where they begin with a file or an option. */
function withCommand(args: readonly string[]): readonly string[] {
  const [first, second] = args;
  // Of no command there is no help either: it is told as what it is.
  if (first === 'help' && second !== undefined && !isCommand(second)) return [second];
  if (first === undefined || ABOUT.includes(first) || isCommand(first)) return args;
  if (first.startsWith('-') || /[./\\*?]/.test(first) || existsSync(first)) return ['compress', ...args];
  return [first, ...args.filter((word) => word === '--json')];
}

function isCommand(word: string): boolean {
  return Object.hasOwn(COMMANDS, word);
}

/** The names of the commands that parsing these arguments needs: what is not a command may be close to any of them. */
function commandsFor([first, second]: readonly string[]): string[] {
  if (first === '--version' || first === '-V') return [];
  const asked = first === 'help' ? second : first;
  return asked !== undefined && asked !== 'complete' && isCommand(asked) ? [asked] : Object.keys(COMMANDS);
}

/** What is said of an option that is not known; of one that other commands have, with what does the same here. */
function pointed(error: string, { commands }: Command): string {
  const [first] = error.split('\n', 1);
  const isCalibrated = commands.some(({ options }) => options.some(({ long }) => long === '--calibrate-samples'));
  if (!isCalibrated || !first.endsWith("unknown option '--limit'")) return error;
  return `${first}\n(with --calibrate, --calibrate-samples says how many inputs are looked at)`;
}

/** The program without its commands; parsing throws instead of ending the process. */
function createProgram(terminal: Terminal, isJson = false): Command {
  const { stdout, stderr } = terminal.streams;
  const program = new Command('fxq-compress')
    .description('Deep Compression for ONNX models: prune, cluster and Huffman-code weights into a compact .fxq file.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
    .usage('[command] [options] <files...>')
    .configureHelp({
      // With what they take the names would leave no room for what they do.
      subcommandTerm: (command) => command.name(),
      styleTitle: (text) => styled(text, 'title'),
      styleCommandText: (text) => styled(text, 'command'),
      styleSubcommandText: (text) => styled(text, 'command'),
      styleOptionText: (text) => styled(text, 'command'),
    })
    .exitOverride()
    .configureOutput({
      // Help is this program's own text; what is said of errors has words of others in it.
      writeOut: (text) => terminal.say(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(widthOf(stdout), HELP_WIDTH),
      getErrHelpWidth: () => Math.min(widthOf(stderr), HELP_WIDTH),
      getOutHasColors: () => hasColours(stdout),
      getErrHasColors: () => false,
      outputError: (text, write) => {
        const message = pointed(text.replace(/^error: /, '').trim(), program);
        if (isJson) return write(errorJson({ code: 'USAGE', message }));
        const [first, ...rest] = message.split('\n');
        terminal.fail(first);
        for (const line of rest) terminal.end(line);
      },
    });
  if (!isJson) program.showHelpAfterError('(--help lists the options)');
  program.addHelpText(
    'after',
    `
Without a command files are compressed: "help compress" lists the options.

Exit codes: 0 done, 1 the work failed, 2 wrong usage. A goal that nothing
reaches is no failure: with a warning the nearest file is written (in --json
isReached is false), or one without loss, where it is a loss (isLossless).

Examples:
  $ fxq-compress model.onnx
  $ fxq-compress models/ -o compressed/
  $ fxq-compress decode model.fxq -o rebuilt.onnx`,
  );
  return program;
}
