import { extname } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { CalibrationOptions } from '../calibrate/options.js';
import { INPUTS, type InputOptions, type ValueRule } from '../calibrate/ranges/options.js';
import type { TableKind } from '../calibrate/ranges/table-kind.js';
import { type SimulateStage, simulate } from '../calibrate/simulate.js';
import { givenOf } from '../options/check.js';
import { dashed } from '../options/text.js';
import { isFormatName } from '../quantize/formats/parse.js';
import { fittedOn } from '../search/widths/search.js';
import type { QuantizeOptions } from '../stages/quantize.js';
import { UsageError } from './errors.js';
import { addOptions, optionsFrom } from './flags.js';
import type { FormatStage } from './quantize-flags.js';

/** Options of what layers take in, and of what is written. */
export interface SimulateFlags extends Omit<InputOptions, 'values'> {
  readonly value?: readonly ValueRule[];
  readonly table?: string | undefined;
}

/** Adds them. */
export function addSimulate(command: Command): Command {
  addOptions(command, INPUTS);
  command.option('--table <file>', 'scales and ranges for others: .json, .cache (TensorRT) or .table (ncnn)');
  return command.option(
    '--value <name=format...>',
    'format of single values, by a glob over their names; float32 leaves them',
    parseRule,
  );
}

/** The stage that rounds weights and inputs, as flags say. */
export function simulateStage(
  flags: SimulateFlags,
  options: QuantizeOptions,
  formats: FormatStage,
  calibration: CalibrationOptions | undefined,
): SimulateStage {
  const inputs = { ...optionsFrom(INPUTS, flags), values: flags.value?.length ? flags.value : undefined };
  const isRounded = inputs.inputs !== undefined || inputs.values !== undefined || inputs.as === 'qdq';
  if (isRounded && !calibration) {
    const option =
      inputs.inputs === undefined ? (inputs.values ? '--value, or values in a config file,' : '--as qdq') : '--inputs';
    throw new UsageError(`${option} needs --calibrate with inputs to take ranges of`);
  }
  const stray = givenOf(['inputRange', 'sign'], inputs)[0];
  if (stray !== undefined && !isRounded) throw new UsageError(`--${dashed(stray)} needs --inputs with a number format`);
  const hasWeights = options.weights !== undefined || (options.rules ?? []).length > 0;
  // Options that make no sense are told before there is any work.
  if (hasWeights || !isRounded) formats.create(options);
  else if (inputs.as === 'qdq') formats.create({ ...options, weights: 'int8' });
  // What judges a search is no part of what ranges are taken of.
  const dataset =
    calibration && (formats.isSearched ? fittedOn(calibration.dataset, calibration) : calibration.dataset);
  return simulate({ ...options, ...inputs, ...calibration, dataset, weightStage: formats.create });
}

/** What a table is written as, by its file's name. */
export function tableKindOf(path: string): TableKind {
  const kind = KINDS[extname(path)];
  if (kind) return kind;
  throw new UsageError(`--table ${path}: expected a name that ends in ${Object.keys(KINDS).join(', ')}`);
}

const KINDS: Readonly<Record<string, TableKind>> = { '.json': 'json', '.cache': 'tensorrt', '.table': 'ncnn' };

function parseRule(text: string, before: readonly ValueRule[] = []): ValueRule[] {
  const at = text.lastIndexOf('=');
  const [match, format] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || !isFormatName(format)) {
    throw new InvalidArgumentError('Expected the name of a value, = and a number format, such as relu1=uint8.');
  }
  return [...before, { match, format }];
}
