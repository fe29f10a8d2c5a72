import type { Fitted, Format } from '../quantize/formats/format.js';
import { largestOf } from '../quantize/formats/range.js';
import { restrict, type Scaling } from '../quantize/formats/scale.js';
import { sided } from '../quantize/formats/ternary.js';

/**
 * Parameters of a number format that training learns, as logarithms of what they are to what they were at first: so they
 * stay positive, and a step of a given length changes small and large ones alike.
 */
export interface Scales {
  /** Numbers a line. */
  readonly count: number;
  /** The parameters that these numbers of a line mean. */
  fit(weights: Float32Array, first: Fitted, numbers: Float32Array): Fitted;
  /**
   * The gradient of a line's numbers.
   *
   * @param line - with the floats behind the values as its weights
   */
  gradient(line: LineGradient, into: Float32Array): void;
}

interface LineGradient {
  readonly weights: Float32Array;
  readonly values: Float32Array;
  readonly gradient: Float32Array;
  readonly fitted: Fitted;
}

/** Of the largest weight, below this share of it weights become zero (Zhu et al. 2017). */
const BORDER = 0.05;

/** What of a format can be learned; `undefined` where nothing can. */
export function scalesOf({ learned, isSign }: Format, scaling: Scaling): Scales | undefined {
  if (learned === 'scale') return stepSizes(scaling, isSign === true);
  return learned === 'sides' ? sides(scaling) : undefined;
}

/**
 * Learned step sizes: with w = s·v, a value s·round(v) changes with s by round(v) − v, and by the outermost code where v is
 * cut to it.
 *
 * Source: Esser et al. 2020, "Learned step size quantization", equations 3 and 4, and §2.2 for the length of the gradient.
 */
function stepSizes(scaling: Scaling, isSign: boolean): Scales {
  return {
    count: 1,
    fit: (_, { set, scale, offset }, [number]) => ({ set, scale: restrict(scale * Math.exp(number), scaling), offset }),
    gradient({ weights, values, gradient, fitted }, into) {
      const { set, scale, offset } = fitted;
      const [low, high] = isSign ? [0, 0] : [offset + scale * set.low, offset + scale * set.high];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        const isWithin = weights[i] > low && weights[i] < high;
        sum += gradient[i] * (values[i] - (isWithin ? weights[i] : offset));
      }
      into[0] = sum / Math.sqrt(weights.length * set.high);
    },
  };
}

/**
 * Trained ternary weights: a value for each side of zero, each moved by its own weights.
 *
 * Source: Zhu, Han, Mao & Dally 2017, "Trained ternary quantization", equations 6 to 8.
 */
function sides(scaling: Scaling): Scales {
  return {
    count: 2,
    fit(weights, { scale }, [below, above]) {
      const [low, high] = [below, above].map((number) => restrict(scale * Math.exp(number), scaling));
      return sided(BORDER * largestOf(weights), low, high);
    },
    gradient({ values, gradient }, into) {
      let below = 0;
      let above = 0;
      for (let i = 0; i < values.length; i++) {
        if (values[i] < 0) below += gradient[i] * values[i];
        else above += gradient[i] * values[i];
      }
      const length = 1 / Math.sqrt(values.length);
      into[0] = below * length;
      into[1] = above * length;
    },
  };
}
