import { isNumeric } from '../data/cast.js';
import type { ModelInput } from '../data/fit.js';
import { kindOf } from '../data/synthetic/kinds.js';
import { FxqError } from '../errors.js';
import type { RuntimeMetadata } from './runtime.js';

/** An output that nothing is measured of, since it is no tensor of numbers. */
interface LeftOut {
  readonly name: string;
  /** What it is instead, for messages. */
  readonly holds: string;
}

/** A model's outputs: those that can be measured, and the others. */
export interface Outputs {
  readonly outputNames: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** Sequences and maps cannot be fetched from JavaScript: asking for them fails the whole run. Strings cannot be measured. */
export function outputsOf(metadata: readonly RuntimeMetadata[]): Outputs {
  const described = metadata.map(({ name, isTensor, type }) => {
    if (!isTensor) return { name, holds: 'a sequence, a map or an optional' };
    if (type === 'string') return { name, holds: 'strings' };
    return { name, holds: type === undefined || isNumeric(type) ? undefined : `elements of type ${type}` };
  });
  return {
    outputNames: described.filter(({ holds }) => holds === undefined).map(({ name }) => name),
    leftOut: described.flatMap(({ name, holds }) => (holds === undefined ? [] : [{ name, holds }])),
  };
}

/** What is left out, and what is looked at instead, in words; `undefined` where nothing is. */
export function describeLeftOut({ leftOut }: Outputs, output: string): string | undefined {
  if (leftOut.length === 0) return undefined;
  const others = leftOut.map(({ name, holds }) => `'${name}' (${holds})`).join(', ');
  return `judged by output '${output}'; not looked at: ${others}`;
}

/**
 * The other outputs that a model answers by, beside the one that decides, where that was not asked for by name. States that
 * it takes in again, which come last, are none of them.
 */
export function otherHeads(
  { inputs, outputNames }: Outputs & { readonly inputs: readonly ModelInput[] },
  output: string,
  wanted?: string,
): string[] {
  if (wanted !== undefined) return [];
  const states = inputs.filter((input) => kindOf(input) === 'state').length;
  return outputNames.slice(0, outputNames.length - states).filter((name) => name !== output);
}

/**
 * The output that a model is judged by: the one asked for, or the first that is a tensor of numbers.
 *
 * @throws FxqError `DATASET` where there is none, or the one asked for is no such tensor
 * @example
 * decidingOutput({ outputNames: ['label'], leftOut: [{ name: 'probabilities', holds: 'a sequence, a map or an optional' }] }); // 'label'
 */
export function decidingOutput({ outputNames, leftOut }: Outputs, wanted?: string): string {
  const [output = wanted] = wanted === undefined ? outputNames : [wanted];
  if (output !== undefined && outputNames.includes(output)) return output;
  const others = leftOut.map(({ name, holds }) => `'${name}' (${holds})`).join(', ');
  if (outputNames.length === 0) {
    const message = `model: expected an output that is a tensor of numbers, got ${others || 'none'}; export it with such an output (of scikit-learn: options={'zipmap': False})`;
    throw new FxqError('DATASET', message, { expected: 'a tensor of numbers', actual: others });
  }
  const names = outputNames.map((name) => `'${name}'`).join(', ');
  const odd = leftOut.find(({ name }) => name === output);
  const message = odd
    ? `output '${output}': expected a tensor of numbers, got ${odd.holds}; the model's outputs that can be judged are ${names}`
    : `output '${output}': expected the name of one of the model's outputs, which are ${names}${others && `; ${others} cannot be judged`}`;
  throw new FxqError('DATASET', message, { tensor: output, expected: outputNames, actual: output });
}
