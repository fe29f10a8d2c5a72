import type { Model, Tensor } from '../../model/model.js';
import { openOnnx } from '../../onnx/open.js';
import type { Pieces } from '../../onnx/pieces.js';
import type { Bytes } from '../../onnx/wire.js';

/**
 * Opens what an edit has made of a model. Payloads that it has left alone are those of the model, so that what stages have
 * pending on them stays pending and is computed no earlier.
 *
 * @param pieces - the edited file
 * @param bytes - the model's file, of which most of the pieces are
 * @param locations - how the model called the files that have other names now
 */
export function openEdited(
  { files, tensors }: Model,
  pieces: Pieces,
  bytes: Bytes,
  locations: ReadonlyMap<string, string>,
): Model {
  const [{ name, isFresh }, ...others] = files;
  const originalOf = (location: string) => locations.get(location) ?? location;
  const source = pieces.source(name, isFresh, bytes);
  const opened = openOnnx(source, {
    external: (location) => others.find((file) => file.name === originalOf(location)),
  });
  const records = new Map(
    tensors.map((tensor) => [placeOf(tensor.file && files[tensor.file].name, tensor.offset), tensor]),
  );
  const recordOf = ({ file, offset, length }: Tensor): Tensor | undefined => {
    if (file > 0) return records.get(placeOf(originalOf(opened.files[file].name), offset));
    const run = source.locate(offset);
    const isKept = run?.bytes === bytes && run.end - run.start >= length;
    return isKept ? records.get(placeOf(0, run.start)) : undefined;
  };
  const carried = opened.tensors.map((tensor) => {
    const record = recordOf(tensor);
    const isSame = record?.length === tensor.length && record.dtype === tensor.dtype && record.form === tensor.form;
    return isSame ? { ...tensor, payload: record.payload } : tensor;
  });
  return { ...opened, tensors: carried };
}

/** @param file - 0 for the model file, else the location */
function placeOf(file: string | 0, offset: number): string {
  return JSON.stringify([file, offset]);
}
