import onnxProto, { type onnx } from 'onnx-proto';
import { normalLocation } from '../../binary/location.js';
import { present } from '../../guards.js';
import type { Model } from '../../model/model.js';
import { Journal } from '../../onnx/journal.js';
import { Message } from '../../onnx/message.js';
import { Pieces } from '../../onnx/pieces.js';
import { bytesOf } from '../../onnx/wire.js';
import { Body, type Context } from './body.js';
import { ENTRY, FUNCTION, MODEL, OPSET, TRAINING } from './fields.js';
import { type EditedGraph, graphOf } from './graph.js';
import { type Faults, faultsOf, makeLegal } from './legal.js';
import { renameLocations } from './locations.js';
import { openEdited } from './open-edited.js';

/** From here on, a stored tensor that is listed as an input is a default that may be fed over. */
const STORED_APART = 4;
/** The first version of the format that has functions. */
const WITH_FUNCTIONS = 8;

/**
 * Opens a model for editing its graph. Edits are made on the bytes: what is not touched stays as it is, fields from the
 * future included, and payloads are neither read nor copied. The model given does not change.
 *
 * @example
 * const editor = edit(openOnnx(bytes));
 * const { graph } = editor;
 * for (const node of graph.nodes) if (node.opType === 'Dropout') graph.bypass(node);
 * graph.dropUnused();
 * const lighter = editor.finish();
 */
export function edit(model: Model): ModelEditor {
  return new ModelEditor(model);
}

/** A model whose graph is being edited; {@link edit} makes one. */
export class ModelEditor {
  readonly #model: Model;
  readonly #bytes: ReturnType<typeof bytesOf>;
  readonly #journal = new Journal();
  readonly #message: Message;
  readonly #main: Body;
  readonly #functions = new Map<Message, Body>();
  readonly #faults = new Map<Body, Faults>();
  readonly #context: Context;
  /** New locations of external data, and what the model called them. */
  readonly #locations = new Map<string, string>();

