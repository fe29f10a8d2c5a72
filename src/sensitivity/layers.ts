import { isSameBytes } from '../binary/bytes.js';
import { FxqError } from '../errors.js';
import type { Model, Tensor } from '../model/model.js';
import { isPatchable, readWeights } from '../model/weights.js';
import type { NotMeasured } from './options.js';
import { type WeightFigures, weightFigures } from './weights.js';

/** A tensor of the original, and what the compressed model has in its place. */
export interface Pair {
  readonly tensor: Tensor;
  readonly compressed: Tensor;
}

/** Finds the tensors that differ, by their names. */
export function findPairs(original: Model, compressed: Model): { pairs: Pair[]; skipped: NotMeasured[] } {
  const others = new Map(compressed.tensors.map((tensor) => [tensor.name, tensor]));
  const pairs: Pair[] = [];
  const skipped: NotMeasured[] = [];
  let common = 0;
  for (const tensor of original.tensors) {
    const { name, dtype } = tensor;
    const other = others.get(name);
    if (other) common++;
    if (!other) skipped.push({ name, reason: 'not in the compressed model' });
    else {
      checkShape(tensor, other);
      if (isSameBytes(tensor.payload.read(), other.payload.read()) && dtype === other.dtype) continue;
      if (dtype !== other.dtype) skipped.push({ name, reason: `${dtype}, but ${other.dtype} in the compressed model` });
      else if (!isPatchable(tensor) || !isPatchable(other)) skipped.push({ name, reason: `holds ${dtype}` });
      else pairs.push({ tensor, compressed: other });
    }
  }
  if (common > 0 || original.tensors.length === 0) return { pairs, skipped };
  const message =
    'compressed model: expected tensors named as in the original, found none; give two versions of one model';
  throw new FxqError('MISMATCH', message, { expected: original.tensors[0].name });
}

function checkShape({ name, dims }: Tensor, other: Tensor): void {
  if (`${dims}` === `${other.dims}`) return;
  const message = `${name}: expected shape [${dims.join(', ')}] as in the original, got [${other.dims.join(', ')}] in the compressed model`;
  throw new FxqError('MISMATCH', message, { tensor: name, expected: dims, actual: other.dims });
}

/** A layer that can be switched between its two states. What is fed is `values`; the other state waits in `spare`. */
export interface Switch {
  readonly tensor: Tensor;
  readonly figures: WeightFigures;
  /** The weights as they are fed: the original's at first. */
  readonly values: Float32Array;
  /** Exchanges the two states, in place. */
  flip(): void;
}

/** Reads both states of a layer: twice its weights is all that is kept of them. */
export function openSwitch({ tensor, compressed }: Pair): Switch {
  const values = readWeights(tensor);
  const spare = readWeights(compressed);
  return {
    tensor,
    figures: weightFigures(values, spare),
    values,
    flip() {
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        values[i] = spare[i];
        spare[i] = value;
      }
    },
  };
}
