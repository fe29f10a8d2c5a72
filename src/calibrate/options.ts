import type { Dataset } from '../data/dataset.js';
import type { Tensor } from '../model/model.js';
import type { Selection } from '../model/selectors.js';
import { inRange, integerInRange } from '../options/ranges.js';
import { MAX_CLUSTERS } from '../quantize/codebook.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ClusterSize } from '../stages/cluster.js';
import type { Pool } from './pool.js';

/** Options that all calibrated stages have. */
export interface CalibrationOptions {
  /** Inputs like those that the model is for; labels are not looked at. */
  readonly dataset: Dataset;
  /** ONNX Runtime. Default: `onnxruntime-node`, if it is installed. */
  readonly runtime?: Runtime | undefined;
  /**
   * Inputs to calibrate on. Default: as many as the layers need, 512 to 4096; under 64 a few of them decide too much.
   */
  readonly samples?: number | undefined;
  /** Decides which inputs, and which places of them, are looked at. Default 0. */
  readonly seed?: number | undefined;
  /** All layers at once, each on what the original model feeds it: less exact, a tenth of the time. Default false. */
  readonly fast?: boolean | undefined;
  /** Threads that work on one operator. Default: ONNX Runtime's own choice. Results do not depend on it. */
  readonly threads?: number | undefined;
  /**
   * Where layers are compensated. Default: in the caller's thread, one after the other. It is not closed.
   *
   * @internal
   */
  readonly pool?: Pool | undefined;
  /** Inputs to be kept apart, to judge the result by. Default 0. */
  readonly heldOut?: number | undefined;
}

/** What `calibrate` and `calibratedPrune` do unless told otherwise. */
export const CALIBRATION_DEFAULTS = { seed: 0, fast: false } as const;

/** How weights may be chosen: freely on a grid of multiples of one step, or from so many values that k-means finds. */
export interface CalibrateOptions extends CalibrationOptions, Selection<never>, Pick<ClusterSize, 'bits' | 'clusters'> {
  /**
   * What a bit is worth: the squared error of the model's outputs, relative to how far they are spread, that may be
   * made to save one. Larger is smaller and worse. Default 5e-8. Has no effect with `bits` or `clusters`.
   */
  readonly lambda?: number | undefined;
}

/** What `calibrate` does unless told otherwise, beside that. */
export const CALIBRATE_DEFAULTS = { lambda: 5e-8 } as const;

/** A layer that is not calibrated, and why. */
export interface Skipped {
  readonly tensor: Tensor;
  readonly reason: string;
}

/** @throws RangeError */
export function checkCalibrateOptions({
  lambda,
  bits,
  clusters,
  samples,
  seed,
}: Omit<CalibrateOptions, 'dataset'>): void {
  if (bits !== undefined && clusters !== undefined) {
    throw new RangeError('calibrate: expected one of bits and clusters, got both');
  }
  inRange('calibrate', 'lambda', lambda, 0, Number.MAX_VALUE);
  integerInRange('calibrate', 'bits', bits, 1, 10);
  integerInRange('calibrate', 'clusters', clusters, 1, MAX_CLUSTERS);
  integerInRange('calibrate', 'samples', samples, 1, Number.MAX_SAFE_INTEGER);
  integerInRange('calibrate', 'seed', seed, 0, 2 ** 31);
}
