// Wall time and peak resident memory of whole runs of the program.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './program.js';

/** @returns a row for each command: seconds, peak bytes, and those beyond the ONNX file's */
export async function memoryOf(path, folder) {
  const container = join(folder, 'memory.fxq');
  const decoded = join(folder, 'memory.onnx');
  const bytes = statSync(path).size;
  const runs = {
    '`compress`': ['compress', path, '-o', container],
    '`compress --density 0.3 --bits 5`': ['compress', path, '-o', container, '--density', '0.3', '--bits', '5'],
    '`decode`': ['decode', container, '-o', decoded],
  };
  const rows = [];
  for (const [name, words] of Object.entries(runs)) {
    const { seconds, peak } = await runProgram(...words, '--quiet');
    rows.push({ name, bytes, seconds, peak });
  }
  return rows;
}
