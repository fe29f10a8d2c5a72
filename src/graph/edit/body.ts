import type { Tensor } from '../../model/model.js';
import type { Journal } from '../../onnx/journal.js';
import type { Message, MessageField } from '../../onnx/message.js';
import type { Run } from '../../onnx/pieces.js';
import { ANNOTATION, ENTRY, FUNCTION, GRAPH, SPARSE, TENSOR, VALUE_INFO } from './fields.js';
import { Names } from './names.js';
import { EditedNode, type Scope } from './node.js';

/** What all graphs of a model share. */
export interface Context {
  readonly journal: Journal;
  irVersion(): number;
  /** The model's record of the tensor whose payload stands there. */
  recordAt(payload: Run): Tensor | undefined;
}

/** Lists of a graph whose entries bear the name of a value. */
export type Listing = 'input' | 'output' | 'valueInfo' | 'initializer' | 'sparseInitializer' | 'annotation';

/** One reading of a value: by a node, as which of its inputs, or, without a node, as an output of a graph. */
export interface Use {
  readonly node: EditedNode | undefined;
  /** Index among the node's inputs, or among the graph's outputs. */
  readonly input: number;
  /** The graph that the node stands in, or whose output it is: the value's own or one inside of it. */
  readonly scope: Scope;
}

/**
 * What stands in a graph or in the body of a function, and who makes and reads each value. It follows the bytes: after
 * changes that went past it, {@link index} reads them again.
 */
export class Body implements Scope {
  readonly context: Context;
  readonly parts: readonly Message[];
  readonly parent: Body | undefined;
  readonly names: Names<EditedNode>;
  /** Graphs that see this one's values without standing in a node of it: those of the training information. */
  readonly guests: Body[] = [];
  /** Names of values outside of the graph's own lists: bindings of the training information. */
  readonly bindings: MessageField[] = [];
  readonly isFunction: boolean;
  readonly #handles = new WeakMap<MessageField, EditedNode>();
  readonly #nested = new WeakMap<EditedNode, Body[]>();
  #nodes: EditedNode[] | undefined;
  #all: readonly Body[] | undefined;

  constructor(context: Context, parts: readonly Message[], options: { parent?: Body; isFunction?: boolean } = {}) {
    this.context = context;
    this.parts = parts;
    this.parent = options.parent;
    this.isFunction = options.isFunction ?? false;
    this.names = options.parent?.names ?? new Names();
  }

  /** The outermost graph around it, or itself. */
  get root(): Body {
    return this.parent?.root ?? this;
  }

  /** The nodes in the order of the file. */
  get nodes(): readonly EditedNode[] {
    const number = this.isFunction ? FUNCTION.node : GRAPH.node;
    this.#nodes ??= this.parts.flatMap((part) =>
      part.fields(number).map((field) => this.#handles.get(field) ?? this.#handle(field, part)),
    );
    return this.#nodes;
  }

