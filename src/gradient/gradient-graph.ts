import { FxqError } from '../errors.js';
import { type GraphBuilder, valuesRead } from '../graph/builder.js';
import {
  floatValue,
  type GraphSource,
  makeInputs,
  type OpenModel,
  openModel,
  type Parameter,
  trainable,
  writeModel,
} from '../graph/open-model.js';
import { type BackwardPass, backwardPass, trainableInputs } from './backward.js';
import { chooseLoss } from './losses.js';
import { judgedOutputs, type OutputOptions } from './outputs.js';
import { type Tunable, tunable } from './tunable.js';

export interface GradientGraphOptions extends OutputOptions {
  /** Names of the stored tensors to train. Default: every float32 tensor of at least one axis a gradient can reach. */
  parameters?: readonly string[];
  /** Parameters that follow what the batch shows instead of a gradient, which stands in the place of theirs. */
  followed?: Followed;
}

/** What parameters follow, by their names: appends it to the graph and says what it is called. */
export type Followed = ReadonlyMap<string, (builder: GraphBuilder) => string>;

/** An input for what an output should have been. */
interface Target {
  /**
   * Name of the input: `labels` for a cross-entropy, one-hot or a teacher's probabilities; `teacher` for a distillation, a
   * teacher's logits; `target_` and the output's name for a mean squared error. Of the shape of `output`.
   */
  readonly name: string;
  /** The value it is compared with, as the model names it: an output, or the logits behind one. It is fetched like the loss. */
  readonly output: string;
}

