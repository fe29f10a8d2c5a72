// Prints the test vectors as a table of Markdown, for docs/format.md: containers of this version, and what they decode to.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../build/container/constants.js';
import { inspect } from '../../build/decode/index.js';

const folder = fileURLToPath(new URL(`../../test/golden/v${VERSION}/`, import.meta.url));
/** One of each layout is shown; all are in the folder. */
const shown = new Map();
for (const kind of readdirSync(folder)) {
  for (const name of readdirSync(folder + kind)
    .filter((file) => file.endsWith('.fxq'))
    .sort()) {
    const container = readFileSync(`${folder}${kind}/${name}`);
    const model = readFileSync(`${folder}${kind}/${name.replace(/\.fxq$/, '.onnx')}`);
    const layouts = [...new Set((await inspect(container)).tensors.map(({ layout }) => layout))].sort().join(', ');
    const row = [
      `\`${kind}/${name}\``,
      layouts,
      `${container.length}`,
      `${model.length}`,
      `\`${createHash('sha256').update(model).digest('hex').slice(0, 16)}…\``,
    ];
    const known = shown.get(layouts);
    if (!known || known.bytes > container.length) shown.set(layouts, { bytes: container.length, row });
  }
}
const rows = [...shown.values()].map(({ row }) => row).sort((a, b) => a[1].localeCompare(b[1]));
const lines = [
  ['container', 'layouts', 'bytes', 'decodes to', 'SHA-256 of that'],
  ['---', '---', '---', '---', '---'],
  ...rows,
];
console.log(lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
