import { bitsOf, DTYPES, type DType, isLossyType } from '../binary/dtype.js';
import { product } from '../graph/view.js';
import type { Model } from '../model/model.js';
import { checkOptions } from '../options/check.js';
import { type OptionsOf, toggle } from '../options/option.js';
import { formatOption } from '../quantize/formats/option.js';
import { canonicalName, FLOAT32, formatNamed } from '../quantize/formats/parse.js';
import type { ValueShape } from './computation.js';
import { boundOf, type Lifetime, lifetimesOf, liveBytes } from './lifetimes.js';
import { nnablaBuffers } from './nnabla.js';
import { firstFit, greedyBySize, type Placement, placeBest } from './placement.js';
import { type SurveyedModel, type SurveyOptions, surveyValues } from './survey.js';

/** What memory is planned for. */
export interface FootprintOptions extends SurveyOptions {
  /** The number format of floating-point values, such as `fixed8`. Default `float32`: as they are. */
  readonly values?: string | undefined;
  /** The number format of the weights. Default `float32`: as they are. */
  readonly weights?: string | undefined;
  /**
   * Whether views share the memory of what they show, and elementwise operators overwrite inputs that nobody reads afterwards.
   * Default: no, every value has memory of its own.
   */
  readonly inPlace?: boolean | undefined;
}

/** The options that are the same in code and on the command line. */
export const FOOTPRINT = {
  values: formatOption('number format of floating-point values, such as fixed8 (default: as they are)'),
  weights: formatOption('number format of the weights (default: as they are)'),
  inPlace: toggle({ text: 'let views share memory, and elementwise operators overwrite what nobody reads afterwards' }),
} satisfies OptionsOf<FootprintOptions, keyof SurveyOptions>;

/** The memory that a model needs while it runs, in bytes. */
export interface Footprint {
  /** Of activations, as they are placed. */
  readonly peak: number;
  /** The most bytes that are alive at once: less no placement can take. */
  readonly bound: number;
  /** Of weights and all other stored tensors. */
  readonly parameters: number;
  /** The number formats of values and weights. */
  readonly values: string;
  readonly weights: string;
  readonly inPlace: boolean;
  /** What goes in, with the sizes that were taken. */
  readonly inputs: readonly (ValueShape & { readonly name: string })[];
  /** Each node that runs, and the bytes of values that are alive meanwhile. */
  readonly steps: readonly { readonly node: string; readonly op: string; readonly live: number }[];
  /** The memory of values: where it lies, and the first and the last step at which it is needed, counted from 0. */
  readonly buffers: readonly PlacedBuffer[];
  /** What other ways of placing them take. */
  readonly others: OtherPlacements;
  /** Values that are no tensors of numbers, which are not counted. */
  readonly unsized: readonly string[];
}

/** A stretch of memory, and the values that have it one after the other. */
export interface PlacedBuffer {
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
  readonly first: number;
  readonly last: number;
  readonly values: readonly string[];
}

/** Bytes by the way in which memory is shared; where nothing else is said, every value has its own while it lives. */
export interface OtherPlacements {
  /** Nothing is shared. */
  readonly none: number;
  /** nnabla's buffers. */
  readonly nnabla: number;
  /** One value after the other, as they come up, where there is room. */
  readonly firstFit: number;
  /** The same, the largest first. */
  readonly greedy: number;
  /** The best that was found, and the bound. */
  readonly best: number;
  readonly bound: number;
  /** These with views and operators in place. */
  readonly bestInPlace: number;
  readonly boundInPlace: number;
}

/**
 * Plans the memory of a model's activations: which values are alive when, where they lie best, and what that takes. Branches of
 * `If` that always run are looked into, loops are not.
 *
 * @throws RangeError for what is no number format, and for sizes of dimensions that the model does not have; FxqError
 *
 * @example
 * const { peak, bound, parameters } = await footprint(openOnnx(bytes), { values: 'fixed8', dims: { N: 1 } });
 */
