import { basename, extname } from 'node:path';
import { evaluateCommand } from './answers.js';
import { shellWord } from './shell.js';

/** What one would do with a result next: commands, and for containers the lines that a page needs. */
export function nextSteps(
  input: string,
  output: string,
  { isContainer, isMeasured }: { isContainer: boolean; isMeasured: boolean },
): string {
  // What was not measured has been told with this command.
  const evaluate = isMeasured ? [evaluateCommand(input, output)] : [];
  const [original, result] = [shellWord(input), shellWord(output)];
  if (!isContainer) return steps([...evaluate, `fxq-compress encode ${result}`]);
  const page = shellWord(`${output.slice(0, output.length - extname(output).length)}.html`);
  const name = JSON.stringify(basename(output)).slice(1, -1).replaceAll("'", "\\'");
  return `${steps([...evaluate, `fxq-compress report ${original} ${result} -o ${page}`])}
in a page:
  import * as ort from 'onnxruntime-web';
  import { createSession } from 'fxq-compress/session';
  const session = await createSession(ort, '${name}');`;
}

function steps(commands: readonly string[]): string {
  return ['next:', ...commands.map((command) => `  ${command}`)].join('\n');
}
