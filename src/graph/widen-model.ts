import { type DType, dataTypeOf, dtypeOf } from '../binary/dtype.js';
import type { Model } from '../model/model.js';
import { readWeights } from '../model/weights.js';
import { withRawHalves } from '../onnx/halves.js';
import { int, tensor } from './attributes.js';
import { edit } from './edit/edit.js';
import type { EditedGraph } from './edit/graph.js';
import type { EditedNode } from './edit/node.js';
import { TYPE_ATTRIBUTES, widenTensor } from './widen.js';

const HALVES: readonly DType[] = ['float16', 'bfloat16'];

/**
 * The model with every half-width float, stored or computed, as float32. What it is fed and what it answers stay of the types that they
 * were. A model without any stays the same object.
 */
export function withFloat32(model: Model): Model {
  const editor = edit(withRawHalves(model, () => true));
  const { graph } = editor;
  const ports = new Set([...graph.inputs, ...graph.outputs]);
  const typed = new Map([...ports].map((name) => [name, graph.declaredType(name)]));
  for (const each of [graph, ...editor.functions.values()]) widen(each, each === graph ? ports : new Set());
  for (const name of graph.inputs) {
    if (isHalf(typed.get(name))) graph.interpose(name, (value) => castTo(graph, value, 'float32'));
  }
  for (const name of graph.outputs) {
    const type = typed.get(name);
    if (isHalf(type))
      graph.interpose(
        name,
        (value) => castTo(graph, value, type),
        ({ node }) => node === undefined,
      );
  }
  return editor.finish();
}

function isHalf(type: DType | undefined): type is DType {
  return type !== undefined && HALVES.includes(type);
}

function castTo(graph: EditedGraph, value: string, type: DType): string {
  return graph.insert({ opType: 'Cast', input: [value], attribute: [int('to', dataTypeOf(type))] }).outputs[0];
}

/** @param ports - values that keep their types */
function widen(graph: EditedGraph, ports: ReadonlySet<string>): void {
  for (const name of graph.stored) {
    const { dtype, dims, record } = graph.tensor(name) ?? {};
    if (!isHalf(dtype) || !dims) continue;
    // What holds nothing has no record.
    const values = record ? readWeights(record) : new Float32Array();
    graph.setTensor(name, { dtype: 'float32', dims, bytes: new Uint8Array(values.buffer) });
  }
  for (const type of HALVES) graph.retype(type, 'float32', (name) => !ports.has(name));
  for (const node of graph.nodes) {
    if (node.domain === '' && node.opType !== 'Constant') widenAttributes(node);
    for (const nested of graph.nested(node)) widen(nested, new Set());
  }
}

function widenAttributes(node: EditedNode): void {
  for (const name of TYPE_ATTRIBUTES) {
    if (isHalf(dtypeOf(Number(node.attribute(name)?.i ?? 0)))) node.setAttribute(int(name, dataTypeOf('float32')));
  }
  // What ConstantOfShape fills with.
  const { t } = node.attribute('value') ?? {};
  if (!t || !isHalf(dtypeOf(t.dataType ?? 0))) return;
  widenTensor(t);
  node.setAttribute(tensor('value', t));
}
