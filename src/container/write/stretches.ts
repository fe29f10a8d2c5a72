import type { Model, Tensor } from '../../model/model.js';
import { windowOf } from '../../model/payload.js';

/** Bytes of a stretch that are coded at a time: no more of it is ever in memory. */
const PIECE_BYTES = 1 << 20;

/** Shorter ones stay in the skeleton, where the zeros between aligned tensors cost next to nothing. */
const MIN_BYTES = 1 << 12;

/**
 * A model's tensors and the long *stretches* between them, of its external data files: what no tensor claims there, as where
 * data was saved twice, or tensors overlap. They are like tensors without a name, in pieces.
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

/** What stands between tensors in the files beside the model's own, which is protobuf. */
function* gapsOf({ files, tensors }: Model): Generator<{ file: number; start: number; end: number }> {
  let next = tensors.findIndex(({ file }) => file > 0);
  for (const [file, { size }] of files.entries()) {
    if (file === 0) continue;
    let at = 0;
    for (; next >= 0 && tensors[next]?.file === file; next++) {
      yield { file, start: at, end: tensors[next].offset };
      at = tensors[next].offset + tensors[next].length;
    }
    yield { file, start: at, end: size };
  }
}

function stretch({ files }: Model, file: number, start: number, end: number): Tensor {
  const length = end - start;
  return {
    ...{ name: '', dtype: 'uint8', dims: [], count: length, role: 'other', op: '', form: 'stretch' },
    ...{ file, offset: start, length, payload: windowOf(files[file], start, length) },
  };
}
