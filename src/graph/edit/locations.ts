import type { Message } from '../../onnx/message.js';
import { CHILDREN } from '../../onnx/scan.js';
import { LENGTH_DELIMITED } from '../../onnx/wire.js';
import { ENTRY, TENSOR } from './fields.js';

/** `TensorProto.EXTERNAL`. */
const EXTERNAL = 1;

/** Gives the files beside the model other names, in every tensor that lies in one. */
export function renameLocations(model: Message, rename: (location: string) => string): void {
  visit('model', model);

  function visit(kind: string, message: Message): void {
    if (kind === 'tensor') renameIn(message, rename);
    for (const [number, child] of Object.entries(CHILDREN[kind] ?? {})) {
      for (const field of message.fields(Number(number))) {
        if (field.type === LENGTH_DELIMITED && !LISTS.has(child.kind)) visit(child.kind, field.message);
      }
    }
  }
}

/** Plain numbers, which are no messages. */
const LISTS: ReadonlySet<string> = new Set(['floats', 'ints']);

function renameIn(tensor: Message, rename: (location: string) => string): void {
  if (tensor.field(TENSOR.dataLocation)?.value !== EXTERNAL) return;
  for (const { message } of tensor.fields(TENSOR.externalData)) {
    const value = message.field(ENTRY.value);
    if (value && message.text(ENTRY.key) === 'location') value.setText(rename(value.text));
  }
}
