import onnxProto, { type onnx } from 'onnx-proto';
import type { Place } from '../../onnx/message.js';
import { type Body, describe, nodeNumber } from './body.js';
import { EditError } from './error.js';
import type { EditedNode } from './node.js';

/**
 * Writes a node into a graph.
 *
 * @param proto - without outputs, it gets one with a name of its own; without a name, that of its first output
 * @param place - by default as far to the front as what it reads allows
 */
export function insertNode(body: Body, proto: onnx.INodeProto, place?: Place & { anchor: EditedNode }): EditedNode {
  const wanted = proto.output ?? [];
  for (const name of wanted) if (name) requireFree(body, name);
  const output = wanted.length > 0 ? wanted : [body.names.fresh(`${proto.input?.[0] ?? ''}/${proto.opType}`)];
  const bytes = onnxProto.onnx.NodeProto.encode({ ...proto, output, name: proto.name || output[0] }).finish();
  const beside = place?.anchor ?? anchorOf(body, [...(proto.input ?? []), ...outerReads(proto)]);
  const part = beside?.part ?? body.parts[0];
  const field = part.add(nodeNumber(body), bytes, place ?? (beside ? { after: beside.field } : atFront(body)));
  return body.adopt(field, part);
}

/** The last of the nodes that make what is read; `undefined` where nobody in this graph does. */
function anchorOf(body: Body, read: readonly string[]): EditedNode | undefined {
  const makers = new Set(read.flatMap((name) => body.maker(name) ?? []));
  if (makers.size > 1) return body.nodes.findLast((node) => makers.has(node));
  return [...makers][0];
}

/** Before all nodes of the graph's first part. */
function atFront(body: Body): Place {
  return { before: body.nodes.find(({ part }) => part === body.parts[0])?.field };
}

/** Names that graphs in a new node's attributes read; some of them may be their own. */
function outerReads({ attribute }: onnx.INodeProto): string[] {
  const graphs = (attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
  return graphs.flatMap(({ node, output }) => [
    ...(output ?? []).map(({ name }) => name ?? ''),
    ...(node ?? []).flatMap((inner) => [...(inner.input ?? []), ...outerReads(inner)]),
  ]);
}

/** Takes a node out. Who reads what it made is looked at when all edits are done. */
export function removeNode(body: Body, node: EditedNode): void {
  requireMember(body, node);
  node.field.remove();
  body.detach(node);
}

/** Puts a node that was taken out back where it was. */
export function restoreNode(body: Body, node: EditedNode): void {
  if (node.scope !== body || !node.isRemoved) {
    throw new EditError('NOT_FOUND', node.outputs[0], `${describe(node)}: was not removed from this graph`);
  }
  for (const name of node.outputs) if (name) requireFree(body, name);
  node.field.restore();
  body.attach(node);
}

export function requireMember(body: Body, node: EditedNode): void {
  if (node.scope === body && !node.isRemoved) return;
  throw new EditError('NOT_FOUND', node.outputs[0], `${describe(node)}: is no node of this graph`);
}

/** Refuses a name that a value has in this graph, in one around it or in one inside of it: each would hide another. */
export function requireFree(body: Body, name: string): void {
  if (!body.names.isTaken(name)) return;
  if (body.definerOf(name) || body.all.some((each) => each.defines(name))) {
    throw new EditError('NAME_TAKEN', name, `'${name}': is the name of another value`);
  }
}
