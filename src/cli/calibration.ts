import type { Command } from 'commander';
import { CALIBRATION, type CalibrationOptions } from '../calibrate/options.js';
import { RANDOM } from '../data/open.js';
import { drawPerClass } from '../data/per-class.js';
import { addData, type DataFlags, type DataSubject, openData } from './data.js';
import { UsageError } from './errors.js';
import { addOptions, optionsFrom } from './flags.js';
import { parsePositive } from './options.js';
import type { Terminal } from './terminal.js';

/** Options of commands that can look at inputs. */
export interface CalibrationFlags extends DataFlags {
  readonly calibrate?: string;
  readonly calibrateSamples?: number;
  readonly perClass?: number;
  readonly fast?: boolean;
  readonly seed?: number;
  readonly threads?: number;
}

/** Adds `--calibrate` and what goes with it; a `--seed` that the command has already serves both. */
export function addCalibration(command: Command): Command {
  const { samples, fast, seed } = CALIBRATION;
  command.option('--calibrate <data>', 'choose weights by what inputs like these make of them (as --data of evaluate)');
  addOptions(command, { samples });
  command.option(
    '--per-class <samples>',
    'with --calibrate: so many inputs of each class, by their labels',
    parsePositive,
  );
  addOptions(command, { fast, seed }, { prefix: 'with --calibrate: ' });
  return addData(command);
}

/**
 * The options of calibrated stages; `undefined` without `--calibrate`.
 *
 * @param data - the options of the command that take inputs
 * @param isMade - whether inputs are made for the model, so that sizes of theirs may be given
 * @throws UsageError for options that need `--calibrate`; FxqError `DATASET`
 */
export async function calibrationOf(
  flags: CalibrationFlags,
  subject: DataSubject,
  terminal: Terminal,
  data = '--calibrate',
  isMade = false,
): Promise<CalibrationOptions | undefined> {
  const { calibrate, preprocess, labels, scale, dim } = flags;
  const options = optionsFrom(CALIBRATION, flags);
  if (calibrate === undefined) {
    const given = (options: object) => Object.entries(options).find(([, value]) => value !== undefined)?.[0];
    const own = given({ 'calibrate-samples': options.samples, 'per-class': flags.perClass, fast: options.fast });
    if (own) throw new UsageError(`--${own} needs --calibrate with inputs to look at`);
    const shared = given({ preprocess, labels, scale, dim: isMade ? undefined : dim });
    if (shared) throw new UsageError(`--${shared} needs ${data} with inputs to look at`);
    return undefined;
  }
  if (calibrate === RANDOM) {
    const reason = 'weights would be fitted to noise, and the model be worse on real inputs than without';
    throw new UsageError(`--calibrate random: ${reason}; give inputs like the real ones, or leave out --calibrate`);
  }
  const opened = await openData(calibrate, flags, subject, terminal);
  const dataset = flags.perClass === undefined ? opened : drawPerClass(opened, flags.perClass);
  terminal.note(`calibrating on ${calibrate}`);
  return { dataset, ...options };
}
