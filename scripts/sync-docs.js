// Puts what programs print today into README.md, between markers: `npm run docs`. With `--check` nothing is written and
// a README that differs is an error; only the figures are not compared then, because they take a minute, and another
// processor may answer for one image differently. A block is
//   <!-- output: COMMAND --> … <!-- end -->
// The command's standard output, or the file that `cat` names, goes there: tables of Markdown as they are, everything else in a fence.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}README.md`;

function outputOf(command) {
  const [program, ...words] = command.split(' ');
  if (program === 'cat') return readFileSync(`${root}${words[0]}`, 'utf8').trim();
  const script = {
    'fxq-compress': 'bin/fxq-compress.js',
    figures: 'scripts/bench/figures.js',
    options: 'scripts/options-table.js',
  }[program];
  if (!script) throw new Error(`README.md: no program "${program}" to print a block with`);
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync(process.execPath, [script, ...words], { cwd: root, encoding: 'utf8', stdio }).replace(
    /^\n+|\s+$/g,
    '',
  );
}

const isCheck = process.argv.includes('--check');
const before = readFileSync(file, 'utf8');
mkdirSync(`${root}out`, { recursive: true });
// The container that the blocks show is made anew, as the first lines of the README do it.
outputOf(
  'fxq-compress compress models/lenet-300-100.onnx -o out/lenet-300-100.fxq --config models/lenet-300-100.fxq.yaml --quiet',
);
const after = before.replace(/(<!-- output: (.*?) -->\n)[\s\S]*?(<!-- end -->)/g, (block, head, command, end) => {
  if (isCheck && command === 'figures') return block;
  const output = outputOf(command);
  return `${head}${output.startsWith('|') ? output : `\`\`\`\n${output}\n\`\`\``}\n${end}`;
});
if (isCheck) {
  if (after !== before) {
    console.error('README.md does not show what the programs print: run `npm run docs` and commit the result');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, after);
}
