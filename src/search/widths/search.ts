import { simulate } from '../../calibrate/simulate.js';
import type { Dataset } from '../../data/dataset.js';
import { expectModel } from '../../model/expect-model.js';
import type { Model } from '../../model/model.js';
import { type FoundWidths, findWidths, splitInputs } from './find.js';
import { checkWidthOptions, type WidthOptions, type Widths } from './options.js';

/**
 * Gives every layer a width of its own: so that weights have so many bits on average, or as few as lose no more than so many
 * points. Widths come from the noise that rounding makes, without running the model; with data, the model's answers decide which
 * layers exchange bits, where along that path the goal lies, and by which exchanges it is reached with fewer bits still. With
 * `inputs` and a loss, what layers take in is given widths along the same path, and every setting is judged as a whole.
 *
 * Source: the budget is PocketFlow's, the goal by loss Ristretto's; the allocation is by equal relative noise.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG`, `DATASET`, `RUNTIME`, `MISSING_PACKAGE`
 *
 * @example
 * const { model, layers } = await searchWidths(openOnnx(bytes), { weights: 'int4', by: 'channel', equivalentBits: 3 });
 * for (const { name, bits } of layers) console.log(name, bits);
 */
export async function searchWidths(model: Model, options: WidthOptions): Promise<Widths> {
  expectModel('searchWidths', model);
  checkWidthOptions(options);
  const { dataset, inputs, values = [], as, signal, onProgress } = options;
  if (inputs === undefined && values.length === 0 && as === undefined) return findWidths(model, options);
  let found: FoundWidths | undefined;
  const stage = simulate({
    ...options,
    dataset: dataset && fittedOn(dataset, options),
    weightStage: (weights, values) => ({
      name: 'quantize',
      plan: () => found?.plan,
      async run(rounded) {
        found = await findWidths(rounded, { ...options, ...weights, seed: options.seed }, values);
        return found.model;
      },
    }),
  });
  const written = await stage.run(model, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  if (!found) throw new Error('widths: expected the stage of weights to have run');
  const { plan: _, ...widths } = found as FoundWidths;
  return { ...widths, model: written };
}

/** The part of the inputs that widths are found by: the others, which judge, are to be no part of what they judge. */
export function fittedOn(dataset: Dataset, options: Pick<WidthOptions, 'samples' | 'seed'>): Dataset {
  return async function* () {
    const { calibration } = await splitInputs(dataset, options);
    yield* calibration();
  };
}