export async function footprint(model: Model, options: FootprintOptions = {}): Promise<Footprint> {
  checkOptions('footprint', FOOTPRINT, options);
  const { dims, dataset, runtime, threads, signal } = options;
  return footprintOf(model, await surveyValues(model, { dims, dataset, runtime, threads, signal }), options);
}

/** How memory is planned for values whose shapes are known. */
export type PlanOptions = Pick<FootprintOptions, 'values' | 'weights' | 'inPlace'>;

/**
 * The same of a model that has been looked at.
 *
 * @throws RangeError for what is no number format
 */
export function footprintOf(model: Model, surveyed: SurveyedModel, options: PlanOptions = {}): Footprint {
  checkOptions('footprint', FOOTPRINT, options);
  const { values: format = FLOAT32, weights = FLOAT32, inPlace = false } = options;
  const { computation, values, unsized } = surveyed;
  const { steps } = computation;
  const apart = lifetimesIn(surveyed, format, false);
  const together = lifetimesIn(surveyed, format, true);
  const plan = (lifetimes: readonly Lifetime[]) => ({
    placement: placeBest(lifetimes, steps.length),
    bound: boundOf(lifetimes, steps.length),
  });
  const [one, other] = [plan(apart), plan(together)];
  const chosen = inPlace ? other : one;
  const live = liveBytes(inPlace ? together : apart, steps.length);
  return {
    peak: chosen.placement.peak,
    bound: chosen.bound,
    parameters: parameterBytes(model, weights),
    ...{ values: canonicalName(format), weights: canonicalName(weights), inPlace },
    inputs: computation.inputs.map((name) => ({ name, ...(values.get(name) ?? { type: '', dims: [] }) })),
    steps: steps.map(({ name, op }, i) => ({ node: name, op, live: live[i] })),
    buffers: inOrder(chosen.placement),
    others: {
      none: apart.reduce((sum, { bytes }) => sum + bytes, 0),
      nnabla: nnablaBuffers(apart, steps.length).reduce((sum, bytes) => sum + bytes, 0),
      firstFit: firstFit(apart).peak,
      greedy: greedyBySize(apart).peak,
      ...{ best: one.placement.peak, bound: one.bound },
      ...{ bestInPlace: other.placement.peak, boundInPlace: other.bound },
    },
    unsized,
  };
}

/** What values in some format take as they are placed best, and nothing else of a footprint. */
export function peakOf(surveyed: SurveyedModel, { values = FLOAT32, inPlace = false }: PlanOptions): number {
  return placeBest(lifetimesIn(surveyed, values, inPlace), surveyed.computation.steps.length).peak;
}

function lifetimesIn({ computation, values }: SurveyedModel, format: string, inPlace: boolean): Lifetime[] {
  return lifetimesOf(computation, (name) => bytesIn(values.get(name), format), inPlace);
}

/** Bytes of a model's stored tensors, the weights in a number format, packed, without scales. */
export function parameterBytes({ tensors }: Model, weights: string): number {
  const bits = formatNamed(weights)?.bits;
  return tensors.reduce((sum, { role, dtype, count, length }) => {
    const isRounded = bits !== undefined && role === 'weight' && isLossyType(dtype);
    return sum + (isRounded ? Math.ceil((count * bits) / 8) : length);
  }, 0);
}

/** Bytes of a value; whole numbers have no other format. */
function bytesIn(value: ValueShape | undefined, format: string): number {
  const dtype = DTYPES.find((each) => each === value?.type);
  const own = dtype && bitsOf(dtype);
  if (!value || own === undefined) return 0;
  const bits = isFloatType(dtype) ? (formatNamed(format)?.bits ?? own) : own;
  return Math.ceil((product(value.dims) * bits) / 8);
}

function isFloatType(dtype: DType | undefined): boolean {
  return dtype !== undefined && (isLossyType(dtype) || dtype === 'float64');
}

/** As they come up, and where they lie. */
function inOrder({ buffers }: Placement): PlacedBuffer[] {
  return buffers.slice().sort((a, b) => a.first - b.first || a.offset - b.offset);
}
