import { isLossyType } from '../binary/dtype.js';
import type { CalibrationOptions } from '../calibrate/options.js';
import { fitValue } from '../calibrate/ranges/fit.js';
import { gatherStatistics } from '../calibrate/ranges/gather.js';
import type { GrowingHistogram } from '../calibrate/ranges/histogram.js';
import { splitDataset } from '../data/split.js';
import { FxqError } from '../errors.js';
import { type SurveyedModel, surveyValues } from '../footprint/survey.js';
import { graphOf } from '../graph/decoded-graph.js';
import { computedValues } from '../graph/simulate/sites.js';
import type { Model } from '../model/model.js';
import { isPatchable, readWeights } from '../model/weights.js';
import { fixed } from '../quantize/formats/fixed.js';
import type { Fitted, Format } from '../quantize/formats/format.js';
import { endsOf } from '../quantize/formats/range.js';
import { loadRuntime } from '../runtime/runtime.js';

/** Inputs that are looked at, and how many go through the model together. */
const SAMPLES = 64;
const BATCH = 16;
/** Bits of what is proposed. */
const BITS = 8;

/** What was seen of a value or a parameter, and the format that holds it best. */
export interface Proposal {
  readonly name: string;
  /** The operator that makes it, or reads it; `input` for what goes in. */
  readonly op: string;
  /** The ends of its numbers, zero among them. */
  readonly low: number;
  readonly high: number;
  /** Fixed point of 8 bits, with the position of least squared error. */
  readonly format: string;
}

/** Proposals for all that a model computes and for all that it stores. */
export interface Proposals {
  /** In the order in which they are computed. */
  readonly values: readonly Proposal[];
  readonly parameters: readonly Proposal[];
  /** Inputs that were looked at. */
  readonly samples: number;
}

/** Inputs, and how they are run. */
export type ProposalOptions = Pick<CalibrationOptions, 'dataset' | 'runtime' | 'threads' | 'samples' | 'seed'> & {
  readonly signal?: AbortSignal | undefined;
};

/**
 * Looks at what every floating-point value of a model is on some inputs, and at its parameters, and proposes a fixed-point format for
 * each: what nnabla's settings file leaves to be found by hand. Values inside branches and loops are not looked at.
 *
 * @throws FxqError `DATASET`, `RUNTIME`, `MISSING_PACKAGE`, `ABORTED`
 *
 * @example
 * const { values } = await proposeFormats(model, { dataset });
 * for (const { name, low, high, format } of values) console.log(name, low, high, format);
 */
export async function proposeFormats(model: Model, options: ProposalOptions): Promise<Proposals> {
  const { samples, values } = await lookAtValues(model, options);
  return {
    samples,
    values: values.map(({ proposal }) => proposal),
    parameters: model.tensors
      .filter((tensor) => isLossyType(tensor.dtype) && isPatchable(tensor) && tensor.name !== '')
      .map((tensor) => {
        const weights = readWeights(tensor);
        const { low, high } = endsOf(weights);
        return { name: tensor.name, op: tensor.op, low, high, format: formatFor(weights, low, high) };
      }),
  };
}

/** A value with all that was counted of it. */
export interface SeenValue {
  readonly proposal: Proposal;
  readonly histogram: GrowingHistogram;
}

/**
 * Runs a model, and takes down what its floating-point values are.
 *
 * @param options - with what the model was found to compute, where that is known
 */
export async function lookAtValues(
  model: Model,
  options: ProposalOptions & { readonly surveyed?: SurveyedModel | undefined },
): Promise<{ samples: number; values: SeenValue[] }> {
  const { dataset, samples = SAMPLES, seed = 0, threads, signal } = options;
  const runtime = options.runtime ?? (await loadRuntime());
  const surveyed = options.surveyed ?? (await surveyValues(model, { dataset, runtime, threads, signal }));
  const { computation, values } = surveyed;
  const graph = graphOf(model);
  const computed = computedValues(graph);
  const makers = new Map(computation.steps.flatMap(({ op, makes }) => makes.map((name) => [name, op])));
  const names = [...computation.inputs, ...makers.keys()].filter((name) => {
    const type = values.get(name)?.type;
    return computed.has(name) && (type === 'float32' || type === 'float16');
  });
  const split = await splitDataset(dataset, BATCH, samples, 0, seed);
  const feeder = { runtime, threads, signal, batches: split.calibration };
  let seen = 0;
  const statistics = await gatherStatistics(graph, names, feeder, (count) => {
    seen = count;
  });
  if (seen === 0) throw new FxqError('DATASET', 'data set: expected at least one sample, got none');
  const best = { format: `fixed${BITS}`, range: 'mse', percentile: 100, sign: 'value' } as const;
  return {
    samples: seen,
    values: [...statistics].map(([name, found]) => {
      const { histogram } = found;
      const { low, high } = histogram;
      const format = low === 0 && high === 0 ? best.format : positioned(fitValue(found, best).fitted);
      return { proposal: { name, op: makers.get(name) ?? 'input', low, high, format }, histogram };
    }),
  };
}

function formatFor(weights: Float32Array, low: number, high: number): string {
  const format: Format = fixed(BITS);
  if (low === 0 && high === 0) return format.name;
  return positioned(format.fit(weights, { percentile: 100, scaling: 'float32' }));
}

/** Fixed point whose step is known: the position is in its name. */
function positioned({ scale }: Fitted): string {
  return fixed(BITS, -Math.log2(scale)).name;
}
