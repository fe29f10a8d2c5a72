import type { onnx } from 'onnx-proto';
import { graph, int, ints, readInt, readString, readStrings } from '../../graph/attributes.js';
import { GraphBuilder } from '../../graph/builder.js';
import { floatValue } from '../../graph/open-model.js';
import { CELLS, type Cell } from './cells.js';
import { type GradientRule, type RuleContext, unsupported } from './rule.js';

/** Places of the inputs of LSTM, GRU and RNN; the last two are the LSTM's alone. */
const [W, R, B, LENGTHS, H0, C0, PEEPHOLES] = [1, 2, 3, 4, 5, 6, 7];

/** Of activations that need no numbers of their own; ONNX writes their names so. */
const ACTIVATIONS: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'Softplus', 'Tanh']);

/**
 * A layer that goes through a sequence, [steps, samples, inputs]. It is written again as a Scan over the steps, made of operators
 * that have rules, and these are gone back through: sequences may be of any length.
 */
export const recurrent: GradientRule = {
  differentiable: [0, W, R, B, H0, C0, PEEPHOLES],
  severalOutputs: true,
  backward(context) {
    const { node, builder, inputs, gradientOf, arrives, needs, through } = context;
    refuse(context);
    const from = builder.graph.node!.length;
    const outputs = written(context);
    const nodes = builder.graph.node!.slice(from);
    const seeds = (node.output ?? []).flatMap((_, i) => (arrives(i) ? [[outputs[i], gradientOf(i)] as const] : []));
    const targets = inputs.filter((name, i) => name !== '' && needs(i));
    const gradients = through(builder, nodes, new Map(seeds), targets);
    return inputs.map((name) => gradients.get(name));
  },
};

/** What no Scan is written for. */
function refuse({ node, inputs }: RuleContext): void {
  if (readInt(node, 'layout', 0) !== 0) throw unsupported(node, 'samples on the first axis (layout 1)');
  if (inputs[LENGTHS]) throw unsupported(node, 'sequence_lens: sequences of several lengths in one batch');
  if (node.attribute?.some(({ name }) => name === 'clip')) throw unsupported(node, 'the clip attribute');
  if (readInt(node, 'input_forget', 0) !== 0) throw unsupported(node, 'coupled gates (input_forget)');
  const odd = readStrings(node, 'activations')?.find((name) => !ACTIVATIONS.has(name));
  if (odd !== undefined) throw unsupported(node, `the activation ${odd}`);
}

/** Appends what computes the same by a Scan a direction, and returns the names of all outputs. */
function written({ node, builder, inputs }: RuleContext): string[] {
  const [x] = inputs;
  const cell: Cell = CELLS[node.opType!];
  const direction = readString(node, 'direction', 'forward');
  const directions = direction === 'bidirectional' ? [0, 1] : [direction === 'reverse' ? 1 : 0];
  const size = readInt(node, 'hidden_size', builder.dims(inputs[R])?.[2] ?? 0);
  const names = readStrings(node, 'activations') ?? directions.flatMap(() => cell.activations);
  const activations = directions.map((_, d) =>
    names.slice(d * cell.activations.length, (d + 1) * cell.activations.length),
  );

  /** An input's part for each direction, its first axis. */
  const parts = (value: string | undefined): (string | undefined)[] => {
    if (!value) return directions.map(() => undefined);
    const ones = directions.map(() => 1);
    const split =
      ones.length === 1
        ? [value]
        : builder.emitAll('Split', [value, builder.ints(ones)], [int('axis', 0)], ones.length);
    return split.map((part) => builder.emit('Squeeze', [part, builder.ints([0])]));
  };
  const [w, r, b, h0, c0, peepholes] = [W, R, B, H0, C0, PEEPHOLES].map((i) => parts(inputs[i]));
  const samples = builder.emit('Gather', [builder.shape(x), builder.ints([1])]);
  const zeros = () => builder.zeros(builder.emit('Concat', [samples, builder.ints([size])], [int('axis', 0)]));

  const runs = directions.map((backwards, d) => {
    const [ofInputs, ofStates] = b[d]
      ? builder.emitAll('Split', [b[d], builder.ints([cell.gates * size, cell.gates * size])], [int('axis', 0)], 2)
      : [];
    // All steps at once, as one matrix of their inputs.
    const rows = builder.emit('Reshape', [x, joined(builder, builder.ints([-1]), builder.shape(x, 2))]);
    const products = builder.emit('Gemm', [rows, w[d]!, ...(ofInputs ? [ofInputs] : [])], [int('transB', 1)]);
    const steps = builder.emit('Slice', [builder.shape(x), builder.ints([0]), builder.ints([2])]);
    const gates = builder.emit('Reshape', [products, joined(builder, steps, builder.ints([cell.gates * size]))]);
    const weights = { r: r[d]!, bias: ofStates, peepholes: peepholes[d] };
    const states = [h0[d] ?? zeros(), ...(cell.states === 2 ? [c0[d] ?? zeros()] : [])];
    const body = bodyOf(builder, node, cell, { ...weights, size, activations: activations[d] });
    const attributes = [
      graph('body', body),
      int('num_scan_inputs', 1),
      ints('scan_input_directions', [backwards]),
      ints('scan_output_directions', [backwards]),
    ];
    const [...ends] = builder.emitAll('Scan', [...states, gates], attributes, cell.states + 1);
    return [ends.pop()!, ...ends];
  });
  // Y is [steps, directions, samples, size], the states are [directions, samples, size].
  return range(cell.states + 1).map((i) => {
    const axis = i === 0 ? 1 : 0;
    const each = runs.map((run) => builder.emit('Unsqueeze', [run[i], builder.ints([axis])]));
    return each.length === 1 ? each[0] : builder.emit('Concat', each, [int('axis', axis)]);
  });
}

/** One step: from the states and the step's products to the states after it, and what it gives out. */
function bodyOf(
  around: GraphBuilder,
  node: onnx.INodeProto,
  cell: Cell,
  settings: Omit<Parameters<Cell['step']>[1], 'states' | 'gates' | 'isLinear'>,
): onnx.IGraphProto {
  const body: onnx.IGraphProto = {
    name: around.fresh('gradient/step'),
    node: [],
    initializer: [],
    input: [],
    output: [],
  };
  const builder = new GraphBuilder(body, around);
  const states = range(cell.states).map(() => builder.fresh('gradient/begun'));
  const gates = builder.fresh('gradient/gates');
  const isLinear = readInt(node, 'linear_before_reset', 0) !== 0;
  const ends = cell.step(builder, { ...settings, states, gates, isLinear });
  const outputs = [...ends, ends[0]].map((value) => builder.emit('Identity', [value]));
  body.input = [...states, gates].map((name) => floatValue(name));
  body.output = outputs.map((name) => floatValue(name));
  return body;
}

function joined(builder: GraphBuilder, ...shapes: string[]): string {
  return builder.emit('Concat', shapes, [int('axis', 0)]);
}

function range(length: number): number[] {
  return [...Array(length).keys()];
}
