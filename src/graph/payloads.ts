import type { onnx } from 'onnx-proto';
import { concat } from '../binary/bytes.js';
import { fieldOf, present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import type { ScannedTensor } from '../model/structure.js';
import { decodeAttributeFields, decodeTensorFields } from '../onnx/decode-model.js';
import { externalRange } from '../onnx/open.js';

/** The tensors of a model by their place in a decoded graph. */
export type Records = ReadonlyMap<onnx.ITensorProto, Tensor>;

/**
 * Puts the payloads into a copy of a model's decoded file, as the stages so far have left them: those in memory as views
 * of it. External data is taken in, so that the graph becomes a model in one piece.
 *
 * @param proto - a copy of the model's `structure.proto`
 * @param isWanted - which of the model's tensors are read; of others only the place is found
 */
export function fillPayloads(
  proto: onnx.IModelProto,
  model: Model,
  isWanted: (tensor: Tensor) => boolean = () => true,
): Records {
  const records = new Map<onnx.ITensorProto, Tensor>();
  const recordOf = recordFinder(model);
  for (const scanned of model.structure.tensors) {
    const tensor = recordOf(scanned);
    const isLeftOut = tensor !== undefined && !isWanted(tensor);
    const list = /^(.*)\.(floats|ints)$/.exec(scanned.path);
    if (list) {
      if (isLeftOut) continue;
      const [, path, name] = list;
      fillList(at(proto, path), name === 'floats' ? 'floats' : 'ints', scanned, tensor, model);
      continue;
    }
    const place: onnx.ITensorProto | undefined = at(proto, scanned.path);
    if (!place) continue;
    if (tensor) records.set(place, tensor);
    if (!isLeftOut) fillTensor(place, scanned, tensor, model);
  }
  return records;
}

function fillTensor(place: onnx.ITensorProto, scanned: ScannedTensor, tensor: Tensor | undefined, model: Model): void {
  if (scanned.form === 'varint' || scanned.scattered.length > 0) {
    const { floatData, doubleData, int32Data, int64Data, uint64Data, stringData, rawData } = decodeTensorFields(
      fieldsOf(scanned, tensor, model),
      scanned.path,
    );
    Object.assign(place, { floatData, doubleData, int32Data, int64Data, uint64Data, stringData });
    if (rawData?.length) place.rawData = rawData;
    return;
  }
  // What shares its place with another tensor is none of the model's, but the graph needs it. Packed elements of fixed
  // width are the same bytes as raw ones.
  const payload = tensor?.payload.read() ?? (scanned.external && readExternal(model, scanned));
  if (!payload) return;
  place.rawData = payload;
  place.externalData = [];
  place.dataLocation = 0;
}

/** Lists in several parts are one, whose parts stand one behind the other. */
function fillList(
  attribute: onnx.IAttributeProto | undefined,
  name: 'floats' | 'ints',
  scanned: ScannedTensor,
  tensor: Tensor | undefined,
  model: Model,
): void {
  if (!attribute) return;
  const fields = decodeAttributeFields(fieldsOf(scanned, tensor, model), scanned.path);
  if (name === 'floats') attribute.floats = [...(attribute.floats ?? []), ...(fields.floats ?? [])];
  else attribute.ints = [...(attribute.ints ?? []), ...(fields.ints ?? [])];
}

/** The whole fields that a payload stands in, with the payload as it is now. */
function fieldsOf(
  { window, scattered }: ScannedTensor,
  tensor: Tensor | undefined,
  { files: [main] }: Model,
): Uint8Array {
  if (!window) return concat(scattered.map(({ start, end }) => main.read(start, end)));
  const payload = tensor?.payload.read() ?? new Uint8Array();
  return concat([main.read(window.tag, window.start), payload]);
}

function recordFinder({ files, tensors }: Model): (scanned: ScannedTensor) => Tensor | undefined {
  const places = new Map(tensors.map((tensor) => [`${tensor.file}:${tensor.offset}`, tensor]));
  const fileOf = new Map(files.slice(1).map(({ name }, i) => [name, i + 1]));
  return ({ window, external }) => {
    if (window) return places.get(`0:${window.start}`);
    return external && places.get(`${fileOf.get(external.location)}:${external.offset}`);
  };
}

function readExternal({ files }: Model, tensor: ScannedTensor): Uint8Array {
  const source = present(files.find(({ name }, i) => i > 0 && name === tensor.external?.location));
  const { offset, length } = externalRange(tensor, tensor.path, source);
  return source.read(offset, offset + length);
}

/** What stands at a dotted path of a decoded file. */
function at<T extends object>(root: object, path: string): T | undefined {
  let value: unknown = root;
  for (const [, key, index] of path.matchAll(/([A-Za-z]+|\[(\d+)\])\.?/g)) {
    value = fieldOf(value, index ?? key);
  }
  return value !== null && typeof value === 'object' ? (value as T) : undefined;
}
