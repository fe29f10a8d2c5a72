// Prints size, SHA-256 and test accuracy of the models: node scripts/train/evaluate.js [FILE…]
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluate } from '../../build/index.js';
import { splitDataset } from './mnist.js';

const folder = fileURLToPath(new URL('../../models', import.meta.url));
const given = process.argv.slice(2);
const files = given.length
  ? given
  : readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => join(folder, name));

const dataset = splitDataset('test');
for (const file of files) {
  const model = new Uint8Array(readFileSync(file));
  const { top1, samples } = await evaluate({ model, dataset });
  const sha256 = createHash('sha256').update(model).digest('hex');
  console.log(
    `${basename(file)}\n  ${model.length} bytes, SHA-256 ${sha256}\n  ${Math.round(top1 * samples)} of ${samples} test images right`,
  );
}
