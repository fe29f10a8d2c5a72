import { type GraphSource, openModel, trainable } from '../graph/open-model.js';
import { backwardPass, trainableInputs } from './backward.js';
import { judgedOutputs, type OutputOptions } from './outputs.js';

/** What of a model gradients can reach. */
export interface Tunable {
  /** The float32 tensors of at least one axis that a gradient reaches, in the model's order. */
  readonly parameters: readonly string[];
  /** Those that an operator without a gradient rule cuts off, each with the sentence that names that operator's node. */
  readonly blocked: ReadonlyMap<string, string>;
}

/**
 * Tells which stored tensors of a model can be trained. Where an operator has no gradient rule, what comes after it still
 * can: name `parameters` to `gradientGraph`, and the rest stays as it is.
 *
 * @throws FxqError `UNSUPPORTED` for an operator set that gradients are not made for.
 * @example
 * const { parameters, blocked } = tunable(modelBytes);
 * for (const [name, reason] of blocked) warn(`${name} stays as it is: ${reason}`);
 * const graph = gradientGraph(modelBytes, { parameters });
 */
export function tunable(source: GraphSource, options: OutputOptions = {}): Tunable {
  const model = openModel(source);
  const outputs = judgedOutputs(model, options);
  const candidates = trainable(model, trainableInputs(model.builder, outputs));
  // Which gradient arrives does not matter here: each output stands in for its own.
  const { blocked } = backwardPass(model.builder, new Map(outputs.map((name) => [name, name])), candidates);
  return {
    parameters: candidates.filter((name) => !blocked.has(name)),
    blocked: new Map([...blocked].map(([name, { message }]) => [name, message])),
  };
}
