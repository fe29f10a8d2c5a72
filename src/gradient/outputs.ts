import onnxProto from 'onnx-proto';
import { FxqError } from '../errors.js';
import type { OpenModel } from '../graph/open-model.js';
import { logitsBehind } from './cross-entropy.js';
import { chooseLoss, type LossOptions } from './losses.js';

const { DataType } = onnxProto.onnx.TensorProto;

export interface OutputOptions extends LossOptions {
  /**
   * The output to train on, or several, whose losses are added up; for a loss of logits these may be a Softmax over them.
   * Default: the model's first output; for a mean squared error, every float32 output.
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

/** The model's first output. */
export function firstOutput({ builder }: OpenModel): string {
  const name = builder.graph.output?.[0]?.name;
  if (!name) throw new FxqError('ONNX_MALFORMED', 'model: its graph has no output');
  return name;
}

function floatOutputs({ builder }: OpenModel): string[] {
  const outputs = builder.graph.output ?? [];
  return outputs.filter(({ type }) => type?.tensorType?.elemType === DataType.FLOAT).map(({ name }) => name!);
}
