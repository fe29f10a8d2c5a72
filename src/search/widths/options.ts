import type { CalibrationOptions } from '../../calibrate/options.js';
import { checkCompensated } from '../../calibrate/quantize.js';
import type { InputOptions } from '../../calibrate/ranges/options.js';
import { isFullRange, isReduced } from '../../calibrate/ranges/reduced.js';
import type { Loss } from '../../evaluate/loss.js';
import type { Model } from '../../model/model.js';
import type { Selector } from '../../model/selectors.js';
import { checkOptions } from '../../options/check.js';
import { defaultsOf } from '../../options/defaults.js';
import { number, type OptionsOf, whole } from '../../options/option.js';
import type { Format } from '../../quantize/formats/format.js';
import { FLOAT32, formatOfWidth } from '../../quantize/formats/parse.js';
import { checkQuantizeOptions, hasOutputRange, type QuantizeOptions } from '../../stages/quantize.js';
import { checkGoal, type GoalOptions, isLossGiven } from '../goal.js';

/** How wide weights may be. */
export interface WidthRange {
  /** Bits that a weight has on average, at most: Σ weights × bits ≤ weights × this. */
  readonly equivalentBits?: number | undefined;
  /** The narrowest format that a layer may be given. Default 2. */
  readonly minBits?: number | undefined;
  /** The widest. Default 8. */
  readonly maxBits?: number | undefined;
}

/**
 * Options of {@link searchWidths}: `weights` names the family of formats, such as `int4`, and `inputs` that of what layers take in. With
 * `maxLoss`, widths of these are searched for, too, and the two are scored together; those of values that `values` names, and those of
 * `qdq`, which has 8 bits, stay as they are.
 */
export interface WidthOptions
  extends Omit<QuantizeOptions, 'seed'>,
    WidthRange,
    InputOptions,
    Pick<GoalOptions, 'maxLoss' | 'maxError' | 'metric'>,
    Omit<CalibrationOptions, 'dataset'> {
  /** Inputs to judge by: with them a loss may be the goal, and what a mean width makes is refined by the model's answers. */
  readonly dataset?: CalibrationOptions['dataset'] | undefined;
  /** Whether rounding is compensated, on these inputs. Default false. */
  readonly isCompensated?: boolean | undefined;
  /** What losses are held against, where the model was changed before. Default: the model as it is given. */
  readonly original?: Model | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the share of the work that is done, about. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Called with every setting that was judged. */
  readonly onPoint?: ((point: WidthPoint) => void) | undefined;
}

export const WIDTHS = {
  equivalentBits: number({
    text: 'bits of a weight on average: each layer gets a width',
    value: 'bits',
    low: 1,
    high: 16,
  }),
  minBits: whole({ text: 'the least width of a layer', value: 'bits', low: 1, high: 16, default: 2 }),
  maxBits: whole({ text: 'the largest', value: 'bits', low: 1, high: 16, default: 8 }),
} satisfies OptionsOf<WidthRange>;

/** The widths that are tried where nothing is said. */
const WIDTH_DEFAULTS = defaultsOf(WIDTHS);

/** A setting that was tried. */
export interface WidthPoint {
  /** Bits of a weight on average. */
  readonly equivalentBits: number;
  /** Bits of a number that layers take in, on average; `null` where their widths are not searched for. */
  readonly inputBits: number | null;
  /** What is lost on inputs kept apart, in the unit of the judgement; `null` where none was measured. */
  readonly loss: number | null;
  /** The same with its interval, how it was found, and on how many inputs. */
  readonly judgement: Loss | null;
}

/** The width of a layer. */
export interface LayerWidth {
  readonly name: string;
  /** Selects this layer and no other. */
  readonly match: Selector;
  /** The format's name. */
  readonly weights: string;
  readonly bits: number;
  /** Squared error by energy, with that format rounded to the nearest. */
  readonly noise: number;
}

/** The width of a value that layers take in. */
export interface InputWidth {
  readonly name: string;
  /** The format's name. */
  readonly format: string;
  readonly bits: number;
  /** Squared error by energy. */
  readonly noise: number;
}

