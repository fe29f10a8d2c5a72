import type { DType } from '../../binary/dtype.js';
import { dataTypeOf } from '../../binary/dtype.js';
import type { Model, Tensor } from '../../model/model.js';
import { isPatchable, readWeights, writeWeights } from '../../model/weights.js';
import { int } from '../attributes.js';
import { edit } from '../edit/edit.js';
import type { EditedGraph } from '../edit/graph.js';
import { channelAxis } from './channel-axis.js';
import { type Codes, codesOf, INT8_REACH } from './codes.js';

/** From this version of the format on, constants are known to be constant: runtimes compute with them once. */
const CONSTANT_APART = 4;

/**
 * Writes rounded weights as int8, and behind them a Cast and a Mul that make floats of them again. Runtimes do that once, when
 * they load the model; DequantizeLinear they leave where it is.
 *
 * @param names - of the tensors
 * @param onInexact - told of what is on no grid of at most 8 bits and stays as it is
 */
export function packWeights(model: Model, names: ReadonlySet<string>, onInexact?: (name: string) => void): Model {
  const wanted = new Map(model.tensors.flatMap((tensor) => (names.has(tensor.name) ? [[tensor, tensor.name]] : [])));
  const editor = edit(model);
  for (const graph of graphsOf(editor.graph, [...editor.functions.values()])) {
    for (const name of graph.stored) {
      const { record, dims, dtype } = graph.tensor(name) ?? {};
      if (!record || !dims || !dtype || !wanted.has(record) || !isPatchable(record)) continue;
      const uses = graph.uses(name);
      if (uses.length === 0 || uses.some(({ node }) => !node)) continue;
      const axis = channelAxis(
        uses.map(({ node, input }) => ({ node: node?.decode() ?? {}, input })),
        dims,
      );
      const codes = codesOf(readWeights(record), { dims, axis, reach: INT8_REACH, dtype });
      if (!codes.isExact) onInexact?.(record.name);
      else pack(graph, name, record, { dims, dtype, codes });
    }
  }
  editor.useIrVersion(CONSTANT_APART);
  return editor.finish();
}

interface Packed {
  readonly dims: readonly number[];
  readonly dtype: DType;
  readonly codes: Codes;
}

function pack(
  graph: EditedGraph,
  name: string,
  record: Tensor,
  { dims, dtype, codes: { codes, steps, axis } }: Packed,
) {
  const bytes = new Uint8Array(Int8Array.from(codes).buffer);
  const stored = graph.store(`${name}/int8`, { dtype: 'int8', dims, bytes });
  const scale = graph.store(`${name}/scale`, {
    dtype,
    dims: axis === undefined ? [] : dims.map((dim, i) => (i === axis ? dim : 1)),
    bytes: writeWeights(record, steps),
  });
  const cast = graph.insert({ opType: 'Cast', input: [stored], attribute: [int('to', dataTypeOf(dtype))] });
  const scaled = graph.insert({ opType: 'Mul', input: [cast.outputs[0], scale] });
  graph.redirect(name, scaled.outputs[0], ({ node }) => node !== undefined && node !== scaled);
  graph.removeUnread(name);
}

/** Graphs and those inside of them. */
function graphsOf(...graphs: (EditedGraph | EditedGraph[])[]): EditedGraph[] {
  return graphs.flat().flatMap((graph) => [graph, ...graph.nodes.flatMap((node) => graphsOf(graph.nested(node)))]);
}
