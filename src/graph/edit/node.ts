import onnxProto, { type onnx } from 'onnx-proto';
import type { Message, MessageField } from '../../onnx/message.js';
import { ATTRIBUTE, ATTRIBUTE_VALUES, NODE } from './fields.js';
import type { Names } from './names.js';

const { AttributeProto } = onnxProto.onnx;

/** Where nodes stand and names have a meaning: a graph, a graph inside of it, a function. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Names<EditedNode>;
  /** Whether a value of this name comes into being here, so that one of the same name around it is another. */
  defines(name: string): boolean;
  /** Makes one of its outputs show another value. */
  setOutput(index: number, name: string): void;
}

/** A graph in an attribute, which may stand in several parts. */
export interface NestedGraph {
  readonly attribute: MessageField;
  readonly parts: readonly MessageField[];
}

/** A node of a graph that is being edited. What is not changed keeps its bytes. */
export class EditedNode {
  /** The field that holds the node. */
  readonly field: MessageField;
  /** The part of the graph that the field stands in. */
  readonly part: Message;
  readonly scope: Scope;

  constructor(field: MessageField, part: Message, scope: Scope) {
    this.field = field;
    this.part = part;
    this.scope = scope;
  }

  get #message(): Message {
    return this.field.message;
  }

  get name(): string {
    return this.#message.text(NODE.name);
  }

  get opType(): string {
    return this.#message.text(NODE.opType);
  }

  /** `''` for ONNX's own operators. */
  get domain(): string {
    const domain = this.#message.text(NODE.domain);
    return domain === 'ai.onnx' ? '' : domain;
  }

  /** The values that it reads; `''` is an optional one that is left out. */
  get inputs(): string[] {
    return this.#message.fields(NODE.input).map(({ text }) => text);
  }

  /** The values that it makes; `''` is an optional one that nobody wants. */
  get outputs(): string[] {
    return this.#message.fields(NODE.output).map(({ text }) => text);
  }

  /** Whether it was removed from its graph. */
  get isRemoved(): boolean {
    return this.field.isGone;
  }

  /** An attribute, decoded. */
  attribute(name: string): onnx.IAttributeProto | undefined {
    const field = this.#attributeField(name);
    return field && AttributeProto.decode(field.read());
  }

  /** The node, decoded: for reading it with what reads nodes of decoded graphs. */
  decode(): onnx.INodeProto {
    return onnxProto.onnx.NodeProto.decode(this.field.read());
  }

  /** Makes it read another value as one of its inputs; those between the last and a new one are left out. */
  setInput(index: number, value: string): void {
    const inputs = this.#message.fields(NODE.input);
    this.#rename(() => {
      for (let i = inputs.length; i < index; i++) this.#message.add(NODE.input, new Uint8Array());
      if (index < inputs.length) inputs[index].setText(value);
      else this.#message.add(NODE.input, new TextEncoder().encode(value));
    });
  }

  /** Takes inputs off the end, so that `count` are left. */
  cutInputs(count: number): void {
    this.#rename(() => {
      for (const field of this.#message.fields(NODE.input).slice(count)) field.remove();
    });
  }

  /** Gives one of its outputs another name. Who reads it is not told: see `EditedGraph.rename`. */
  setOutput(index: number, value: string): void {
    this.#rename(() => this.#message.fields(NODE.output)[index].setText(value));
  }

  /** Makes it another operator. */
  setOp(opType: string, domain = ''): void {
    this.#message.setText(NODE.opType, opType);
    if (domain !== this.domain) this.#message.setText(NODE.domain, domain);
  }

  /**
   * Sets an attribute, as `int('axis', 1)` makes it; what its message holds beside the value stays.
   *
   * @throws TypeError for attributes that hold graphs: replace the node instead
   */
  setAttribute(attribute: onnx.IAttributeProto): void {
    const name = attribute.name ?? '';
    const field = this.#attributeField(name);
    const holdsGraphs = field && (field.message.field(ATTRIBUTE.g) ?? field.message.field(ATTRIBUTE.graphs));
    if (attribute.g || attribute.graphs?.length || holdsGraphs) {
      throw new TypeError(`${name}: expected an attribute without graphs; replace the node`);
    }
    const bytes = AttributeProto.encode(attribute).finish();
    if (field) field.message.overwrite(ATTRIBUTE_VALUES, bytes);
    else this.#message.add(NODE.attribute, bytes);
  }

  removeAttribute(name: string): void {
    this.#attributeField(name)?.remove();
  }

  /** The message of the tensor in an attribute. */
  tensorField(attribute: string): MessageField | undefined {
    return this.#attributeField(attribute)?.message.field(ATTRIBUTE.t);
  }

  /** The graphs in its attributes: branches, bodies. */
  get nested(): NestedGraph[] {
    return this.#message.fields(NODE.attribute).flatMap((attribute) => {
      const parts = attribute.message.fields(ATTRIBUTE.g);
      const graphs = attribute.message.fields(ATTRIBUTE.graphs).map((graph) => ({ attribute, parts: [graph] }));
      return parts.length > 0 ? [{ attribute, parts }, ...graphs] : graphs;
    });
  }

  #attributeField(name: string): MessageField | undefined {
    return this.#message.fields(NODE.attribute).find(({ message }) => message.text(ATTRIBUTE.name) === name);
  }

  #rename(change: () => void): void {
    const { names } = this.scope;
    names.detach(this, this.inputs, this.outputs);
    change();
    if (!this.isRemoved) names.attach(this, this.name, this.inputs, this.outputs);
  }
}
