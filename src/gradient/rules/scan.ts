import onnxProto, { type onnx } from 'onnx-proto';
import { graph, int, ints, nestedGraph, readInt, readInts } from '../../graph/attributes.js';
import type { GraphBuilder } from '../../graph/builder.js';
import { floatValue } from '../../graph/open-model.js';
import { closeNested, type Nested, openNested, seedsOf } from './nested.js';
import type { GradientRule, RuleContext } from './rule.js';

const { DataType } = onnxProto.onnx.TensorProto;

/** What a Scan consists of. States go from step to step; of elements, and of what is made, each step has its own. */
interface Parts {
  readonly body: onnx.IGraphProto;
  readonly states: number;
  readonly elements: number;
  readonly made: number;
  /** For each element and each value made: 0 where the steps are in order, 1 from the last to the first. */
  readonly directionsIn: readonly number[];
  readonly directionsOut: readonly number[];
  readonly axesIn: readonly number[];
  readonly axesOut: readonly number[];
}

/**
 * A body run over a sequence. The gradient runs over it the other way: each step computes its part again from the state it began
 * with, which a first run over the sequence has put down, and goes back through it. The gradients of states go from step to step,
 * those of what the body reads of the graph around it are added up.
 */
export const scan: GradientRule = {
  differentiable: 'all',
  severalOutputs: true,
  backward(context) {
    const { node, builder, inputs, gradientOf, arrives, needs } = context;
    const parts = partsOf(node);
    const { states, elements, made, directionsIn, directionsOut, axesIn, axesOut } = parts;
    const own = states + elements;
    const captured = inputs.flatMap((_, i) => (i >= own && needs(i) ? [i] : []));
    const moving = range(states).filter((i) => isFloat(parts.body.input?.[i]));
    const wanted = range(elements).filter((i) => needs(states + i));
    const arriving = range(made).filter((i) => arrives(states + i));

    const zeros = (value: string) => builder.zeros(builder.shape(value));
    const begun = [
      ...moving.map((i) => (arrives(i) ? gradientOf(i) : zeros(inputs[i]))),
      ...captured.map((i) => zeros(inputs[i])),
    ];
    const read = [
      ...tapeOf(builder, node, parts),
      ...inputs.slice(states, own),
      ...arriving.map((i) => gradientOf(states + i)),
    ];
    const back = (directions: readonly number[]) => directions.map((direction) => 1 - direction);
    const found = builder.emitAll(
      'Scan',
      [...begun, ...read],
      [
        graph('body', backwardBody(context, parts, { captured, moving, wanted, arriving })),
        int('num_scan_inputs', read.length),
        ints('scan_input_directions', [
          ...range(states).map(() => 1),
          ...back(directionsIn),
          ...back(arriving.map((i) => directionsOut[i])),
        ]),
        ints('scan_input_axes', [...range(states).map(() => 0), ...axesIn, ...arriving.map((i) => axesOut[i])]),
        ints('scan_output_directions', back(wanted.map((i) => directionsIn[i]))),
        ints(
          'scan_output_axes',
          wanted.map((i) => axesIn[i]),
        ),
      ],
      begun.length + wanted.length,
    );
    const order = [...moving, ...captured, ...wanted.map((i) => states + i)];
    return inputs.map((_, i) => (order.includes(i) ? found[order.indexOf(i)] : undefined));
  },
};

function partsOf(node: onnx.INodeProto): Parts {
  const body = nestedGraph(node, 'body');
  const elements = readInt(node, 'num_scan_inputs', 0);
  const states = (node.input?.length ?? 0) - elements;
  const made = (node.output?.length ?? 0) - states;
  const list = (name: string, length: number) => readInts(node, name) ?? range(length).map(() => 0);
  return {
    ...{ body, states, elements, made },
    directionsIn: list('scan_input_directions', elements),
    directionsOut: list('scan_output_directions', made),
    axesIn: list('scan_input_axes', elements),
    axesOut: list('scan_output_axes', made),
  };
}

/** Runs the body once more, and gives out the states that each step begins with. */
function tapeOf(builder: GraphBuilder, node: onnx.INodeProto, { body, states, directionsIn, axesIn }: Parts): string[] {
  const nested = openNested(builder, body);
  const begun = namesOf(nested).slice(0, states);
  const types = (body.input ?? []).slice(0, states).map(untold);
  const attributes = [
    graph('body', closeNested(nested, [...nested.outputs.slice(0, states), ...begun], [...types, ...types])),
    int('num_scan_inputs', directionsIn.length),
    ints('scan_input_directions', directionsIn),
    ints('scan_input_axes', axesIn),
  ];
  return builder.emitAll('Scan', node.input ?? [], attributes, 2 * states).slice(states);
}

/** One step backwards: from gradients of the states that it ends with to those of the states that it begins with. */
function backwardBody(
  { builder: around, inputs, through }: RuleContext,
  { body, states }: Parts,
  what: {
    captured: readonly number[];
    moving: readonly number[];
    wanted: readonly number[];
    arriving: readonly number[];
  },
): onnx.IGraphProto {
  const nested = openNested(around, body);
  const { builder, nodes, outputs } = nested;
  const names = namesOf(nested);
  const captured = what.captured.map((i) => inputs[i]);
  const fed = (count: readonly unknown[]) => count.map(() => builder.fresh('gradient/state'));
  const [ofStates, sums, ofMade] = [fed(what.moving), fed(captured), fed(what.arriving)];
  const seeds = seedsOf(builder, [
    ...what.moving.map((i, k) => [outputs[i], ofStates[k]] as const),
    ...what.arriving.map((i, k) => [outputs[states + i], ofMade[k]] as const),
  ]);
  const begun = what.moving.map((i) => names[i]);
  const elements = what.wanted.map((i) => names[states + i]);
  const gradients = through(builder, nodes, seeds, [...begun, ...elements, ...captured]);
  const of = (name: string) => gradients.get(name) ?? builder.zeros(builder.shape(name));
  const added = captured.map((name, k) => {
    const gradient = gradients.get(name);
    return gradient === undefined ? sums[k] : builder.emit('Add', [sums[k], gradient]);
  });
  const declared = builder.graph.input ?? [];
  builder.graph.input = [
    ...[...ofStates, ...sums].map((name) => floatValue(name)),
    ...declared.map(untold),
    ...ofMade.map((name) => floatValue(name)),
  ];
  return closeNested(nested, [...begun.map(of), ...added, ...elements.map(of)]);
}

function namesOf({ builder }: Nested): string[] {
  return (builder.graph.input ?? []).map(({ name }) => name ?? '');
}

/** A value of the same type, of whatever shape. */
function untold({ name, type }: onnx.IValueInfoProto): onnx.IValueInfoProto {
  return { name: name ?? '', type: { tensorType: { elemType: type?.tensorType?.elemType || DataType.FLOAT } } };
}

/** Counters and truth values have no gradient. */
function isFloat(value: onnx.IValueInfoProto | undefined): boolean {
  return (value?.type?.tensorType?.elemType || DataType.FLOAT) === DataType.FLOAT;
}

function range(length: number): number[] {
  return [...Array(length).keys()];
}
