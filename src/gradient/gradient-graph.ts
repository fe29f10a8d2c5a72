import { FxqError } from '../errors.js';
import { backwardPass, trainableInputs } from './backward.js';
import { crossEntropy, logitsBehind } from './cross-entropy.js';
import { floatValue, makeInputs, type OpenModel, openModel, type Parameter, trainable, writeModel } from './model.js';

/** A generated model, and what to feed it and fetch from it. */
export interface GeneratedGraph {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** The model's own inputs, as it names them. */
  readonly inputs: readonly string[];
  /** Stored tensors of the model that are inputs now, fed before each run with their present values. */
  readonly parameters: readonly Parameter[];
}

export interface GradientGraphOptions {
  /** Names of the stored tensors to train. Default: every float32 tensor of at least one axis a gradient can reach. */
  parameters?: readonly string[];
  /** The output to train on, logits or a Softmax over them, [N, classes]. Default: the model's first output. */
  output?: string;
}

export interface GradientGraph extends GeneratedGraph {
  /** Name of the input for the labels, float32 [N, classes]: one-hot, or a teacher's probabilities. */
  readonly labels: string;
  /** Name of the output with the mean loss of the batch, a scalar. */
  readonly loss: string;
  /** Name of the output with dL/d(parameter), by parameter: `d_` and its name. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Turns an inference model into one that computes a softmax cross-entropy loss and its gradients. It consists of standard
 * operators only, so that any runtime can run it; weights are inputs, so that one session serves a whole training.
 *
 * @throws FxqError `CONFIG` when an operator on the way has no gradient rule, or a named parameter does not exist.
 * @example
 * const graph = gradientGraph(modelBytes);
 * const session = await InferenceSession.create(graph.bytes);
 * const { loss, 'd_fc1.weight': gradient } = await session.run({ input, labels, ...parameters });
 */
export function gradientGraph(modelBytes: Uint8Array, options: GradientGraphOptions = {}): GradientGraph {
  const model = openModel(modelBytes);
  const { builder } = model;
  const logits = logitsBehind(builder, options.output ?? firstOutput(model));
  const inputs = builder.graph.input!.map(({ name }) => name!);
  const names = options.parameters ?? trainable(model, trainableInputs(builder, logits));
  const parameters = makeInputs(model, names);
  const labels = builder.fresh('labels');
  builder.graph.input!.push(floatValue(labels, ['N', 'classes']));

  const head = crossEntropy(builder, logits, labels);
  const reached = backwardPass(builder, new Map([[logits, head.gradient]]), names);
  const gradients = publish(model, reached, names);
  const loss = rename(model, head.loss, 'loss');
  const dims = new Map(parameters.map((parameter) => [parameter.name, parameter.dims]));
  const outputs = [floatValue(loss, []), ...names.map((name) => floatValue(gradients.get(name)!, dims.get(name)))];
  const bytes = writeModel(model, outputs);
  return { bytes, inputs: stillThere(model, inputs), parameters, labels, loss, gradients };
}

export interface JacobianGraphOptions {
  /** The value whose Jacobian is meant. Default: the model's first output. */
  output?: string;
  /** Where the product is wanted: stored tensors, inputs of the model or values inside it. */
  targets: readonly string[];
}

export interface JacobianGraph extends GeneratedGraph {
  /** Name of the input for the seed, of the shape of `output`. */
  readonly seed: string;
  /** The value the seed belongs to; also an output of the graph. */
  readonly output: string;
  /** Name of the output with seedᵀ · d(output)/d(target), by target. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Turns a model into one that multiplies a seed of one's choice with the Jacobian of an output: the backward pass alone,
 * without any loss. Targets that are stored tensors become inputs.
 *
 * @throws FxqError `CONFIG` when an operator on the way has no gradient rule, or the output does not depend on a target.
 * @example
 * const graph = jacobianGraph(modelBytes, { targets: ['fc1.weight'] });
 */
export function jacobianGraph(modelBytes: Uint8Array, options: JacobianGraphOptions): JacobianGraph {
  const model = openModel(modelBytes);
  const { builder } = model;
  const output = options.output ?? firstOutput(model);
  const inputs = builder.graph.input!.map(({ name }) => name!);
  const parameters = makeInputs(
    model,
    options.targets.filter((name) => builder.dims(name) !== undefined),
  );
  const seed = builder.fresh('seed');
  builder.graph.input!.push(floatValue(seed));
  const gradients = publish(model, backwardPass(builder, new Map([[output, seed]]), options.targets), options.targets);
  const bytes = writeModel(
    model,
    [output, ...gradients.values()].map((name) => floatValue(name)),
  );
  return { bytes, inputs: stillThere(model, inputs), parameters, seed, output, gradients };
}

function firstOutput({ builder }: OpenModel): string {
  const name = builder.graph.output?.[0]?.name;
  if (!name) throw new FxqError('ONNX_MALFORMED', 'model: its graph has no output');
  return name;
}

/** Gives each target's gradient the name `d_<target>`. */
function publish(
  model: OpenModel,
  reached: ReadonlyMap<string, string>,
  targets: readonly string[],
): Map<string, string> {
  return new Map(
    targets.map((target) => {
      const gradient = reached.get(target);
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
