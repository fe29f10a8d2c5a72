import { Xxh32 } from '../binary/xxh32.js';
import type { Samples } from './samples.js';

/** Samples that are looked at to know data again. */
const LOOKED_AT = 64;

/**
 * What a checkpoint belongs to: the models, the data by its number and some of its samples, and the options.
 *
 * @param models - the bytes of each
 * @param heldOut - places of the samples that are set apart
 */
export function subjectOf(
  models: readonly Uint8Array[],
  samples: Samples,
  heldOut: Uint32Array,
  settings: object,
): string {
  const some = heldOut.subarray(0, LOOKED_AT);
  const batches = samples.divide(some, some.length).map((places) => samples.batch(places));
  const labels = batches.flatMap((batch) => Array.from(batch.labels ?? []));
  const arrays = batches.flatMap(({ inputs }) => Object.values(inputs));
  const seen = arrays.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const rest = new TextEncoder().encode(JSON.stringify([samples.count, heldOut.length, labels, settings]));
  return [...models, ...seen, rest].map((bytes) => new Xxh32().update(bytes).digest().toString(16)).join(' ');
}
