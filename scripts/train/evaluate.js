// Prints size, SHA-256 and test accuracy of the models: node scripts/train/evaluate.js [FILE…]
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadMnist } from './mnist.js';
import { countCorrect, openSession } from './runtime.js';

const folder = fileURLToPath(new URL('../../models', import.meta.url));
const given = process.argv.slice(2);
const files = given.length
  ? given
  : readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => join(folder, name));

const test = loadMnist('test');
for (const file of files) {
  const bytes = new Uint8Array(readFileSync(file));
  const correct = await countCorrect(await openSession(bytes), test);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  console.log(
    `${basename(file)}\n  ${bytes.length} bytes, SHA-256 ${sha256}\n  ${correct} of ${test.count} test images right`,
  );
}
