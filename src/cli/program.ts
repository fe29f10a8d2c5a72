import { Command } from 'commander';
import { addClusterCommand } from './commands/cluster.js';
import { addCompressCommand } from './commands/compress.js';
import { addDecodeCommand } from './commands/decode.js';
import { addEncodeCommand } from './commands/encode.js';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addInitCommand } from './commands/init.js';
import { addInspectCommand } from './commands/inspect.js';
import { addPruneCommand } from './commands/prune.js';
import { addReportCommand } from './commands/report.js';
import { addSensitivityCommand } from './commands/sensitivity.js';
import { addTuneCommand } from './commands/tune.js';
import { errorJson, reportError } from './errors.js';
import { createTerminal, type Streams, type Terminal } from './terminal.js';
import { version } from './version.js';

const HELP_WIDTH = 100;

/**
 * Runs the command line.
 *
 * @param args - without the names of node and the script
 * @returns the exit code: 0 done, 1 the work failed, 2 wrong usage
 *
 * @example
 * process.exitCode = await run(process.argv.slice(2));
 */
export async function run(args: readonly string[], streams: Streams = process): Promise<number> {
  const isJson = args.includes('--json');
  const isQuiet = args.includes('--quiet') || args.includes('-q');
  const terminal = createTerminal(streams, isQuiet);
  try {
    await createProgram(terminal, isJson).parseAsync(args, { from: 'user' });
    terminal.clear();
    return 0;
  } catch (error) {
    return reportError(error, terminal, isJson);
  }
}

/** The program with all its commands; parsing throws instead of ending the process. */
export function createProgram(terminal: Terminal, isJson = false): Command {
  const { stdout, stderr } = terminal.streams;
  const program = new Command('fxq-compress')
    .description('Deep Compression for ONNX models: prune, cluster and Huffman-code weights into a compact .fxq file.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help on a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
      outputError: (text, write) => {
        const message = text.replace(/^error: /, '').trim();
        write(isJson ? errorJson({ code: 'USAGE', message }) : text);
      },
    });
  // After an error in JSON nothing else may follow.
  if (!isJson) program.showHelpAfterError('(--help lists the options)');
  addCompressCommand(program, terminal);
  addDecodeCommand(program, terminal);
  addInspectCommand(program, terminal);
  addEvaluateCommand(program, terminal);
  addInitCommand(program, terminal);
  addSensitivityCommand(program, terminal);
  addReportCommand(program, terminal);
  addPruneCommand(program, terminal);
  addClusterCommand(program, terminal);
  addTuneCommand(program, terminal);
  addEncodeCommand(program, terminal);
  program.addHelpText(
    'after',
    `
Exit codes: 0 done, 1 the work failed, 2 wrong usage.

Example:
  $ fxq-compress compress model.onnx -o model.fxq --density 0.2 --bits 5
  $ fxq-compress decode model.fxq -o rebuilt.onnx`,
  );
  return program;
}

/** As wide as the terminal, which may not know how wide that is, up to what reads well. */
function helpWidth(): number {
  return Math.min(process.stdout.columns || HELP_WIDTH, HELP_WIDTH);
}
