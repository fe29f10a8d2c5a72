import { ByteWriter, concat } from '../binary/bytes.js';
import type { Model, Tensor } from '../model/model.js';
import type { Enclosure } from '../model/structure.js';
import { inMemory, openOnnx } from './open.js';
import { type Edit, splice } from './splice.js';
import { LENGTH_DELIMITED, readVarint } from './wire.js';
import { writeOnnx } from './write.js';

/** TensorProto.raw_data. */
const RAW_DATA = 9;

/**
 * The model with float16 and bfloat16 payloads as `raw_data`. Some writers put them into `int32_data`, as varints of one
 * to three bytes, where no value can take another's place: these tensors, and only these, are rewritten, before a stage
 * changes weights. All other bytes stay as they are, and a model without such tensors stays the same object.
 *
 * @param isWanted - which tensors a stage is going to change
 */
export function withRawHalves(model: Model, isWanted: (tensor: Tensor) => boolean): Model {
  const wanted = model.tensors.filter((tensor) => isVarintHalf(tensor) && isWanted(tensor));
  if (wanted.length === 0) return model;
  const offsets = new Set(wanted.map(({ offset }) => offset));
  const [main] = model.files;
  const parts: Uint8Array[] = [];
  for (const { file, bytes } of writeOnnx(model)) {
    if (file > 0) break;
    parts.push(bytes.slice());
  }
  const bytes = concat(parts);
  const edits: Edit[] = [];
  // Payloads have changed, but none has moved.
  for (const { window } of model.structure.tensors) {
    if (window?.parent && offsets.has(window.start)) {
      edits.push({ start: window.tag, end: window.end, bytes: rawField(bytes, window), within: window.parent });
    }
  }
  const external = (location: string) => model.files.slice(1).find(({ name }) => name === location);
  const opened = openOnnx(inMemory(main.name, splice(bytes, edits)), { external });
  // What a stage has changed in an external file is not in that file yet.
  const outside = new Map(
    model.tensors.filter(({ file }) => file > 0).map((tensor) => [`${tensor.file}:${tensor.offset}`, tensor]),
  );
  const tensors = opened.tensors.map((tensor) => outside.get(`${tensor.file}:${tensor.offset}`) ?? tensor);
  return { ...opened, tensors };
}

/** Whether it is a tensor that {@link withRawHalves} gives places. */
export function isVarintHalf({ dtype, form, file }: Tensor): boolean {
  return file === 0 && form === 'varint' && (dtype === 'float16' || dtype === 'bfloat16');
}

function rawField(bytes: Uint8Array, window: Enclosure): Uint8Array {
  const payload = new ByteWriter();
  const cursor = { bytes, at: window.start };
  while (cursor.at < window.end) {
    const pattern = readVarint(cursor, window.end, 'int32_data');
    payload.byte(pattern % 256).byte(Math.floor(pattern / 256) % 256);
  }
  const field = new ByteWriter().varint(RAW_DATA * 8 + LENGTH_DELIMITED).varint(payload.length);
  return field.bytes(payload.finish()).finish();
}
