import type { Model, Tensor } from '../model/model.js';
import { withPayloads } from '../model/patch.js';
import { isPatchable, readWeights, writeWeights } from '../model/weights.js';
import { toWaves } from '../quantize/waves.js';

/** A model whose bases of waves are what a container holds as such. */
export interface WithWaves {
  readonly model: Model;
  /** Those bases: nothing of them is learned, so nothing of them is to be chosen, removed or trained. */
  readonly waves: readonly Tensor[];
}

/**
 * Makes the bases of Fourier, cosine and sine transforms among some tensors what they are written as: see `toWaves`.
 *
 * @param isWanted - which tensors may be changed
 */
export function withWaves(model: Model, isWanted: (tensor: Tensor) => boolean): WithWaves {
  const found = new Map<Tensor, Uint8Array>();
  for (const tensor of model.tensors) {
    if (tensor.dtype !== 'float32' || !isPatchable(tensor) || !isWanted(tensor)) continue;
    const waves = toWaves(readWeights(tensor), tensor.dims);
    if (waves) found.set(tensor, writeWeights(tensor, waves));
  }
  return { model: withPayloads(model, found), waves: [...found.keys()] };
}
