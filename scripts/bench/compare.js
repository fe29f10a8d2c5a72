// Sizes against general compressors, times against copying, k-means against other packages, memory: all in one.
//
// Prints Markdown, and keeps it under bench/results/ with the machine's facts.
//
//   npm run bench compare [-- --data folder --only text --whole]
//
// `--data` is a folder whose ONNX files take part; `--only` leaves the models that have this text in their names, and
// keeps nothing; `--whole` gives files over 32 MiB to the slow compressors, too: an hour.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { corpus } from './compare/corpus.js';
import { compareKmeans } from './compare/kmeans.js';
import { int8Table, kmeansTable, machine, memoryTable, sizesTable, timesTable } from './compare/markdown.js';
import { memoryOf } from './compare/memory.js';
import { missing } from './compare/rivals.js';
import { sizesOf } from './compare/sizes.js';
import { timesOf } from './compare/times.js';
import { besideInt8 } from './support/int8.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: join(root, '../shared/data') },
    only: { type: 'string', default: '' },
    whole: { type: 'boolean', default: false },
  },
});
const tell = (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(os.tmpdir(), 'fxq-bench-'));
try {
  const models = corpus(folder, values.data).filter(({ name }) => name.includes(values.only));
  const results = [];
  for (const { name, path } of models) {
    const file = path();
    tell(`${name}: memory`);
    const memory = await memoryOf(file, folder);
    tell(`${name}: times`);
    const times = await timesOf(file);
    const sizes = await sizesOf(file, folder, values.whole, (form) => tell(`${name}: sizes, ${form}`));
    tell(`${name}: int8`);
    const int8 = await besideInt8(new Uint8Array(readFileSync(file)));
    results.push({ name, memory, times, sizes, int8 });
  }
  tell('k-means');
  const kmeans = [compareKmeans(20_000, 100_000), compareKmeans(4_000_000, 50)];
  const parts = [
    machine(version, missing),
    sizesTable(results),
    int8Table(results),
    timesTable(results),
    kmeansTable(kmeans.flat()),
    memoryTable(results),
  ];
  const text = `${parts.join('\n\n')}\n`;
  process.stdout.write(text);
  if (!values.only) {
    const slug = os
      .cpus()[0]
      .model.toLowerCase()
      .replace(/\(r\)|\(tm\)|cpu|@.*$/g, ' ')
      .trim()
      .replace(/[^a-z0-9]+/g, '-');
    mkdirSync(join(root, 'bench/results'), { recursive: true });
    writeFileSync(join(root, 'bench/results', `${slug}-x${os.cpus().length}.md`), text);
  }
} finally {
  rmSync(folder, { recursive: true });
}
