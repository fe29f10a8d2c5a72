import type { Look } from '../data/look.js';
import { FxqError } from '../errors.js';
import type { Layer } from '../graph/layers.js';

/** Fewer inputs than this, and a few of them decide on every weight. */
const FEW_SAMPLES = 64;
/** With more of the weights than this at inputs that never vary, there is nothing to choose by. */
const MOST_CONSTANT = 0.5;
/** So many layers are named in one sentence. */
const NAMED = 5;

/**
 * What speaks against the inputs as they were read, in words; `undefined` where nothing does.
 *
 * @throws FxqError `DATASET` for one input over and over
 */
export function doubtInputs({ samples, distinct }: Look): string | undefined {
  if (distinct === 1 && samples > 1) {
    const message = `calibration data: expected inputs that differ, got the same one ${samples} times; give inputs like those that the model is for`;
    throw new FxqError('DATASET', message, { expected: FEW_SAMPLES, actual: distinct });
  }
  if (distinct >= FEW_SAMPLES) return undefined;
  const got = distinct === samples ? `${distinct} inputs` : `${distinct} distinct inputs (of ${samples})`;
  return `calibrated on ${got} only; from ${FEW_SAMPLES} on weights fit the task and not the inputs`;
}

/**
 * What speaks against the inputs as layers see them, a sentence each.
 *
 * @param directions - in how many directions the inputs of a layer vary, of those where that is too few
 * @throws FxqError `DATASET` where most weights are at inputs that never vary
 */
export function doubtLayers(layers: readonly Layer[], directions: ReadonlyMap<Layer, number>): string[] {
  const constant = layers.filter((layer) => directions.get(layer) === 0);
  const low = layers.filter((layer) => (directions.get(layer) ?? 0) > 0);
  const weights = (some: readonly Layer[]) => some.reduce((sum, { tensor }) => sum + tensor.count, 0);
  if (weights(constant) > MOST_CONSTANT * weights(layers)) {
    const message = `calibration data: expected inputs that differ, got such that never vary where they reach ${namesOf(constant)}; give inputs like those that the model is for`;
    throw new FxqError('DATASET', message, { tensor: constant[0].tensor.name });
  }
  return [
    ...(constant.length > 0 ? [`calibration data never varies where it reaches ${namesOf(constant)}`] : []),
    ...(low.length > 0
      ? [
          `calibration data varies in few directions where it reaches ${namesOf(low, (layer) => ` (${directions.get(layer)} of ${layer.inputs})`)}; inputs that are more unlike each other do better`,
        ]
      : []),
  ];
}

function namesOf(layers: readonly Layer[], detail: (layer: Layer) => string = () => ''): string {
  const names = layers.slice(0, NAMED).map((layer) => `${layer.tensor.name}${detail(layer)}`);
  const more = layers.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
