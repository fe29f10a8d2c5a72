import { xxh32 } from '../binary/xxh32.js';
import type { Tensor } from './model.js';

/** Shorter payloads are not worth a comparison: a container writes them again for less than a reference costs. */
const MIN_BYTES = 64;

/**
 * Finds tensors that are byte for byte the same, as where an exporter has copied a weight that layers share. They are
 * decided on together, so that they stay the same and a container holds them once.
 *
 * Tensors that repeat one element throughout (biases never trained, scales of one) are the same by chance, and no twins.
 *
 * @returns groups of two and more, the tensors of each in the order they came in
 *
 * @example
 * for (const [first, ...others] of twinsAmong(model.tensors)) console.log(first.name, 'again as', others.map(({ name }) => name));
 */
export function twinsAmong(tensors: readonly Tensor[]): Tensor[][] {
  const long = tensors.filter(({ length }) => length >= MIN_BYTES);
  return groupsBy(long, ({ dtype, form, length }) => `${dtype} ${form} ${length}`)
    .flatMap((group) => groupsBy(group, ({ payload }) => xxh32(payload.read())))
    .flatMap(equalGroups)
    .filter(([{ payload, length, count }]) => !repeats(payload.read(), length / count));
}

/** Groups of two and more with the same key. */
function groupsBy(tensors: readonly Tensor[], keyOf: (tensor: Tensor) => string | number): Tensor[][] {
  const groups = new Map<string | number, Tensor[]>();
  for (const tensor of tensors) {
    const key = keyOf(tensor);
    const group = groups.get(key);
    if (group) group.push(tensor);
    else groups.set(key, [tensor]);
  }
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Tensors whose hashes agree, by what they really hold. */
function equalGroups(tensors: readonly Tensor[]): Tensor[][] {
  const groups: Tensor[][] = [];
  let left = tensors;
  while (left.length > 1) {
    const first = left[0].payload.read();
    const isEqual = left.map(({ payload }) => payload.read().every((byte, i) => byte === first[i]));
    groups.push(left.filter((_, i) => isEqual[i]));
    left = left.filter((_, i) => !isEqual[i]);
  }
  return groups.filter(({ length }) => length > 1);
}

function repeats(bytes: Uint8Array, width: number): boolean {
  return bytes.every((byte, i) => i < width || byte === bytes[i - width]);
}
