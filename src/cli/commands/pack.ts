import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.js';
import { PIPE } from '../find-models.js';
import { aboutFile } from '../input.js';
import { checkStdout, receive, send, withFolder } from '../pipes.js';
import { placesOf } from '../places.js';
import { type Result, reportSummaries } from '../summary.js';
import type { Terminal } from '../terminal.js';
import { type PackFlags, packModel } from './pack-model.js';

/** What `encode` and `compress` have in common: ONNX files in, containers out. */
export async function packModels(
  command: 'encode' | 'compress',
  words: readonly string[],
  flags: PackFlags,
  terminal: Terminal,
): Promise<void> {
  const places = placesOf(words, flags);
  const isSent = places.some(({ output }) => output === PIPE);
  if (isSent && !flags.dryRun) checkStdout(terminal, flags);
  if (places.length > 1 && flags.saveConfig !== undefined) {
    throw new UsageError('--save-config names one file, which several models cannot share; leave it out');
  }
  // What is said goes to stderr where stdout has bytes.
  const said = isSent ? { ...terminal, print: terminal.note, tell: (text: string) => terminal.note(text) } : terminal;
  const isPassing = flags.dryRun === true || places.some(({ input, output }) => [input, output].includes(PIPE));
  const work = async (folder: string) => {
    const results: Result[] = [];
    for (const [i, place] of places.entries()) {
      const { input, output, mayMakeFolder } = place;
      const path = input === PIPE ? join(folder, 'stdin.onnx') : input;
      if (input === PIPE) await receive(path, 'a model');
      if (mayMakeFolder && !flags.dryRun) mkdirSync(dirname(output), { recursive: true });
      const isTemporary = output === PIPE || flags.dryRun === true;
      const written = isTemporary ? join(folder, `${i}.fxq`) : output;
      const subject = { ...place, path, written, isTemporary };
      results.push(await aboutFile(path, () => packModel(command, subject, flags, said)));
      if (output === PIPE && !flags.dryRun) await send(written, terminal);
    }
    await reportSummaries(said, flags, results);
  };
  await (isPassing ? withFolder(work) : work(''));
}
