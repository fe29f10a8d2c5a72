import type { Stage } from '../stages/stage.js';
import { CALIBRATE_DEFAULTS, type CalibrateOptions, checkCalibrateOptions } from './options.js';
import { startCalibration } from './start.js';

/**
 * Chooses the values that weights share, and who takes which, by what that does to the layers' outputs on a few hundred
 * inputs: every choice is made up for by the weights that come after it. No labels, and no gradient step.
 *
 * Source: optimal brain surgery by columns (Hassibi & Stork 1993; Frantar & Alistarh 2022) with a rate term; one price
 * of a bit for the whole net.
 *
 * @throws RangeError if an option is out of its range; FxqError `CONFIG`, `DATASET`, `RUNTIME`, `MISSING_PACKAGE`
 *
 * @example
 * const dataset = npzDataset(await readFile('inputs.npz'));
 * const calibrated = await calibrate({ dataset, lambda: 1e-7 }).run(openOnnx(bytes));
 */
export function calibrate(options: CalibrateOptions): Stage {
  const { lambda = CALIBRATE_DEFAULTS.lambda } = options;
  checkCalibrateOptions(options);
  return {
    name: 'calibrate',
    async run(model, { signal, onProgress, onNote } = {}) {
      const calibration = await startCalibration(model, { onNote, ...options }, signal);
      return calibration.run(lambda, onProgress);
    },
  };
}
