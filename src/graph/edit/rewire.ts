import type { Body, Use } from './body.js';
import { EditError } from './error.js';
import type { EditedNode } from './node.js';
import { insertNode, removeNode, requireFree } from './nodes.js';

/** Gives a value another name wherever it is spoken of: outputs and inputs of nodes and graphs, types, annotations. */
export function renameValue(body: Body, value: string, to: string): void {
  if (value === to) return;
  const makers = [...body.names.makers(value)].filter(({ scope }) => scope === body);
  const own = (['input', 'initializer', 'sparseInitializer', 'output', 'valueInfo', 'annotation'] as const)
    .flatMap((listing) => body.named(listing))
    .filter(({ text }) => text === value);
  if (!body.defines(value)) throw new EditError('NOT_FOUND', value, `'${value}': no value of this graph has this name`);
  requireFree(body, to);
  // All are looked up before the first has changed: a scope tells its values apart by their names.
  const fields = [...own, ...body.mentions(value)];
  for (const { node, input } of body.uses(value)) node?.setInput(input, to);
  for (const node of makers) for (const [i, name] of node.outputs.entries()) if (name === value) node.setOutput(i, to);
  for (const field of fields) field.setText(to);
  body.names.take(to);
}

/**
 * Makes readers of a value read another one. Where an output of the graph is among them, it keeps its name.
 *
 * @param where - which readers; by default all
 */
export function redirectUses(body: Body, value: string, to: string, where: (use: Use) => boolean = () => true): void {
  redirect(body, value, to, body.uses(value).filter(where), body.mentions(value));
}

/** Puts what `build` makes of a value between it and those that read it now. */
export function interpose(
  body: Body,
  value: string,
  build: (value: string) => string,
  where: (use: Use) => boolean = () => true,
): string {
  const uses = body.uses(value).filter(where);
  const mentions = body.mentions(value);
  const result = build(value);
  return redirect(body, value, result, uses, mentions);
}

/** Takes a node out whose readers are to read one of its inputs. */
export function bypassNode(body: Body, node: EditedNode, input: number): void {
  const from = node.inputs[input];
  const wanted = node.outputs.filter((name) => name && body.isRead(name));
  if (!from || wanted.some((name) => name !== node.outputs[0])) {
    const value = from ? wanted.find((name) => name !== node.outputs[0]) : node.outputs[0];
    throw new EditError('DANGLING', value ?? '', `'${value}': is read and would have nothing in its place`);
  }
  const [value] = node.outputs;
  const uses = body.uses(value);
  const mentions = body.mentions(value);
  removeNode(body, node);
  redirect(body, value, from, uses, mentions);
}

/** @returns the name that `to` has afterwards: an output's, where it has taken its place */
function redirect(
  body: Body,
  value: string,
  to: string,
  uses: readonly Use[],
  mentions: ReturnType<Body['mentions']>,
): string {
  for (const { node, input } of uses) node?.setInput(input, to);
  for (const field of mentions) field.setText(to);
  return uses.some(({ node }) => !node) ? takeOutput(body, value, to) : to;
}

/** Makes an output of the graph show another value, under the name that the output has. */
function takeOutput(body: Body, value: string, to: string): string {
  const outputs = body.named('output').filter(({ text }) => text === value);
  if (body.named('input').some(({ text }) => text === value)) {
    throw new EditError('NAME_TAKEN', value, `'${value}': is an input and an output of its graph and can be no other`);
  }
  if (body.defines(value)) renameValue(body, value, body.names.fresh(value));
  const isFixed = !body.maker(to) || body.named('output').some(({ text }) => text === to);
  for (const field of outputs) field.setText(value);
  if (isFixed) insertNode(body, { opType: 'Identity', input: [to], output: [value] });
  else renameValue(body, to, value);
  return isFixed ? to : value;
}
