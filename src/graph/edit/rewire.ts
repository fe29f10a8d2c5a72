import type { Body, Use } from './body.js';
import { EditError } from './error.js';
import type { EditedNode } from './node.js';
import { insertNode, removeNode, requireFree } from './nodes.js';

/** Gives a value another name wherever it is spoken of: outputs and inputs of nodes and graphs, types, annotations. */
export function renameValue(body: Body, value: string, to: string): void {
  if (value === to) return;
  if (!body.defines(value)) throw new EditError('NOT_FOUND', value, `'${value}': no value of this graph has this name`);
  requireFree(body, to);
  // All are looked up before the first has changed: a scope tells its values apart by their names.
  const own = OWN.flatMap((listing) => body.named(listing)).filter(({ text }) => text === value);
  const fields = [...own, ...body.mentions(value)];
  const uses = body.uses(value);
  const maker = body.maker(value);
  for (const [i, name] of maker?.outputs.entries() ?? []) if (name === value) maker?.setOutput(i, to);
  for (const use of uses) readAs(use, to);
  for (const field of fields) field.setText(to);
  body.names.take(to);
}

const OWN = ['input', 'initializer', 'sparseInitializer', 'valueInfo', 'annotation'] as const;

function readAs({ node, input, scope }: Use, value: string): void {
  if (node) node.setInput(input, value);
  else scope.setOutput(input, value);
}

/**
 * Makes readers of a value read another one. Where an output of the graph is among them, it keeps its name.
 *
 * @param where - which readers; by default all
 */
export function redirectUses(body: Body, value: string, to: string, where: (use: Use) => boolean = () => true): void {
  redirect(body, value, to, movable(body, value, body.uses(value).filter(where)));
}

/** Puts what `build` makes of a value between it and those that read it now. */
export function interpose(
  body: Body,
  value: string,
  build: (value: string) => string,
  where: (use: Use) => boolean = () => true,
): string {
  const uses = movable(body, value, body.uses(value).filter(where));
  return redirect(body, value, build(value), uses);
}

/** Takes a node out whose readers are to read one of its inputs. */
export function bypassNode(body: Body, node: EditedNode, input: number): void {
  const from = node.inputs[input];
  const [value, ...others] = node.outputs;
  const lost = from ? others.find((name) => name && body.isRead(name)) : value;
  if (lost !== undefined) {
    throw new EditError('DANGLING', lost, `'${lost}': is read and would have nothing in its place`);
  }
  const uses = body.uses(value);
  removeNode(body, node);
  redirect(body, value, from, uses);
}

/** @returns the name that `to` has afterwards: an output's, where it has taken its place */
function redirect(body: Body, value: string, to: string, uses: readonly Use[]): string {
  for (const use of uses) if (!isOutputOf(body, use)) readAs(use, to);
  const outputs = uses.filter((use) => isOutputOf(body, use));
  if (outputs.length === 0) return to;
  const canShow = body.maker(to) && !body.named('output').some(({ text }) => text === to);
  if (hasNamedOutputs(body)) {
    if (body.defines(value)) renameValue(body, value, body.names.fresh(value));
    for (const { input } of outputs) body.setOutput(input, value);
    if (canShow) renameValue(body, to, value);
    else insertNode(body, { opType: 'Identity', input: [to], output: [value] });
    return canShow ? value : to;
  }
  const shown = canShow ? to : insertNode(body, { opType: 'Identity', input: [to] }).outputs[0];
  for (const { input } of outputs) body.setOutput(input, shown);
  return to;
}

function isOutputOf(body: Body, { node, scope }: Use): boolean {
  return !node && scope === body;
}

/** Whether its outputs are known by their names: those of functions, branches and bodies are by their places. */
function hasNamedOutputs({ parent, isFunction }: Body): boolean {
  return !parent && !isFunction;
}

/** Refuses to give a value's place as an output to another, where it is an input, too, and has to keep its name. */
function movable(body: Body, value: string, uses: readonly Use[]): readonly Use[] {
  const isFixed = hasNamedOutputs(body) && body.named('input').some(({ text }) => text === value);
  if (!isFixed || !uses.some((use) => isOutputOf(body, use))) return uses;
  throw new EditError('NAME_TAKEN', value, `'${value}': is an input and an output of the model and can be no other`);
}
