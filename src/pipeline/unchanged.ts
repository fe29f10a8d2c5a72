import { bitsOf } from '../binary/dtype.js';
import type { CodingOptions } from '../container/write/coding.js';
import type { Coded } from '../container/write/container.js';
import { repeatsItself } from '../container/write/inline.js';
import { type CodedTensor, codeTensor } from '../container/write/section.js';
import { squeeze } from '../kernels/encode/index.js';
import type { Tensor } from '../model/model.js';
import { isDefaultClustering } from '../stages/cluster.js';
import { changesOf } from './tensor-job.js';

/**
 * The tensor as the file has it, where that takes no more bytes than what clustering by default has made of it: tables that repeat
 * themselves, such as the bases of a Fourier transform.
 */
export function unchangedIfSmaller(tensor: Tensor, changed: Coded, coding: CodingOptions): Coded {
  const { root, changes } = changesOf(tensor);
  if (changes.length === 0 || !changes.every(isDefaultClustering)) return changed;
  const payload = root.payload.read();
  if (!repeatsItself(payload, (bitsOf(root.dtype) ?? 8) / 8)) return changed;
  const coded = codeTensor(root, payload, coding);
  return bytesOf(coded) <= bytesOf(changed.coded) ? { payload, coded } : changed;
}

function bytesOf({ section, inline }: CodedTensor): number {
  return section ? section.length : squeeze(inline).length;
}
