// Puts what programs print today into README.md and the pages of docs/, between markers: `npm run docs`. With `--check` nothing is
// written and a page that differs is an error; only the figures are not compared then, because they take minutes, and another
// processor may answer for one image differently. `--quick` writes all but these. A block is
//   <!-- output: COMMAND --> … <!-- end -->
// The command's standard output, or the file that `cat` names, goes there: Markdown as it is, everything else in a fence.
// The repository's address goes from package.json to wherever else it is spelled out.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spreadRepository } from './release/repository.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const PAGES = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);

function outputOf(command) {
  const [program, ...words] = command.split(' ');
  if (program === 'cat') return readFileSync(`${root}${words[0]}`, 'utf8').trim();
  const script = {
    'fxq-compress': 'bin/fxq-compress.js',
    figures: 'scripts/bench/figures.js',
    options: 'scripts/docs/options.js',
    commands: 'scripts/docs/commands.js',
    'worked-example': 'scripts/docs/worked-example.js',
    vectors: 'scripts/docs/vectors.js',
  }[program];
  if (!script) throw new Error(`no program "${program}" to print a block with`);
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync(process.execPath, [script, ...words], { cwd: root, encoding: 'utf8', stdio }).replace(
    /^\n+|\s+$/g,
    '',
  );
}

const isCheck = process.argv.includes('--check');
const isQuick = process.argv.includes('--quick');
if (!isCheck) spreadRepository(root);
mkdirSync(`${root}out`, { recursive: true });
// The container that the blocks show is made anew, as the first lines of the guide do it.
outputOf(
  'fxq-compress compress models/lenet-300-100.onnx -o out/lenet-300-100.fxq --config models/lenet-300-100.fxq.yaml --quiet',
);
for (const page of PAGES) {
  const before = readFileSync(root + page, 'utf8');
  const after = before.replace(/(<!-- output: (.*?) -->\n)[\s\S]*?(<!-- end -->)/g, (block, head, command, end) => {
    if ((isCheck || isQuick) && command === 'figures') return block;
    const output = outputOf(command);
    return `${head}${/^[|#]/.test(output) ? output : `\`\`\`\n${output}\n\`\`\``}\n${end}`;
  });
  if (!isCheck) writeFileSync(root + page, after);
  else if (after !== before) {
    console.error(`${page} does not show what the programs print: run \`npm run docs\` and commit the result`);
    process.exitCode = 1;
  }
}
