import type { onnx } from 'onnx-proto';
import { isStandard } from '../graph/attributes.js';
import { type GraphBuilder, valuesRead } from '../graph/builder.js';
import { copyOf, type DecodedGraph } from '../graph/decoded-graph.js';
import { type Layer, productsOf, type Read } from '../graph/layers.js';
import { floatValue, type OpenModel, writeModel } from '../graph/open-model.js';
import { builderEmitter } from '../graph/simulate/emitter.js';
import { emitRounded } from '../graph/simulate/insert-fake.js';
import type { RoundingPlan } from '../graph/simulate/plan.js';
import type { Tensor } from '../model/model.js';
import { createRandom } from '../random.js';
import { type Feeder, runGraph } from '../runtime/batches.js';
import type { OutputArray } from '../runtime/session.js';
import { type ColumnPick, emitColumns, transpose } from './columns.js';
import { discard } from './discard.js';
import type { Moments } from './job.js';
import type { Padding } from './padding.js';
import type { ColumnPlan } from './plan.js';

/** The payloads of what is compressed already, by tensor. */
type Replaced = ReadonlyMap<Tensor, Uint8Array>;

/** What is to be seen, of what, and on which inputs. */
export interface Capture {
  readonly graph: DecodedGraph;
  readonly layers: readonly Layer[];
  /** Default: nothing, and both models are the original. */
  readonly replaced?: Replaced | undefined;
  /** How the compressed model rounds what layers take in. Default: not at all. */
  readonly rounding?: RoundingPlan | undefined;
  /** Which columns of each batch are looked at. Default: of a layer that is not listed all of them. */
  readonly columnPlans?: ReadonlyMap<Layer, ColumnPlan> | undefined;
  /** How many axes a value has. */
  rank(value: string): number;
  /** Which columns are none but padding. Default: none. */
  readonly padding?: Padding | undefined;
  /** Of the choice of columns. Default: 0. */
  readonly seed?: number | undefined;
  readonly feeder: Feeder;
}

/**
 * Runs inputs through the original model and through the one compressed so far, and sums up the second moments of what
 * arrives at layers, by all that read their weights. The sums are made inside ONNX Runtime: the columns themselves never leave it, and memory does not
 * depend on how many inputs there are.
 */
export async function captureMoments(capture: Capture): Promise<Map<Layer, Moments>> {
  const {
    graph,
    layers,
    replaced = new Map(),
    rounding,
    columnPlans: plans,
    rank,
    padding,
    seed = 0,
    feeder,
  } = capture;
  const open = copyOf(graph.open);
  const { builder } = open;
  const isSingle = replaced.size === 0 && rounding === undefined;
  const twin = isSingle ? ORIGINAL : emitTwin(graph, open, replaced, rounding);
  const outputs: string[] = [];
  const product = (left: string, right: string) => builder.emit('MatMul', [transpose(builder, left, [0, 2, 1]), right]);
  const output = (parts: readonly string[]) => {
    outputs.push(parts.length > 1 ? builder.emit('Sum', parts) : parts[0]);
    return outputs[outputs.length - 1];
  };
  const multiplied = layers.filter(({ isLookup }) => !isLookup);
  const wanted = multiplied.map((layer, index) => {
    const reads = productsOf(layer);
    const plan = plans?.get(layer);
    const each = plan && Math.max(1, Math.round(plan.count / reads.length));
    const parts = reads.map((read, place) => {
      const { node } = read;
      const picks = each === undefined ? undefined : fractions(each, seed + index + layers.length * place);
      const bordered = ({ inputsOf, nameOf }: Twin) => {
        const operands = { inputs: inputsOf(node), outputs: (node.output ?? []).map(nameOf), rank };
        const take: ColumnPick['take'] = (value, axis) => (picks ? pick(builder, value, axis, picks) : value);
        const picked = { stride: plan?.stride ?? 1, take };
        const columns = withOnes(builder, emitColumns(builder, { ...layer, ...read }, operands, picked));
        const factor = padding?.emitFactor(builder, read);
        return factor === undefined ? columns : builder.emit('Mul', [columns, take(factor, 1)]);
      };
      const twinned = twin.inputsOf(node);
      const isSame =
        (node.input ?? []).every((name, i) => i === read.operand || twinned[i] === name) &&
        (node.output ?? []).every((name) => twin.nameOf(name) === name || isOutputOfFeedForward(read, name));
      const own = bordered(twin);
      const moments = product(own, own);
      return {
        isSame,
        own: moments,
        cross: isSame ? moments : product(bordered(ORIGINAL), own),
      };
    });
    const isSame = parts.every((part) => part.isSame);
    return {
      layer,
      own: output(parts.map(({ own }) => own)),
      cross: isSame ? undefined : output(parts.map(({ cross }) => cross)),
    };
  });
  const bytes = writeModel(
    open,
    outputs.map((name) => floatValue(name)),
  );
  const sums = new Map<string, { dims: readonly number[]; data: Float64Array }>();
  const visit = (results: Readonly<Record<string, OutputArray>>) => {
    for (const name of outputs) {
      const { dims, data } = results[name];
      const sum = sums.get(name) ?? { dims, data: new Float64Array(data.length) };
      sums.set(name, sum);
      for (let i = 0; i < data.length; i++) sum.data[i] += data[i];
      discard(data);
    }
  };
  if (outputs.length > 0) await runGraph(bytes, feeder, visit);
  return new Map([
    ...layers.filter(({ isLookup }) => isLookup).map((layer) => [layer, unweighted(layer)] as const),
    ...wanted.map(({ layer, own, cross }): [Layer, Moments] => {
      const { dims, data } = sums.get(own)!;
      const moments = {
        groups: dims[0],
        inputs: dims[1] - 1,
        own: data,
        cross: cross === undefined ? undefined : sums.get(cross)!.data,
      };
      return [layer, moments];
    }),
  ]);
}

