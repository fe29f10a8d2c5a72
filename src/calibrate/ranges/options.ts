import { choice, type OptionsOf, toggle } from '../../options/option.js';
import { formatOption } from '../../quantize/formats/option.js';
import { SIGNS, type Sign } from '../../quantize/values.js';
import { VALUE_RANGES, type ValueRange } from './fit.js';

/**
 * What a quantised model is written as. `values`: weights on their grid, as floats. `fake`: the same, and Div, Round, Clip and
 * Mul before layers. `qdq`: QuantizeLinear and DequantizeLinear around everything, which runtimes make integer kernels of.
 * `packed`: weights as int8 with Cast and Mul. `qonnx`: IntQuant, BipolarQuant and FloatQuant of QONNX.
 */
const FORMS = ['values', 'fake', 'qdq', 'packed', 'qonnx'] as const;
/** What a simulated model is written as. */
export type Form = (typeof FORMS)[number];

/** A format of values by name. */
export interface ValueRule {
  /** A glob over the names of values. */
  readonly match: string;
  /** A number format; `float32` leaves them as they are. */
  readonly format: string;
}

/** How values are rounded while a model runs, and what it is written as. */
export interface InputOptions {
  /** The number format of what layers take in, such as `uint8`. Default: they take in floats. */
  readonly inputs?: string | undefined;
  /** Values that are rounded in a way of their own, by name: for everybody who reads them where no layer does. */
  readonly values?: readonly ValueRule[] | undefined;
  /** How ranges are found. Default: `percentile` from 6 bits on, `mse` below. */
  readonly inputRange?: ValueRange | undefined;
  /**
   * Unsigned where a value is never negative and signed elsewhere; all of them signed; all unsigned, which cuts what is negative;
   * or unsigned with a zero point. Default `value`, and `zero-point` for `qdq`.
   */
  readonly sign?: Sign | undefined;
  /** Default: `fake` where values are rounded, else `values`. */
  readonly as?: Form | undefined;
  /**
   * Of `qdq`: int8 weights use all 8 bits, for processors with VNNI or the like. On others sums of two int8 products saturate in
   * 16 bits, which is why 7 are the default: the reduced range of other tools.
   */
  readonly fullRange?: boolean | undefined;
}

export const INPUTS = {
  inputs: formatOption('number format of what layers take in, such as uint8; needs --calibrate'),
  inputRange: choice({
    text: 'how their ranges are found',
    value: 'rule',
    of: VALUE_RANGES,
    otherwise: 'percentile from 6 bits on, mse below',
  }),
  sign: choice({
    text: 'their sign: by value, or the same for all',
    value: 'rule',
    of: SIGNS,
    otherwise: 'value; zero-point for qdq',
  }),
  as: choice({
    text: 'what the model is written as',
    value: 'form',
    of: FORMS,
    otherwise: 'fake with --inputs, else values',
  }),
  fullRange: toggle({ text: 'with qdq: int8 weights in 8 bits, not the reduced range of 7, for processors with VNNI' }),
} satisfies OptionsOf<InputOptions, 'values'>;
