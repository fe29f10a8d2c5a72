import { Xxh32 } from '../binary/xxh32.js';
import { FxqError, throwIfAborted } from '../errors.js';
import { typeOf } from './cast.js';
import { type Batch, countOf, type InputArray, sampleAxes } from './dataset.js';

/** What samples look like before anything is made of them. */
export interface Look {
  readonly samples: number;
  /** Samples that differ from all that came before them. */
  readonly distinct: number;
}

/**
 * Reads samples once: counts those that differ, by a hash of each as it was read, and sees that they are numbers. A
 * batch whose arrays have no sample axis in common is one sample.
 *
 * @param what - for messages: what the data is for
 * @throws FxqError `DATASET` that names array, sample and place of the first NaN; `ABORTED`
 * @example
 * await lookAt(dataset(), 'calibration data'); // { samples: 200, distinct: 1 }: one input two hundred times
 */
export async function lookAt(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  what: string,
  signal?: AbortSignal,
): Promise<Look> {
  const seen = new Set<string>();
  let samples = 0;
  for await (const batch of batches) {
    throwIfAborted(signal);
    const nan = findNaN(batch, samples);
    if (nan !== undefined)
      throw new FxqError('DATASET', `${what}: expected numbers, got ${nan}`, { actual: Number.NaN });
    const entries = Object.entries(batch.inputs).sort(([a], [b]) => (a < b ? -1 : 1));
    const { samples: count = 1, axes } = sampleAxes(batch) ?? {};
    for (let sample = 0; sample < count; sample++) {
      // A state has its samples on another axis; inputs that differ tell them apart.
      const sampled = entries.filter(([name]) => axes?.get(name) !== 1);
      seen.add(sampled.map(([name, input]) => `${name} ${hashOf(input, sample, count)}`).join('\n'));
    }
    samples += count;
  }
  return { samples, distinct: seen.size };
}

/**
 * Where the first NaN of a batch stands, in words; `undefined` without one.
 *
 * @param before - samples of the batches before this one
 */
export function findNaN(batch: Batch, before: number): string | undefined {
  const { samples: count, axes } = sampleAxes(batch) ?? {};
  for (const [name, input] of Object.entries(batch.inputs)) {
    const at = nanIn(input);
    if (at < 0) continue;
    const isSampled = count !== undefined && axes?.get(name) === 0;
    const row = isSampled ? input.data.length / count : input.data.length;
    const place = placeOf(isSampled ? at % row : at, isSampled ? input.dims.slice(1) : input.dims);
    return `NaN in array '${name}', sample ${before + (isSampled ? Math.floor(at / row) : 0)}, place [${place.join(', ')}]`;
  }
  return undefined;
}

function hashOf({ data, dims }: InputArray, sample: number, count: number): string {
  const row = data.length / count;
  const part = dims.length > 0 && Number.isInteger(row) ? data.subarray(sample * row, (sample + 1) * row) : data;
  // Two hashes: among thousands of samples one of 32 bits meets itself by chance.
  const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  const [one, other] = [0, 1].map((seed) => new Xxh32().update(Uint8Array.of(seed)).update(bytes).digest());
  return `${dims.slice(1)} ${one} ${other}`;
}

function nanIn(input: InputArray): number {
  const { data } = input;
  if (data instanceof Float32Array || data instanceof Float64Array) return data.findIndex(Number.isNaN);
  if (!(data instanceof Uint16Array) || typeOf(input) !== 'float16') return -1;
  // All bits of the exponent, and some of the mantissa.
  return data.findIndex((bits) => (bits & 0x7fff) > 0x7c00);
}

function placeOf(index: number, dims: readonly number[]): number[] {
  return dims.map((dim, axis) => Math.floor(index / countOf(dims.slice(axis + 1))) % dim);
}
