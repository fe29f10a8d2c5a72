import type { Message, MessageField } from '../../onnx/message.js';
import { CHILDREN } from '../../onnx/scan.js';
import { LENGTH_DELIMITED } from '../../onnx/wire.js';
import { ENTRY, TENSOR } from './fields.js';

/** `TensorProto.EXTERNAL`. */
const EXTERNAL = 1;

/** Gives the files beside the model other names, in every tensor that lies in one. */
export function renameLocations(model: Message, rename: (location: string) => string): void {
  for (const entries of externalEntries(model)) {
    const location = entries.get('location');
    location?.setText(rename(location.text));
  }
}

/** Of every tensor whose payload lies in a file beside the model what says where: by key, the field with the value. */
export function externalEntries(model: Message): ReadonlyMap<string, MessageField>[] {
  const found: Map<string, MessageField>[] = [];
  visit('model', model);
  return found;

  function visit(kind: string, message: Message): void {
    if (kind === 'tensor' && message.field(TENSOR.dataLocation)?.value === EXTERNAL) found.push(entriesOf(message));
    for (const [number, child] of Object.entries(CHILDREN[kind] ?? {})) {
      for (const field of message.fields(Number(number))) {
        if (field.type === LENGTH_DELIMITED && !LISTS.has(child.kind)) visit(child.kind, field.message);
      }
    }
  }
}

/** Plain numbers, which are no messages. */
const LISTS: ReadonlySet<string> = new Set(['floats', 'ints']);

function entriesOf(tensor: Message): Map<string, MessageField> {
  const entries = new Map<string, MessageField>();
  for (const { message } of tensor.fields(TENSOR.externalData)) {
    const value = message.field(ENTRY.value);
    if (value) entries.set(message.text(ENTRY.key), value);
  }
  return entries;
}
