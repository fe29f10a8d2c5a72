import { join } from 'node:path';
import { checkOptions } from '../../options/check.js';
import { STAGES } from '../../stages/registry.js';
import { asUsage, UsageError } from '../errors.js';
import { PIPE } from '../find-models.js';
import { optionsFrom } from '../flags.js';
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
  // What is out of its range is told whatever else may be in the way.
  asUsage(() => {
    for (const { name, options } of STAGES) checkOptions(name, options, optionsFrom(options, flags));
  });
  const places = placesOf(words, flags);
  const isSent = places.some(({ output }) => output === PIPE);
  if (isSent && !flags.dryRun) checkStdout(terminal, flags);
  if (places.length > 1 && flags.saveConfig !== undefined) {
    throw new UsageError('--save-config names one file, which several models cannot share; leave it out');
  }
  if (flags.resume && (isSent || flags.dryRun)) {
    const option = flags.dryRun ? '--dry-run' : '-o -';
    throw new UsageError(
      `--resume goes on from a file beside the output, and with ${option} there is none; leave one out`,
    );
  }
  // What is said goes to stderr where stdout has bytes.
  const toNotes = (text: string) => {
    for (const line of text.split('\n')) terminal.note(line);
  };
  const said = isSent ? { ...terminal, print: toNotes, tell: toNotes } : terminal;
  const isPassing = flags.dryRun === true || places.some(({ input, output }) => [input, output].includes(PIPE));
  const work = async (folder: string) => {
    const results: Result[] = [];
    let begun = 0;
    try {
      for (const [i, place] of places.entries()) {
        begun++;
        const { input, output } = place;
        const path = input === PIPE ? join(folder, 'stdin.onnx') : input;
        if (input === PIPE) await receive(path, 'a model');
        const isTemporary = output === PIPE || flags.dryRun === true;
        const written = isTemporary ? join(folder, `${i}.fxq`) : output;
        const subject = { ...place, path, written, isTemporary };
        const result = await aboutFile(path, () => packModel(command, subject, flags, aboutOne(said, input, places)));
        results.push(result);
        if (output === PIPE && !flags.dryRun) await send(written, terminal);
        if (result.stopped) throw result.stopped;
      }
    } finally {
      // Where a model fails, or the user has had enough, the models before it are done all the same.
      const left = places.slice(begun).map(({ input }) => input);
      if (left.length > 0) said.warn(`not looked at: ${left.join(', ')}`);
      if (results.length > 0) await reportSummaries(said, flags, results);
    }
  };
  await (isPassing ? withFolder(work) : work(''));
}

/** A terminal whose warnings say which of several models they are about. */
function aboutOne(terminal: Terminal, input: string, places: readonly unknown[]): Terminal {
  return places.length === 1 ? terminal : { ...terminal, warn: (text) => terminal.warn(`${input}: ${text}`) };
}
