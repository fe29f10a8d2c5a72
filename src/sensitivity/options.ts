import type { InputOptions } from '../calibrate/ranges/options.js';
import type { Dataset } from '../data/dataset.js';
import type { EvaluateOptions } from '../evaluate/evaluate.js';
import type { Loss } from '../evaluate/loss.js';
import type { QuantizedTo } from '../inspect/figures.js';
import type { Role } from '../model/model.js';

/** Options of {@link sensitivity}. */
export interface SensitivityOptions
  extends Pick<EvaluateOptions, 'limit' | 'batchSize' | 'output' | 'metric' | 'threads' | 'runtime' | 'signal'>,
    Pick<InputOptions, 'inputs' | 'inputRange' | 'sign'> {
  /** What the models are run on; labels are needed for `top1` and `top5` only. It is gone through twice. */
  readonly dataset: Dataset;
  /** Called with what to know of the figures, a sentence each time. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called after every batch. */
  readonly onProgress?: ((progress: SensitivityProgress) => void) | undefined;
}

/** How far {@link sensitivity} is. */
export interface SensitivityProgress {
  /** The first pass runs the layers one by one, the second adds them up. */
  readonly pass: 1 | 2;
  /** Samples that this pass is done with. */
  readonly samples: number;
}

/** How near one output comes to the original's, over all elements of all samples. */
export interface OutputFidelity {
  readonly name: string;
  /** Of the two as vectors. */
  readonly cosine: number | null;
  /** Signal-to-noise ratio in decibels; `Infinity` where nothing differs. */
  readonly snr: number | null;
}

/** How a model in between holds against the original; `null` is "does not apply here". */
export interface Fidelity {
  /**
   * The divergence from the original that the ranking goes by, under the name that it has in JSON: `kl` where the model
   * decides on something, otherwise noise by signal (1/SNR), as the mean over the float outputs; the share of other
   * decisions where there are no floats at all. 0 is no change.
   */
  readonly divergence: number;
  /** Share of samples, 0 to 1, whose label has the largest score, or one of the five largest. */
  readonly top1: number | null;
  readonly top5: number | null;
  /** Share of rows, 0 to 1, in which both decide alike. */
  readonly agreement: number | null;
  /** What the model loses against the original, with its interval. */
  readonly loss: Loss | null;
  /** Kullback-Leibler divergence from the original's probabilities, in nats, as the mean over the rows. */
  readonly kl: number | null;
  readonly outputs: readonly OutputFidelity[];
  /** How often an output's shape was not the original's, as with detectors; those are in none of the figures. */
  readonly shapeMismatches: number;
}

/** A layer, and the model with this layer alone compressed. */
export interface LayerSensitivity extends Fidelity {
  readonly name: string;
  readonly role: Role;
  /** Operator type of its main consumer, or `''`. */
  readonly op: string;
  /** Number of elements. */
  readonly weights: number;
  /** The number format that its weights were rounded to, as the compressed model records it; `null` where they were not. */
  readonly format: QuantizedTo | null;
  /** Share of the compressed weights that are not zero. */
  readonly density: number;
  /** Distinct values besides zero. */
  readonly clusters: number;
  /** Bits a weight, zeros among them, that the best code for single values would take: their entropy. */
  readonly bits: number;
  /** Signal-to-noise ratio of the weights in decibels. */
  readonly weightSnr: number;
}

/** What a layer takes in, as it is rounded. */
export interface InputFigures {
  /** The value's name. */
  readonly name: string;
  /** Operator type of the layer, or of one of them. */
  readonly op: string;
  /** How many numbers it has in a sample. */
  readonly numbers: number;
  readonly format: string;
  /** Signal-to-noise ratio of these numbers in decibels. */
  readonly inputSnr: number;
}

/** A value that layers take in, and the model with this value alone rounded. */
export interface InputSensitivity extends Fidelity, InputFigures {}

/** The model with this layer compressed and all that come before it on the curve. */
export interface CumulativeStep extends Fidelity {
  /** The layer, or the value, that this step adds. */
  readonly name: string;
  readonly kind: 'weights' | 'input';
  /** How many are compressed. */
  readonly layers: number;
}

/** A tensor that differs and was not measured. */
export interface NotMeasured {
  readonly name: string;
  readonly reason: string;
}

/** What {@link sensitivity} finds. */
export interface Sensitivity {
  readonly samples: number;
  /** The output that decides. */
  readonly output: string;
  /** How losses were measured, in words; `null` where no layer differs. */
  readonly judged: string | null;
  /** The original's accuracy on the same samples. */
  readonly original: { readonly top1: number | null; readonly top5: number | null };
  /** The largest divergence first. */
  readonly layers: readonly LayerSensitivity[];
  /** The same of values that layers take in, where `inputs` names a format for them. */
  readonly inputs: readonly InputSensitivity[];
  /** One after the other, values among them, the smallest divergence first; the last step has all of them compressed. */
  readonly cumulative: readonly CumulativeStep[];
  readonly skipped: readonly NotMeasured[];
}
