import type { onnx } from 'onnx-proto';
import type { DType } from '../../binary/dtype.js';
import type { Body, Use } from './body.js';
import type { EditedNode } from './node.js';
import { insertNode, removeNode, requireMember, restoreNode } from './nodes.js';
import { bypassNode, interpose, redirectUses, renameValue } from './rewire.js';
import {
  declaredRank,
  declaredType,
  declareValue,
  dropTensor,
  findTensor,
  replaceTensor,
  retypeValues,
  type StoredTensor,
  storeTensor,
  type TensorContent,
} from './tensors.js';
import { dropUnused, removeUnread } from './unused.js';

const GRAPHS = new WeakMap<Body, EditedGraph>();

/** The graph that stands for a body: always the same one. */
export function graphOf(body: Body): EditedGraph {
  let graph = GRAPHS.get(body);
  if (!graph) {
    graph = new EditedGraph(body);
    GRAPHS.set(body, graph);
  }
  return graph;
}

/**
 * A graph that is being edited, a branch or a loop's body inside of one, or the body of a function. Where nodes are to
 * stand need not be thought of: what comes out is in an order that every reader takes.
 *
 * @example
 * // A fake quantiser on what every convolution reads.
 * for (const node of graph.nodes.filter(({ opType }) => opType === 'Conv')) {
 *   graph.interpose(node.inputs[0], (x) => {
 *     const codes = graph.insert({ opType: 'QuantizeLinear', input: [x, scale, zero] });
 *     return graph.insert({ opType: 'DequantizeLinear', input: [codes.outputs[0], scale, zero] }).outputs[0];
 *   }, (use) => use.node === node);
 * }
 */
export class EditedGraph {
  readonly #body: Body;

  constructor(body: Body) {
    this.#body = body;
  }

  /** Its nodes, in order; those of graphs in their attributes have {@link nested} graphs of their own. */
  get nodes(): readonly EditedNode[] {
    return this.#body.nodes;
  }

  /** Names of its inputs; in old files those of stored tensors are among them. */
  get inputs(): string[] {
    return this.#body.named('input').map(({ text }) => text);
  }

  /** Names of its outputs. */
  get outputs(): string[] {
    return this.#body.named('output').map(({ text }) => text);
  }

  /** Names of its initializers. */
  get initializers(): string[] {
    return this.#body.named('initializer').map(({ text }) => text);
  }

  /** Names of all that it stores: its initializers, and what its Constants make. */
  get stored(): string[] {
    const constants = this.nodes.filter(({ opType, domain }) => opType === 'Constant' && domain === '');
    return [...this.initializers, ...constants.flatMap(({ outputs }) => outputs)];
  }

  /** The graphs in a node's attributes: branches of If, bodies of Loop and Scan. */
  nested(node: EditedNode): EditedGraph[] {
    return this.#body.nestedIn(node).map(graphOf);
  }

  /** The node of this graph that makes a value. */
  maker(value: string): EditedNode | undefined {
    return this.#body.maker(value);
  }

  /** Who reads a value of this graph: nodes, those of nested graphs included, and the graph's outputs. */
  uses(value: string): Use[] {
    return this.#body.uses(value);
  }

  /** A name that nothing in the graph, around it and inside of it has: `wanted` itself, or with a number. */
  fresh(wanted: string): string {
    return this.#body.names.fresh(wanted);
  }

