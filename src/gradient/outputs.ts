import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { FxqError } from '../errors.js';
import type { OpenModel } from '../graph/open-model.js';
import { logitsBehind } from './cross-entropy.js';
import { chooseLoss, type LossOptions } from './losses.js';

const { DataType } = onnxProto.onnx.TensorProto;

export interface OutputOptions extends LossOptions {
  /**
   * The output to train on, or several, whose losses are added up; for a loss of logits these may be a Softmax over them.
   * Default: the model's first output of floats; for a mean squared error, every float32 output.
   */
  output?: string | readonly string[];
}

/** The values of the graph that a loss looks at: the outputs asked for, or the logits behind them. */
export function judgedOutputs(model: OpenModel, options: OutputOptions): string[] {
  const { ofLogits } = chooseLoss(options);
  const { output = ofLogits ? firstOutput(model) : floatOutputs(model) } = options;
  const names = typeof output === 'string' ? [output] : [...output];
  const made = new Set(model.builder.graph.node!.flatMap((node) => node.output ?? []));
  const missing = names.find((name) => !made.has(name));
  if (missing !== undefined || names.length === 0) {
    if (missing === undefined && options.output === undefined) {
      throw new FxqError('UNSUPPORTED', 'model: it has no float32 output to train on');
    }
    const what =
      missing === undefined ? 'no output to train on' : `${missing}: the model computes no value of this name`;
    throw new FxqError('CONFIG', what, { actual: missing });
  }
  return [...new Set(ofLogits ? names.map((name) => logitsBehind(model.builder, name)) : names)];
}

/** The model's first output of floats; where the file tells the type of none, its first output. */
export function firstOutput({ builder }: OpenModel): string {
  const outputs = builder.graph.output ?? [];
  const name = (outputs.find(({ type }) => FLOATS.has(type?.tensorType?.elemType ?? 0)) ?? outputs.find(isUntold))
    ?.name;
  if (name) return name;
  if (outputs.length === 0) throw new FxqError('ONNX_MALFORMED', 'model: its graph has no output');
  const names = outputs.map((output) => `'${output.name}'`).join(', ');
  const message = `model: expected an output of floats to go by, got ${names}, which are of another kind`;
  throw new FxqError('UNSUPPORTED', message, { expected: 'an output of floats', actual: names });
}

const FLOATS: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE]);

/** Whether the file says nothing of an output but its name. */
function isUntold({ type }: Onnx.IValueInfoProto): boolean {
  const { tensorType, sequenceType, mapType, optionalType, sparseTensorType } = type ?? {};
  return !(tensorType?.elemType || sequenceType || mapType || optionalType || sparseTensorType);
}

function floatOutputs({ builder }: OpenModel): string[] {
  const outputs = builder.graph.output ?? [];
  return outputs.filter(({ type }) => type?.tensorType?.elemType === DataType.FLOAT).map(({ name }) => name!);
}