  #handle(field: MessageField, part: Message): EditedNode {
    const node = new EditedNode(field, part, this);
    this.#handles.set(field, node);
    return node;
  }

  /** The graphs in the attributes of a node of this graph. */
  nestedIn(node: EditedNode): readonly Body[] {
    let bodies = this.#nested.get(node);
    if (!bodies) {
      bodies = node.nested.map(({ parts }) => {
        return new Body(
          this.context,
          parts.map(({ message }) => message),
          { parent: this },
        );
      });
      this.#nested.set(node, bodies);
    }
    return bodies;
  }

  /** It, and all graphs inside of it, each after the one around it. */
  get all(): readonly Body[] {
    const nested = () => this.nodes.flatMap((node) => this.nestedIn(node));
    this.#all ??= [this, ...[...nested(), ...this.guests].flatMap(({ all }) => all)];
    return this.#all;
  }

  /** Reads the nodes and their names again. */
  index(): void {
    if (!this.parent) this.names.clear();
    this.#nodes = undefined;
    this.#all = undefined;
    for (const { text } of LISTINGS.flatMap((listing) => this.named(listing))) this.names.take(text);
    for (const node of this.nodes) this.attach(node);
    for (const guest of this.guests) guest.index();
  }

  /** The node in a field that was just added. */
  adopt(field: MessageField, part: Message): EditedNode {
    const node = this.#handle(field, part);
    this.attach(node);
    return node;
  }

  /** Notes a node that has come to stand here. */
  attach(node: EditedNode): void {
    this.#nodes = undefined;
    this.names.attach(node, node.name, node.inputs, node.outputs);
    for (const nested of this.nestedIn(node)) nested.index();
    if (this.nestedIn(node).length > 0) this.#forgetAll();
  }

  /** Forgets a node that no longer stands here. */
  detach(node: EditedNode): void {
    this.#nodes = undefined;
    this.names.detach(node, node.inputs, node.outputs);
    for (const nested of this.nestedIn(node)) for (const inner of nested.nodes) nested.detach(inner);
    if (this.nestedIn(node).length > 0) this.#forgetAll();
  }

  #forgetAll(): void {
    for (let body: Body | undefined = this; body; body = body.parent) body.#all = undefined;
  }

  /** Forgets the order of the nodes, which has changed. */
  reorder(): void {
    this.#nodes = undefined;
  }

  /** The entries of a list. */
  entries(listing: Listing): MessageField[] {
    const number = this.isFunction ? FUNCTION_LISTS[listing] : GRAPH[listing];
    return number === undefined ? [] : this.parts.flatMap((part) => part.fields(number));
  }

  /** The fields with the names of a list's entries. */
  named(listing: Listing): MessageField[] {
    return this.entries(listing).flatMap((entry) => nameOf(this, listing, entry) ?? []);
  }

  /** The entries of a list that bear a name. */
  entriesOf(listing: Listing, name: string): MessageField[] {
    return this.entries(listing).filter((entry) => nameOf(this, listing, entry)?.text === name);
  }

  /** The names of tensors that annotations of quantisation speak of. */
  get annotated(): MessageField[] {
    return this.entries('annotation').flatMap(({ message }) =>
      message.fields(ANNOTATION.parameters).flatMap((entry) => entry.message.field(ENTRY.value) ?? []),
    );
  }

  /** The node of this graph that makes a value. */
  maker(name: string): EditedNode | undefined {
    for (const node of this.names.makers(name)) if (node.scope === this) return node;
    return undefined;
  }

  defines(name: string): boolean {
    if (this.maker(name)) return true;
    return DEFINING.some((listing) => this.named(listing).some(({ text }) => text === name));
  }

  /** The nearest graph around it, itself first, in which a value of this name comes into being. */
  definerOf(name: string): Body | undefined {
    return this.defines(name) ? this : this.parent?.definerOf(name);
  }

  /** Whether a name means the same here as in a scope inside of it. */
  isSeenFrom(scope: Scope, name: string): boolean {
    for (let s: Scope | undefined = scope; s; s = s.parent) {
      if (s === this) return true;
      if (s.defines(name)) return false;
    }
    return false;
  }

  /** Every reading of a value by nodes and as an output, in graphs inside of it as well. */
  uses(name: string): Use[] {
    const nodes = [...this.names.readers(name)].filter(({ scope }) => this.isSeenFrom(scope, name));
    return [
      ...nodes.flatMap((node) =>
        node.inputs.flatMap((text, input) => (text === name ? { node, input, scope: node.scope } : [])),
      ),
      ...this.#seeing(name).flatMap((scope) =>
        scope.named('output').flatMap(({ text }, input) => (text === name ? { node: undefined, input, scope } : [])),
      ),
    ];
  }

  /** Fields beside uses that speak of a value: annotations, bindings of the training information. */
  mentions(name: string): MessageField[] {
    const fields = this.#seeing(name).flatMap(({ annotated, bindings }) => [...annotated, ...bindings]);
    return fields.filter(({ text }) => text === name);
  }

  /** The graphs in which a name means what it means here. */
  #seeing(name: string): Body[] {
    return this.all.filter((body) => this.isSeenFrom(body, name));
  }

  /** Makes one of the graph's outputs show another value. */
  setOutput(index: number, name: string): void {
    this.named('output')[index].setText(name);
  }

  isRead(name: string): boolean {
    return this.uses(name).length > 0 || this.mentions(name).length > 0;
  }

  /** What a node reads from the graph that it stands in, those graphs included that stand in it. */
  reads(node: EditedNode): Set<string> {
    const read = new Set(node.inputs);
    for (const nested of this.nestedIn(node)) for (const name of nested.free()) read.add(name);
    read.delete('');
    return read;
  }

  /** What is read here and does not come into being here. */
  free(): Set<string> {
    const defined = this.defined();
    const names = new Set<string>();
    for (const node of this.nodes) for (const name of this.reads(node)) names.add(name);
    for (const { text } of [...this.named('output'), ...this.annotated]) names.add(text);
    for (const guest of this.guests) for (const name of guest.free()) names.add(name);
    for (const name of defined) names.delete(name);
    names.delete('');
    return names;
  }

  /** The names of all values that come into being here. */
  defined(): Set<string> {
    const names = new Set(DEFINING.flatMap((listing) => this.named(listing).map(({ text }) => text)));
    for (const node of this.nodes) for (const name of node.outputs) names.add(name);
    names.delete('');
    return names;
  }
}

const DEFINING = ['input', 'initializer', 'sparseInitializer'] as const;

const LISTINGS = [...DEFINING, 'output', 'valueInfo', 'annotation'] as const;

const FUNCTION_LISTS: Readonly<Partial<Record<Listing, number>>> = {
  input: FUNCTION.input,
  output: FUNCTION.output,
  valueInfo: FUNCTION.valueInfo,
};

function nameOf({ isFunction }: Body, listing: Listing, entry: MessageField): MessageField | undefined {
  if (isFunction && listing !== 'valueInfo') return entry;
  if (listing === 'initializer') return entry.message.field(TENSOR.name);
  if (listing === 'sparseInitializer') return entry.message.field(SPARSE.values)?.message.field(TENSOR.name);
  return entry.message.field(listing === 'annotation' ? ANNOTATION.tensorName : VALUE_INFO.name);
}

/** The number of the field that holds a node. */
export function nodeNumber({ isFunction }: Body): number {
  return isFunction ? FUNCTION.node : GRAPH.node;
}

/** The name of a node, for messages. */
export function describe(node: EditedNode): string {
  return `${node.opType} node '${node.name || node.outputs[0] || '?'}'`;
}
