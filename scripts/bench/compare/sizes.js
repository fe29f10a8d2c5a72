// Files on disk: ours against general compressors, on the same model as it is, with shared weights, and in int8.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toInt8 } from '../support/retype.js';
import { runProgram } from './program.js';
import { RIVALS } from './rivals.js';

/** Beyond this many bytes a compressor of half a megabyte a second takes minutes, and is left out unless asked for. */
export const LARGE = 32 * 2 ** 20;
const SLOW = ['brotli 11', 'xz -9', 'zstd -19'];

/** What a model is turned into before it is coded: each makes `to` out of `from`, or says why it cannot. */
const FORMS = {
  'as it is': async (from) => from,
  '32 values a layer': async (from, to) => {
    await runProgram('cluster', from, '-o', to, '--bits', '5');
    return to;
  },
  '30 % kept, 32 values': async (from, to) => {
    await runProgram('prune', from, '-o', `${to}.pruned`, '--density', '0.3');
    await runProgram('cluster', `${to}.pruned`, '-o', to, '--bits', '5');
    rmSync(`${to}.pruned`);
    return to;
  },
  int8: async (from, to) => {
    writeFileSync(to, toInt8(readFileSync(from)));
    return to;
  },
};

/**
 * @param isWhole - whether slow compressors take large files too
 * @returns a row for each form: bytes of the file, of ours, and of each rival; `undefined` where it was left out
 */
export async function sizesOf(path, folder, isWhole, tell) {
  const rows = [];
  for (const [form, make] of Object.entries(FORMS)) {
    const made = join(folder, 'form.onnx');
    const coded = join(folder, 'form.fxq');
    const file = await make(path, made);
    tell(form);
    await runProgram('encode', file, '-o', coded);
    const bytes = statSync(file).size;
    const names = Object.keys(RIVALS).filter((name) => isWhole || bytes <= LARGE || !SLOW.includes(name));
    const sizes = await Promise.all(names.map((name) => RIVALS[name](file)));
    const rivals = Object.fromEntries(names.map((name, i) => [name, sizes[i]]));
    rows.push({ form, bytes, ours: statSync(coded).size, rivals });
    for (const temporary of [made, coded]) rmSync(temporary, { force: true });
  }
  return rows;
}