/** What {@link searchWidths} finds. */
export interface Widths {
  readonly model: Model;
  readonly chosen: WidthPoint;
  /** All that was judged, in that order. */
  readonly points: readonly WidthPoint[];
  readonly layers: readonly LayerWidth[];
  /** What layers take in, as far as its widths were searched for. */
  readonly inputs: readonly InputWidth[];
  /** Inputs that widths were found by, and others that judged them; 0 where there were none. */
  readonly samples: number;
  readonly heldOut: number;
  /** How good was measured; `null` where only bits count. */
  readonly metric: Loss['metric'] | null;
  /** Whether the goal is reached; if not, the widest setting was chosen. */
  readonly isReached: boolean;
}

const NAME = 'quantize';

/** @throws RangeError */
export function checkWidthOptions(options: WidthOptions): void {
  checkQuantizeOptions(options);
  checkOptions(NAME, WIDTHS, options);
  const { weights = FLOAT32, equivalentBits, maxLoss, maxError, metric } = options;
  checkGoal({ maxLoss, maxError, metric }, NAME);
  const { minBits = WIDTH_DEFAULTS.minBits, maxBits = WIDTH_DEFAULTS.maxBits } = options;
  if ((equivalentBits === undefined) !== isLossGiven(options)) {
    throw new RangeError(`${NAME}: expected a goal for widths, either equivalentBits or maxLoss (maxError)`);
  }
  if (hasOutputRange(options)) throw new RangeError(`${NAME}: range output does not go with a search for widths`);
  if (minBits > maxBits) throw new RangeError(`${NAME}: expected minBits up to maxBits, got ${minBits} and ${maxBits}`);
  if (equivalentBits !== undefined && equivalentBits < minBits) {
    throw new RangeError(`${NAME}: expected equivalentBits of at least minBits, ${minBits}, got ${equivalentBits}`);
  }
  const widths = weightWidthsOf(weights, options);
  if (widths.length === 0 && isReduced(options) && familyWidths(weights, options).length > 0) {
    throw new RangeError(
      `${NAME}: expected minBits below 8 for qdq in its reduced range, or fullRange, got ${minBits}`,
    );
  }
  if (widths.length === 0) {
    throw new RangeError(`${NAME}: expected a format that has several widths, such as int4, got ${weights}`);
  }
  const [narrowest] = widths;
  if (equivalentBits !== undefined && equivalentBits < narrowest.bits) {
    const least = `${narrowest.bits}, the narrowest width of ${weights}`;
    throw new RangeError(`${NAME}: expected equivalentBits of at least ${least}, got ${equivalentBits}`);
  }
  // Before the search, whose last step this is; any layer may be given the widest.
  const compensated = options.isCompensated && options.dataset ? widths : [];
  for (const { name } of compensated) checkCompensated({ ...options, weights: name });
}

/** A format, and how wide it is. */
export type FormatWidth = Pick<Format, 'bits' | 'name'>;

/** The widths that a family of formats has in a range. */
function familyWidths(
  family: string,
  { minBits = WIDTH_DEFAULTS.minBits, maxBits = WIDTH_DEFAULTS.maxBits }: WidthRange,
): FormatWidth[] {
  const widths = Array.from({ length: maxBits - minBits + 1 }, (_, i) => formatOfWidth(family, minBits + i));
  return widths.filter((format) => format !== undefined);
}

/** The widths that weights may have, none of them beyond the reduced range of `qdq`. */
export function weightWidthsOf(
  family: string,
  options: WidthRange & Pick<InputOptions, 'as' | 'fullRange'>,
): FormatWidth[] {
  return familyWidths(family, options).filter(({ name }) => !isReduced(options) || !isFullRange(name));
}

/** The widths that what layers take in may have; none where it is not searched for. */
export function inputWidthsOf({ inputs, as, ...options }: WidthOptions): FormatWidth[] {
  const isSearched = inputs !== undefined && as !== 'qdq' && isLossGiven(options);
  return isSearched ? familyWidths(inputs, options) : [];
}
