import type { Model } from '../../model/model.js';
import { readWeights } from '../../model/weights.js';
import { formatNamed } from '../../quantize/formats/parse.js';
import type { By } from '../../quantize/lines.js';
import { recordedFormats } from '../../quantize/record.js';

/** A layer's weights as they were rounded. */
export interface RoundedWeights {
  readonly name: string;
  readonly format: string;
  readonly by: By;
  /** Signal-to-noise ratio in decibels; `null` where nothing has changed. */
  readonly sqnr: number | null;
  /** Bits of a code. */
  readonly bits: number;
}

/** What has become of the weights of a model, in the order of the file. */
export function roundedWeights(before: Model, after: Model): RoundedWeights[] {
  const formats = recordedFormats(after);
  const original = new Map(before.tensors.map((tensor) => [tensor.name, tensor]));
  return after.tensors.flatMap((tensor) => {
    const format = formats.get(tensor.name);
    const from = original.get(tensor.name);
    if (!format || !from || from.payload === tensor.payload) return [];
    const { weights, by } = format;
    const sqnr = decibels(readWeights(from), readWeights(tensor));
    return [{ name: tensor.name, format: weights, by, sqnr, bits: formatNamed(weights)?.bits ?? 32 }];
  });
}

function decibels(before: Float32Array, after: Float32Array): number | null {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    signal += before[i] ** 2;
    noise += (before[i] - after[i]) ** 2;
  }
  return signal > 0 && noise > 0 ? 10 * Math.log10(signal / noise) : null;
}
