import type { Dataset } from '../data/dataset.js';
import type { RoundingPlan } from '../graph/simulate/plan.js';
import type { Selection } from '../model/selectors.js';
import { checkAlternatives, checkOptions } from '../options/check.js';
import { defaultsOf } from '../options/defaults.js';
import { number, type OptionsOf, seed, toggle, whole } from '../options/option.js';
import type { Runtime } from '../runtime/runtime.js';
import { CLUSTER, type ClusterSize } from '../stages/cluster.js';
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
   * @hidden
   */
  readonly pool?: Pool | undefined;
  /** Called with what to know of the inputs, a sentence each time. */
  readonly onNote?: ((text: string) => void) | undefined;
  /**
   * Whether the inputs were made up for the purpose, so that nothing is said or refused of them. Default false.
   *
   * @internal
   */
  readonly isMadeUp?: boolean | undefined;
  /**
   * How what layers take in will be rounded: weights make up for that, too. Default: not at all.
   *
   * @internal
   */
  readonly roundedInputs?: RoundingPlan | undefined;
  /** Inputs to be kept apart, to judge the result by. Default 0. */
  readonly heldOut?: number | undefined;
  /**
   * Whether they are those that calibration leaves, and not a quarter of few. Default false.
   *
   * @internal
   */
  readonly isHeldOutRest?: boolean | undefined;
}

/** What is handed in and not typed. */
type HandedIn = 'dataset' | 'runtime' | 'pool' | 'onNote' | 'isMadeUp' | 'roundedInputs' | 'isHeldOutRest';

export const CALIBRATION = {
  samples: whole({
    text: 'inputs to look at',
    low: 1,
    otherwise: 'as many as the layers need, 512 to 4096',
    flag: 'calibrate-samples',
  }),
  seed: seed('which inputs are looked at'),
  fast: toggle({ text: 'all layers at once, less exact' }),
  threads: whole({ text: 'threads of ONNX Runtime', low: 1, otherwise: 'its own choice' }),
  heldOut: whole({ text: 'inputs kept apart', low: 0, flag: false }),
} satisfies OptionsOf<CalibrationOptions, HandedIn>;

/** What `calibrate` and `calibratedPrune` do unless told otherwise. */
export const CALIBRATION_DEFAULTS = defaultsOf({ seed: CALIBRATION.seed, fast: CALIBRATION.fast });

/** How weights may be chosen: freely on a grid of multiples of one step, or from so many values that k-means finds. */
export interface CalibrateOptions extends CalibrationOptions, Selection<never>, Pick<ClusterSize, 'bits' | 'clusters'> {
  /**
   * What a bit is worth: the squared error of the model's outputs, relative to how far they are spread, that may be
   * made to save one. Larger is smaller and worse. Default 5e-8. Has no effect with `bits` or `clusters`.
   */
  readonly lambda?: number | undefined;
}

/** The options of which one says how many values there are. */
const SIZES = ['bits', 'clusters'] as const;

const { bits, clusters } = CLUSTER.options;

export const CALIBRATE = {
  ...CALIBRATION,
  bits,
  clusters,
  lambda: number({ text: 'what a bit is worth', value: 'price', low: 0, default: 5e-8 }),
} satisfies OptionsOf<CalibrateOptions, HandedIn | keyof Selection<never>>;

/** What `calibrate` does unless told otherwise, beside that. */
export const CALIBRATE_DEFAULTS = defaultsOf({ lambda: CALIBRATE.lambda });

/** @throws RangeError */
export function checkCalibrateOptions(options: Omit<CalibrateOptions, 'dataset'>): void {
  checkAlternatives('calibrate', SIZES, options);
  checkOptions('calibrate', CALIBRATE, options);
}