  constructor(model: Model) {
    this.#model = model;
    this.#bytes = bytesOf(model.files[0]);
    const { appendix } = model;
    const runs = [
      { bytes: this.#bytes, start: 0, end: this.#bytes.length },
      { bytes: appendix, start: 0, end: appendix.length },
    ];
    this.#message = new Message(runs, 'model', this.#journal);
    const places = new Map(model.tensors.flatMap((tensor) => (tensor.file === 0 ? [[tensor.offset, tensor]] : [])));
    this.#context = {
      journal: this.#journal,
      irVersion: () => this.irVersion,
      recordAt: ({ bytes, start }) => (bytes === this.#bytes ? places.get(start) : undefined),
    };
    const parts = this.#message.fields(MODEL.graph).map(({ message }) => message);
    this.#main = new Body(this.#context, parts);
    this.#addTraining();
    this.#index();
    for (const body of this.#bodies()) this.#faults.set(body, faultsOf(body));
  }

  /** The model's graph. */
  get graph(): EditedGraph {
    return graphOf(this.#main);
  }

  /** The bodies of the model's own functions, by `domain:name`. */
  get functions(): ReadonlyMap<string, EditedGraph> {
    return new Map(
      [...this.#bodies()].slice(1).map((body) => {
        const [message] = body.parts;
        return [`${message.text(FUNCTION.domain)}:${message.text(FUNCTION.name)}`, graphOf(body)];
      }),
    );
  }

  /** The version of the file format. */
  get irVersion(): number {
    return this.#message.field(MODEL.irVersion)?.value ?? 0;
  }

  /** The version of an operator set that the model imports; `undefined` where it does not. */
  opset(domain = ''): number | undefined {
    return opsetIn(this.#message, MODEL.opsetImport, domain)?.field(OPSET.version)?.value;
  }

  /**
   * Imports an operator set, of this version at least, in the model and in functions that have it. What nodes mean in the
   * version is for the caller to know.
   */
  useOpset(domain: string, version: number): void {
    const { opsetImport } = MODEL;
    if (!opsetIn(this.#message, opsetImport, domain)) this.#message.add(opsetImport, opsetOf(domain, version));
    raise(opsetIn(this.#message, opsetImport, domain), OPSET.version, version);
    for (const body of this.#bodies()) {
      if (body.isFunction) raise(opsetIn(body.parts[0], FUNCTION.opsetImport, domain), OPSET.version, version);
    }
  }

  /** Brings the file format to this version at least. From 4 on, stored tensors are not listed as inputs any more. */
  useIrVersion(version: number): void {
    const before = this.irVersion;
    if (before >= version) return;
    this.#message.setValue(MODEL.irVersion, version);
    if (before >= STORED_APART || version < STORED_APART) return;
    // To leave them there would make them defaults that may be fed over: no runtime could compute with them beforehand.
    for (const { text } of this.#main.named('initializer')) {
      for (const entry of this.#main.entriesOf('input', text)) entry.remove();
    }
  }

  /** Adds a function that nodes can call by its domain and name. */
  addFunction(proto: onnx.IFunctionProto): EditedGraph {
    this.useIrVersion(WITH_FUNCTIONS);
    this.#message.add(MODEL.functions, onnxProto.onnx.FunctionProto.encode(proto).finish());
    const body = present([...this.#bodies()].at(-1));
    body.index();
    this.#faults.set(body, faultsOf(body));
    return graphOf(body);
  }

  /** Gives the files with external data other names. */
  renameFiles(rename: (location: string) => string): void {
    renameLocations(this.#message, (spelling) => {
      const location = normalLocation(spelling) ?? spelling;
      const renamed = rename(location);
      const original = this.#locations.get(location) ?? location;
      if (!this.#locations.has(renamed)) this.#locations.set(renamed, original);
      return renamed;
    });
  }

  /** How far the edits have come: a mark for {@link undo}. */
  mark(): number {
    return this.#journal.length;
  }

  /** Takes back every edit since a mark, by default all. The bytes are again those that there were. */
  undo(mark = 0): void {
    this.#journal.undo(mark);
    this.#index();
  }

  /**
   * The edited model. The editor stays as it is, so that more can be edited; the changes that stages have pending on
   * tensors stay pending.
   *
   * @throws EditError `DANGLING` or `CYCLE`
   */
  finish(): Model {
    if (this.#journal.length === 0) return this.#model;
    const mark = this.mark();
    const pieces = new Pieces();
    try {
      for (const [body, faults] of this.#faults) {
        if (this.#isThere(body)) makeLegal(body, faults);
      }
      this.#importInFunctions();
      this.#message.write(pieces);
    } finally {
      if (this.mark() > mark) this.undo(mark);
    }
    return openEdited(this.#model, pieces, this.#bytes, this.#locations);
  }

  #addTraining(): void {
    for (const { message } of this.#message.fields(MODEL.trainingInfo)) {
      for (const number of [TRAINING.initialization, TRAINING.algorithm]) {
        const parts = message.fields(number).map((field) => field.message);
        if (parts.length > 0) this.#main.guests.push(new Body(this.#context, parts, { parent: this.#main }));
      }
      for (const number of [TRAINING.initializationBinding, TRAINING.updateBinding]) {
        for (const entry of message.fields(number)) {
          this.#main.bindings.push(...[ENTRY.key, ENTRY.value].flatMap((part) => entry.message.field(part) ?? []));
        }
      }
    }
  }

  *#bodies(): Generator<Body> {
    yield this.#main;
    for (const { message } of this.#message.fields(MODEL.functions)) {
      let body = this.#functions.get(message);
      if (!body) {
        body = new Body(this.#context, [message], { isFunction: true });
        this.#functions.set(message, body);
      }
      yield body;
    }
  }

  #isThere(body: Body): boolean {
    return [...this.#bodies()].includes(body);
  }

  #index(): void {
    for (const body of this.#bodies()) body.index();
  }

  /** A function has to import what its nodes are of, nodes of a domain that was new to it included. */
  #importInFunctions(): void {
    for (const body of this.#bodies()) {
      if (!body.isFunction) continue;
      const domains = new Set(body.all.flatMap(({ nodes }) => nodes.map(({ domain }) => domain)));
      for (const domain of domains) {
        const version = this.opset(domain);
        const [message] = body.parts;
        if (version === undefined || opsetIn(message, FUNCTION.opsetImport, domain)) continue;
        message.add(FUNCTION.opsetImport, opsetOf(domain, version));
      }
    }
  }
}

function opsetIn(message: Message, number: number, domain: string): Message | undefined {
  const same = (text: string) => (text === 'ai.onnx' ? '' : text) === domain;
  return message.fields(number).find((field) => same(field.message.text(OPSET.domain)))?.message;
}

function opsetOf(domain: string, version: number): Uint8Array {
  return onnxProto.onnx.OperatorSetIdProto.encode({ domain, version }).finish();
}

function raise(message: Message | undefined, number: number, value: number): void {
  if (message && (message.field(number)?.value ?? 0) < value) message.setValue(number, value);
}
