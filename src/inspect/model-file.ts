import { bitsOf } from '../binary/dtype.js';
import { interleave } from '../binary/planes.js';
import { isVarint, type TensorEntry } from '../container/header.js';
import { decodeSection, type Head } from '../container/read/index.js';
import type { Ranges } from '../decode/ranges.js';
import type { Kernels } from '../kernels/decode/kernels.js';
import type { ByteSource } from '../model/model.js';

/** A run of the file's bytes, any range of which can be had, counted from the run's start. */
interface Run {
  readonly start: number;
  readonly end: number;
  read(from: number, to: number): Uint8Array;
}

/**
 * The model file of a container, as far as it takes to find its tensors and what they are for: payloads that no reader
 * looks into are zeros, so that hardly anything is decoded.
 */
export function modelFile({ files, tensors, skeleton }: Head, container: Ranges, kernels: Kernels): ByteSource {
  const runs: Run[] = [];
  let at = 0;
  let skeletonAt = 0;
  const add = (length: number, read: Run['read']) => {
    if (length > 0) runs.push({ start: at, end: at + length, read });
    at += length;
  };
  const copy = (length: number) => {
    const base = skeletonAt;
    add(length, (from, to) => skeleton.subarray(base + from, base + to));
    skeletonAt += length;
  };
  /** What was made whole last: a reader looks at one payload after the other, window by window. */
  let last: { start: number; payload: Uint8Array } | undefined;
  const addWhole = (length: number, whole: () => Uint8Array) => {
    const start = at;
    add(length, (from, to) => {
      if (last?.start !== start) last = { start, payload: whole() };
      return last.payload.subarray(from, to);
    });
  };
  for (const [index, tensor] of tensors.entries()) {
    const { file, offset, length, layout, inlineAt, isPlanar, width, owner, section } = tensor;
    if (file > 0) break;
    copy(offset - at);
    if (layout === 'inline') {
      const inline = skeleton.subarray(inlineAt, inlineAt + length);
      addWhole(length, () => (isPlanar ? interleave(inline, width) : inline));
      if (owner === index) skeletonAt += length;
    } else if (isCounted(tensor)) {
      addWhole(length, () => {
        const payload = new Uint8Array(length);
        decodeSection(tensor, container.read(section.offset, section.offset + section.length), payload, kernels);
        return payload;
      });
    } else {
      add(length, (from, to) => new Uint8Array(to - from));
    }
  }
  copy(files[0].size - at);
  return { name: 'model.onnx', size: files[0].size, read: (start, end) => joined(runs, start, end) };
}

/** Whether a reader counts the payload's elements, as they may be varints. */
function isCounted({ dtype, dims, length, width }: TensorEntry): boolean {
  const bits = bitsOf(dtype);
  return bits === undefined || bits < 8 || isVarint(bits, dims, length, width);
}

function joined(runs: readonly Run[], start: number, end: number): Uint8Array {
  // The first run that ends behind the start.
  let low = 0;
  for (let high = runs.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (runs[middle].end > start) high = middle;
    else low = middle + 1;
  }
  const bytes = new Uint8Array(end - start);
  for (let i = low; i < runs.length && runs[i].start < end; i++) {
    const run = runs[i];
    const from = Math.max(start, run.start);
    bytes.set(run.read(from - run.start, Math.min(end, run.end) - run.start), from - start);
  }
  return bytes;
}
