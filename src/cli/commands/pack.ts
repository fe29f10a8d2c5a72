import { join } from 'node:path';
import { checkOptions } from '../../options/check.js';
import { STAGES } from '../../stages/registry.js';
import { asUsage, UsageError } from '../errors.js';
import { Failures } from '../failures.js';
import { PIPE } from '../find-models.js';
import { optionsFrom } from '../flags.js';
import { aboutFile } from '../input.js';
import { checkStdout, receive, send, withFolder } from '../pipes.js';
import { type Place, placesOf } from '../places.js';
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
    const failures = new Failures(said, flags.json === true);
    const packed = async (place: Place, i: number) => {
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
    };
    let begun = 0;
    try {
      for (const [i, place] of places.entries()) {
        begun++;
        try {
          await packed(place, i);
        } catch (error) {
          if (places.length === 1) throw error;
          failures.add(place.input, error, results.length === 0);
        }
      }
    } finally {
      // Where the user has had enough, the models before that are done all the same.
      const left = places.slice(begun).map(({ input }) => input);
      if (left.length > 0 && (begun > 1 || results.length > 0)) said.warn(`not looked at: ${left.join(', ')}`);
      if (results.length > 0) await reportSummaries(said, flags, results, failures.all);
    }
    failures.check(places.length);
  };
  await (isPassing ? withFolder(work) : work(''));
}

/** A terminal whose warnings say which of several models they are about, and whose notes stand below its name. */
function aboutOne(terminal: Terminal, input: string, places: readonly unknown[]): Terminal {
  if (places.length === 1) return terminal;
  let isNamed = false;
  return {
    ...terminal,
    warn: (text) => terminal.warn(`${input}: ${text}`),
    note(text) {
      if (!isNamed) terminal.note(`${input}:`);
      isNamed = true;
      terminal.note(text);
    },
  };
}
