import * as ort from 'onnxruntime-node';
import { CLASSES, PIXELS, SIDE } from './mnist.js';

/** One thread, so that a training gives the same bytes each time; spinning while idle would cost 40 % more processor time. */
const OPTIONS = { intraOpNumThreads: 1, extra: { session: { intra_op: { allow_spinning: '0' } } } };

/** Opens a model file's bytes. */
export function openSession(bytes) {
  return ort.InferenceSession.create(bytes, OPTIONS);
}

/** A float32 tensor over `data`, which is not copied: changes made between two runs are seen by the second. */
export function tensor(data, dims) {
  return new ort.Tensor('float32', data, dims);
}

/**
 * How many images of a split the model puts into the right class.
 *
 * @param {ort.InferenceSession} session a model from `input` to `logits`
 * @param {import('./mnist.js').Split} split
 */
export async function countCorrect(session, { images, labels, count }) {
  const batch = 500;
  let correct = 0;
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from);
    const pixels = Float32Array.from(images.subarray(from * PIXELS, (from + size) * PIXELS), (value) => value / 255);
    const { logits } = await session.run({ input: tensor(pixels, [size, 1, SIDE, SIDE]) });
    for (let i = 0; i < size; i++) {
      const row = logits.data.subarray(i * CLASSES, (i + 1) * CLASSES);
      if (row.indexOf(Math.max(...row)) === labels[from + i]) correct++;
    }
  }
  return correct;
}
