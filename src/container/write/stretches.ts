import type { Model, Tensor } from '../../model/model.js';
import { windowOf } from '../../model/payload.js';
import { longFields } from '../../onnx/long-fields.js';
import { bytesOf } from '../../onnx/wire.js';

/** Bytes of a file that are in no tensor. */
interface Gap {
  readonly file: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes of a stretch that are coded at a time: no more of it is ever in memory. */
const PIECE_BYTES = 1 << 20;

/** Shorter ones stay in the skeleton, where the zeros between aligned tensors cost next to nothing. */
const MIN_BYTES = 1 << 12;

/** In the model's own file shorter ones are left to the head's coder, which makes more of text but takes a second a megabyte. */
const MIN_OF_MODEL = 1 << 22;

/**
 * A model's tensors and the long *stretches* between them, which no tensor claims: of its external data files, as where data
 * was saved twice, or tensors overlap; of its own file what stands in fields that hold no messages, such as texts and metadata.
 * They are like tensors without a name, in pieces.
 */
export function withStretches(model: Model): Tensor[] {
  const stretches = [...gapsOf(model)]
    .filter(({ start, end }) => end - start >= MIN_BYTES)
    .flatMap(({ file, start, end }) =>
      Array.from({ length: Math.ceil((end - start) / PIECE_BYTES) }, (_, i) => {
        const from = start + i * PIECE_BYTES;
        return stretch(model, file, from, Math.min(end, from + PIECE_BYTES));
      }),
    );
  if (stretches.length === 0) return [...model.tensors];
  return [...model.tensors, ...stretches].sort((a, b) => a.file - b.file || a.offset - b.offset);
}

/** What stands between tensors in the files beside the model's own, and in the long fields of that. */
function* gapsOf({ files, tensors }: Model): Generator<Gap> {
  const windows = new Set(tensors.filter(({ file }) => file === 0).map(({ offset }) => offset));
  for (const { start, end } of longFields(bytesOf(files[0]), MIN_OF_MODEL)) {
    if (!windows.has(start)) yield { file: 0, start, end };
  }
  let next = windows.size;
  for (let file = 1; file < files.length; file++) {
    let at = 0;
    for (; tensors[next]?.file === file; next++) {
      yield { file, start: at, end: tensors[next].offset };
      at = tensors[next].offset + tensors[next].length;
    }
    yield { file, start: at, end: files[file].size };
  }
}

function stretch({ files }: Model, file: number, start: number, end: number): Tensor {
  const length = end - start;
  return {
    ...{ name: '', dtype: 'uint8', dims: [], count: length, role: 'other', op: '', form: 'stretch' },
    ...{ file, offset: start, length, payload: windowOf(files[file], start, length) },
  };
}