/** A generated model, and what to feed it and fetch from it. */
export interface GradientGraph {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** The model's own inputs, as it names them. */
  readonly inputs: readonly string[];
  /** Stored tensors of the model that are inputs now, fed before each run with their present values. */
  readonly parameters: readonly Parameter[];
  /** What the loss compares, one for each output trained on. */
  readonly targets: readonly Target[];
  /** Name of the output with the mean loss of the batch, a scalar. */
  readonly loss: string;
  /** Name of the output with dL/d(parameter), by parameter: `d_` and its name. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Turns an inference model into one that computes a loss and its gradients. It consists of standard operators only, so that
 * any runtime can run it; weights are inputs, so that one session serves a whole training.
 *
 * @throws FxqError `UNSUPPORTED` when an operator on the way has no gradient rule or there is nothing to train, `CONFIG` when a
 *   named parameter or output does not exist.
 * @throws RangeError for a loss that does not exist, or a temperature that is not above 0.
 * @example
 * const graph = gradientGraph(modelBytes);
 * const session = await InferenceSession.create(graph.bytes);
 * const { loss, 'd_fc1.weight': gradient } = await session.run({ input, labels, ...parameters });
 */
export function gradientGraph(source: GraphSource, options: GradientGraphOptions = {}): GradientGraph {
  const model = openModel(source);
  const { builder } = model;
  const outputs = judgedOutputs(model, options);
  const inputs = builder.graph.input!.map(({ name }) => name!);
  const names = options.parameters ?? trainable(model, trainableInputs(builder, outputs));
  if (!options.parameters && names.length === 0) {
    throw new FxqError('UNSUPPORTED', `${outputs.join(', ')}: no float32 tensor of the model has a part in it`);
  }
  const followed: Followed = options.followed ?? new Map();
  // What only follows need not have a part in the loss.
  const read = new Set(builder.graph.node!.flatMap(valuesRead));
  const parameters = makeInputs(
    model,
    names.filter((name) => read.has(name) || !followed.has(name)),
  );

  const loss = chooseLoss(options);
  const heads = outputs.map((output) => {
    const target = builder.fresh(loss.target(output));
    builder.graph.input!.push(floatValue(target));
    return { target, output, ...loss.append(builder, output, target) };
  });
  const moved = names.filter((name) => !followed.has(name));
  const pass = backwardPass(builder, new Map(heads.map(({ output, gradient }) => [output, gradient])), moved);
  const cut = names.find((name) => pass.blocked.has(name));
  if (cut !== undefined) throw cutOff(cut, pass, tunable(source, options));
  const gradients = publish(model, pass, moved);
  for (const [name, observed] of followed) gradients.set(name, rename(model, observed(builder), `d_${name}`));
  const losses = heads.map((head) => head.loss);
  const sum = rename(model, losses.length === 1 ? losses[0] : builder.emit('Sum', losses), 'loss');
  const bytes = writeModel(model, [
    floatValue(sum, []),
    ...names.map((name) => floatValue(gradients.get(name)!, builder.dims(name))),
    ...outputs.map((output) => floatValue(output)),
  ]);
  const targets = heads.map(({ target, output }) => ({ name: target, output }));
  return { bytes, inputs: stillThere(model, inputs), parameters, targets, loss: sum, gradients };
}

/** The error for a model that can be trained in part at most: it names the operator, what lies behind it and what does not. */
function cutOff(name: string, { blocked }: BackwardPass, { parameters }: Tunable): FxqError {
  const cause = blocked.get(name)!;
  const behind = [...blocked].filter(([, error]) => error === cause).map(([parameter]) => parameter);
  const rest = parameters.length > 0 ? `what can be tuned is ${list(parameters)}` : 'nothing can be tuned';
  const message = `${cause.message}; it cuts off ${list(behind)}; ${rest}`;
  return new FxqError('UNSUPPORTED', message, { tensor: name, actual: cause.actual, cause });
}

function list(names: readonly string[], most = 12): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What {@link appendJacobian} has appended. */
interface Jacobian {
  /** Targets that were stored tensors, and are inputs now. */
  readonly parameters: readonly Parameter[];
  /** Name of the input for the seed, of the shape of the value that is differentiated. */
  readonly seed: string;
  /** Name of the value seedᵀ · d(output)/d(target), by target. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Makes a model multiply a seed of one's choice with the Jacobian of a value: the backward pass alone, without any loss.
 * Targets that are stored tensors become inputs; nothing is written yet, so that more can be made of the products.
 *
 * @param options.output - the value whose Jacobian is meant
 * @param options.targets - where the product is wanted: stored tensors, inputs of the model or values inside it
 * @throws FxqError `UNSUPPORTED` when an operator on the way has no gradient rule, `CONFIG` when the output does not depend on
 *   a target.
 * @example
 * const model = openModel(modelBytes);
 * const { seed, gradients } = appendJacobian(model, { output: 'logits', targets: ['fc1.weight'] });
 */
export function appendJacobian(
  model: OpenModel,
  { output, targets }: { output: string; targets: readonly string[] },
): Jacobian {
  const { builder } = model;
  const parameters = makeInputs(
    model,
    targets.filter((name) => builder.dims(name) !== undefined),
  );
  const seed = builder.fresh('seed');
  builder.graph.input!.push(floatValue(seed));
  const gradients = publish(model, backwardPass(builder, new Map([[output, seed]]), targets), targets);
  return { parameters, seed, gradients };
}

/** Gives each target's gradient the name `d_<target>`. */
function publish(
  model: OpenModel,
  { gradients, blocked }: BackwardPass,
  targets: readonly string[],
): Map<string, string> {
  return new Map(
    targets.map((target) => {
      const error = blocked.get(target);
      if (error) throw error;
      const gradient = gradients.get(target);
      if (gradient === undefined) {
        throw new FxqError('CONFIG', `${target}: no gradient reaches it; the output does not depend on it`, {
          tensor: target,
        });
      }
      return [target, rename(model, gradient, `d_${target}`)];
    }),
  );
}

/** A second name for a value, as an output wants one: two targets may share a gradient, and a seed may be one. */
function rename({ builder }: OpenModel, value: string, wanted: string): string {
  const name = builder.fresh(wanted);
  builder.graph.node!.push({ opType: 'Identity', name, input: [value], output: [name] });
  return name;
}

function stillThere({ builder }: OpenModel, names: readonly string[]): string[] {
  return names.filter((name) => builder.graph.input!.some((input) => input.name === name));
}
