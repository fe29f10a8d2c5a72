// npm run example [browser | node [model.fxq]]: makes the files that the examples read, then starts one; the page without a name.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const EXAMPLES = {
  browser: ['node_modules/vite/bin/vite.js', 'examples/browser'],
  node: ['examples/node/classify.js'],
};
const [name = 'browser', ...args] = process.argv.slice(2);
const run = (words) =>
  execFileSync(process.execPath, words, { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit' });

if (name in EXAMPLES) {
  run(['examples/browser/prepare.js']);
  run([...EXAMPLES[name], ...args]);
} else {
  console.error(`example: expected one of ${Object.keys(EXAMPLES).join(', ')}; got ${name}`);
  process.exitCode = 2;
}