/** Moments with which every element counts the same: of a table whose rows are taken as they are. */
function unweighted({ inputs }: Layer): Moments {
  const own = new Float64Array((inputs + 1) ** 2);
  for (let j = 0; j <= inputs; j++) own[j * (inputs + 2)] = 1;
  return { groups: 1, inputs, own, cross: undefined };
}

/** A model beside the original. */
interface Twin {
  /** The name that a value has in it. */
  nameOf(value: string): string;
  /** What a node of the original reads in it. */
  inputsOf(node: onnx.INodeProto): string[];
}

const ORIGINAL: Twin = { nameOf: (value) => value, inputsOf: (node) => node.input ?? [] };

/**
 * Appends the compressed model beside the original: once more every node that depends on a changed weight, or that reads a
 * value rounded.
 */
function emitTwin(graph: DecodedGraph, open: OpenModel, replaced: Replaced, plan: RoundingPlan | undefined): Twin {
  const { builder, proto: model } = open;
  const twins = new Map<string, string>();
  for (const [name, { tensor, proto }] of graph.stored) {
    const rawData = replaced.get(tensor);
    if (!rawData) continue;
    const twin = builder.fresh(`compressed/${name}`);
    twins.set(name, twin);
    builder.graph.initializer!.push({ name: twin, dims: proto.dims ?? [], dataType: proto.dataType ?? 1, rawData });
  }
  const nameOf = (name: string) => twins.get(name) ?? name;
  const emitter = builderEmitter(builder, Number(model.opsetImport?.find(isStandard)?.version ?? 1));
  const isRounded = plan ? roundedInputs(plan) : () => false;
  const rounded = new Map<string, string>();
  const roundedOf = (name: string) => {
    if (plan && !rounded.has(name)) rounded.set(name, emitRounded(emitter, plan, name, nameOf(name)));
    return rounded.get(name) ?? name;
  };
  const inputsOf = (node: onnx.INodeProto) =>
    (node.input ?? []).map((name, i) => (isRounded(node, i) ? roundedOf(name) : nameOf(name)));
  for (const node of [...builder.graph.node!]) {
    const isSame = valuesRead(node).every((name) => !twins.has(name));
    const input = inputsOf(node);
    if (isSame && input.every((name, i) => name === node.input?.[i])) continue;
    const output = (node.output ?? []).map((name) => {
      if (name) twins.set(name, builder.fresh(`compressed/${name}`));
      return name && nameOf(name);
    });
    builder.graph.node!.push({ ...withInputs(node, nameOf), input, output, name: output[0] });
  }
  return { nameOf, inputsOf };
}

/** Whether a node reads one of its inputs rounded: nodes are known by what they make. */
function roundedInputs({ values, sites }: RoundingPlan): (node: onnx.INodeProto, input: number) => boolean {
  const keyOf = ({ output }: onnx.INodeProto, input: number) => `${output?.[0]} ${input}`;
  const keys = new Set(sites.filter(({ value }) => values.has(value)).map(({ node, input }) => keyOf(node, input)));
  const own = new Set(sites.map(({ value }) => value));
  return (node, input) => {
    const name = node.input?.[input] ?? '';
    return keys.has(keyOf(node, input)) || (values.has(name) && !own.has(name));
  };
}

/** The node with other inputs, those of its nested graphs included: names are unique across scopes. */
function withInputs(node: onnx.INodeProto, rename: (name: string) => string): onnx.INodeProto {
  const inside = (graph: onnx.IGraphProto): onnx.IGraphProto => ({
    ...graph,
    node: (graph.node ?? []).map((inner) => withInputs(inner, rename)),
    output: (graph.output ?? []).map((output) => ({ ...output, name: rename(output.name ?? '') })),
  });
  const attribute = (node.attribute ?? []).map((each) => ({
    ...each,
    ...(each.g ? { g: inside(each.g) } : {}),
    ...(each.graphs?.length ? { graphs: each.graphs.map(inside) } : {}),
  }));
  return { ...node, input: (node.input ?? []).map(rename), attribute };
}

/** What a layer makes does not decide on its columns, except for the states of recurrent ones. */
function isOutputOfFeedForward({ node, output }: Read, name: string): boolean {
  return output !== undefined && (node.output ?? []).includes(name);
}

/** Where to look, as shares of all columns, one in each of `count` equal parts. */
function fractions(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, (_, i) => Math.min((i + random.float()) / count, 1 - 1e-6));
}

function pick(builder: GraphBuilder, columns: string, axis: number, picks: Float32Array): string {
  const shares = builder.tensor([picks.length], picks);
  const total = builder.emit('Gather', [builder.emit('Shape', [columns]), builder.ints([axis])]);
  const places = builder.emit('Mul', [shares, builder.emit('Cast', [total], [TO_FLOAT])]);
  const indices = builder.emit('Cast', [builder.emit('Floor', [places])], [TO_INT]);
  return builder.emit('Gather', [columns, indices], [{ name: 'axis', type: 2, i: axis }]);
}

const TO_FLOAT = { name: 'to', type: 2, i: 1 };
const TO_INT = { name: 'to', type: 2, i: 7 };

/** Columns with a one behind each: their second moments then hold their sums and their number, too. */
function withOnes(builder: GraphBuilder, columns: string): string {
  const first = builder.emit('Gather', [columns, builder.ints([0])], [{ name: 'axis', type: 2, i: 2 }]);
  const zeros = builder.emit('Mul', [first, builder.float(0)]);
  const ones = builder.emit('Add', [zeros, builder.float(1)]);
  return builder.emit('Concat', [columns, ones], [{ name: 'axis', type: 2, i: 2 }]);
}
