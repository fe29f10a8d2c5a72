import { present } from '../guards.js';
import type { Model, Tensor } from '../model/model.js';
import { finiteWeights, withPayloads } from '../model/patch.js';
import { writeWeights } from '../model/weights.js';
import { type LayerSettings, quantizeLayer } from '../stages/quantize.js';

/** What a layer is given in place of what it would have: a format, a range. */
export type LayerChange = Partial<Pick<LayerSettings, 'weights' | 'range'>>;

/** Settings of a layer whose weights are kept: the one it has, those it is compared with. */
const REMEMBERED = 4;

/**
 * Makes models whose layers are rounded, one setting after the other. Searches change a layer or two at a time: the others are
 * taken from the setting before, since to find ranges takes longer than to run a small model.
 *
 * @param settings - of each layer, as `layerSettings` gives them
 */
export function layerRounder(
  model: Model,
  settings: ReadonlyMap<Tensor, LayerSettings>,
): (changes: ReadonlyMap<Tensor, LayerChange>) => Model {
  const known = new Map<Tensor, Map<string, Uint8Array>>();
  const rounded = (tensor: Tensor, change: LayerChange): Uint8Array => {
    const layer = { ...present(settings.get(tensor)), ...change };
    const key = `${layer.weights} ${layer.range}`;
    const kept = known.get(tensor) ?? new Map<string, Uint8Array>();
    known.set(tensor, kept);
    const bytes = kept.get(key) ?? writeWeights(tensor, quantizeLayer(finiteWeights(tensor), layer));
    // The one used last stands last.
    kept.delete(key);
    kept.set(key, bytes);
    if (kept.size > REMEMBERED) kept.delete(present([...kept.keys()][0]));
    return bytes;
  };
  return (changes) =>
    withPayloads(
      model,
      new Map(Array.from(settings.keys(), (tensor) => [tensor, rounded(tensor, changes.get(tensor) ?? {})])),
    );
}
