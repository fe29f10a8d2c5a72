import type { FitOptions } from '../quantize/formats/format.js';
import type { BY } from '../quantize/lines.js';

/**
 * The second moments of a layer's columns, sums over all of them, each matrix bordered by the sums of the columns
 * themselves and, in its corner, by their number: [groups, inputs + 1, inputs + 1].
 */
export interface Moments {
  /** 1 where all of the layer's groups read the same columns. */
  readonly groups: number;
  readonly inputs: number;
  /** Of the columns as the model compressed so far makes them. */
  readonly own: Float64Array;
  /** Rows: the columns of the original model; columns: those of the compressed one. Absent where both are the same. */
  readonly cross: Float64Array | undefined;
}

interface Damping {
  /** Share of the mean diagonal that is added to the diagonal before the inverse is taken. */
  readonly damping: number;
  /** The same for the least-squares targets. */
  readonly targetDamping: number;
}

/** A layer with what its inputs tell: numbers only, so that it can be handed to another thread. */
export interface MeasuredLayer extends Damping {
  readonly groups: number;
  readonly rows: number;
  readonly inputs: number;
  /** [groups, rows, inputs] */
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
  readonly moments: Moments;
}

/** What errors of a layer's output rows cost. */
export interface RowCosts {
  /** A squared error of each, [groups, rows]. */
  readonly squares: Float64Array;
  /** Errors of two, as their product, [groups, rows, rows]; absent: rows are looked at one by one. */
  readonly products: Float64Array | undefined;
}

/** A layer ready to be compensated. */
export interface LayerJob extends MeasuredLayer {
  /** Absent: an error costs what it is beside the layer's output. */
  readonly rowCosts: RowCosts | undefined;
  /** How much of that a bit is worth. */
  readonly lambda: number;
  /** Whether bits cost that much when levels are chosen, too, and not only when the grid is. */
  readonly isPriced: boolean;
  /** Values besides zero that k-means is to find, instead of a grid; zeros then stay zero, and bits have no price. */
  readonly clusters: number | undefined;
  /** Steps of the grid on either side of zero, at most. */
  readonly reach: number;
  /** Times that all weights are looked at once more in the end. */
  readonly sweeps: number;
}

/** A layer whose weights are to be rounded to a number format. */
export interface FormatJob extends MeasuredLayer, FitOptions {
  /** The format's name. */
  readonly format: string;
  readonly by: (typeof BY)[number];
  /** As in a layer that is compensated. */
  readonly sweeps: number;
}

export interface LayerResult {
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
}