  /**
   * Adds a node as far to the front as what it reads allows.
   *
   * @param node - without `output` it gets one of a fresh name; a missing name is the first output's
   * @throws EditError `NAME_TAKEN`
   */
  insert(node: onnx.INodeProto): EditedNode {
    return insertNode(this.#body, node);
  }

  /** Adds a node right before another. @throws EditError `NAME_TAKEN`, `NOT_FOUND` */
  insertBefore(anchor: EditedNode, node: onnx.INodeProto): EditedNode {
    requireMember(this.#body, anchor);
    return insertNode(this.#body, node, { anchor, before: anchor.field });
  }

  /** Adds a node right after another. @throws EditError `NAME_TAKEN`, `NOT_FOUND` */
  insertAfter(anchor: EditedNode, node: onnx.INodeProto): EditedNode {
    requireMember(this.#body, anchor);
    return insertNode(this.#body, node, { anchor, after: anchor.field });
  }

  /** Takes a node out. What it made has to come from elsewhere, or be read no more, when the edits are done. */
  remove(node: EditedNode): void {
    removeNode(this.#body, node);
  }

  /** Puts a node that was taken out back where it was. @throws EditError `NAME_TAKEN`, `NOT_FOUND` */
  restore(node: EditedNode): void {
    restoreNode(this.#body, node);
  }

  /** Puts nodes in the place of one; they may make the values that it has made. */
  replace(node: EditedNode, ...by: readonly onnx.INodeProto[]): EditedNode[] {
    this.remove(node);
    return by.map((proto) => insertNode(this.#body, proto, { anchor: node, before: node.field }));
  }

  /**
   * Takes a node out whose readers are to read one of its inputs instead. Outputs of the graph keep their names.
   *
   * @param input - index of the input
   * @throws EditError `DANGLING` where another output than the first is read
   */
  bypass(node: EditedNode, input = 0): void {
    requireMember(this.#body, node);
    bypassNode(this.#body, node, input);
  }

  /**
   * Gives a value another name wherever it is spoken of, nested graphs included. An input or an output of the graph is
   * called that from then on.
   *
   * @throws EditError `NOT_FOUND`, `NAME_TAKEN`
   */
  rename(value: string, to: string): void {
    renameValue(this.#body, value, to);
  }

  /**
   * Makes those who read a value read another. An output of the graph among them keeps its name.
   *
   * @param where - which of them; by default all
   */
  redirect(value: string, to: string, where?: (use: Use) => boolean): void {
    redirectUses(this.#body, value, to, where);
  }

  /**
   * Puts something between a value and those who read it.
   *
   * @param build - inserts nodes that read the value, and returns the name of what they make of it
   * @param where - which readers; by default all, the graph's outputs included, which keep their names
   * @returns the name that the result has in the end
   */
  interpose(value: string, build: (value: string) => string, where?: (use: Use) => boolean): string {
    return interpose(this.#body, value, build, where);
  }

  /** The tensor that a value is: an initializer or a Constant of this graph. */
  tensor(name: string): StoredTensor | undefined {
    return findTensor(this.#body, name);
  }

  /**
   * Stores a tensor: as an initializer, or in a function, which has none, as a Constant.
   *
   * @param wanted - the name that it gets where that is free
   * @returns the name that it has
   * @throws RangeError where the bytes do not fit the shape
   */
  store(wanted: string, content: TensorContent): string {
    return storeTensor(this.#body, wanted, content);
  }

  /** Puts other elements into a stored tensor, of another type and shape if need be. @throws EditError `NOT_FOUND` */
  setTensor(name: string, content: TensorContent): void {
    replaceTensor(this.#body, name, content);
  }

  /** Takes a stored tensor out. @throws EditError `NOT_FOUND` */
  dropTensor(name: string): void {
    dropTensor(this.#body, name);
  }

  /** Declares the type of a value, as `value_info` or where the graph lists it already. */
  declare(value: string, dtype: DType, dims?: readonly (number | string)[]): void {
    declareValue(this.#body, value, dtype, dims);
  }

  /** How many axes a value is declared to have; `undefined` where nothing is said of them. */
  rank(value: string): number | undefined {
    return declaredRank(this.#body, value);
  }

  /** The element type that a value is declared to have; `undefined` where nothing is said of it. */
  declaredType(value: string): DType | undefined {
    return declaredType(this.#body, value);
  }

  /**
   * Declares all values of one element type to be of another; their shapes stay.
   *
   * @param isWanted - which of them; by default all
   */
  retype(from: DType, to: DType, isWanted: (value: string) => boolean = () => true): void {
    retypeValues(this.#body, from, to, isWanted);
  }

  /** Forgets the declared type of a value that is neither input nor output. */
  undeclare(value: string): void {
    for (const entry of this.#body.entriesOf('valueInfo', value)) entry.remove();
  }

  /**
   * Takes out what made these values, as far as nobody reads them, then what only that has read, and so on.
   *
   * @returns the names of the values that are gone
   */
  removeUnread(...values: readonly string[]): string[] {
    return removeUnread(this.#body, values);
  }

  /** Takes out every node and tensor that no output depends on, in nested graphs, too. @returns names of what is gone */
  dropUnused(): string[] {
    return dropUnused(this.#body);
  }
}
