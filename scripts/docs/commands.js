// Prints the help of every command, as Markdown, for docs/commands.md.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const help = (...words) =>
  execFileSync(process.execPath, ['bin/fxq-compress.js', 'help', ...words], { cwd: root, encoding: 'utf8' }).trim();

const [, list] = /\nCommands:\n([\s\S]*?)\n\n/.exec(help()) ?? [];
const names = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
console.log(names.map((name) => `## ${name}\n\n\`\`\`\n${help(name)}\n\`\`\``).join('\n\n'));
