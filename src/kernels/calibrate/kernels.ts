/** The values that weights may take, ascending, with zero among them where weights may become zero. */
export type Levels = Float32Array;

/** Rows of weights that take values from a few levels. */
export interface Rows {
  readonly rows: number;
  readonly inputs: number;
}

/**
 * The inner loops of calibration. There are two implementations that agree in every bit: WebAssembly, and TypeScript for
 * where that is missing or forbidden. Both take every sum in the same order, so that neither blocks nor threads show.
 */
export interface CalibrationKernels {
  /**
   * The upper triangle U with UᵀU = M⁻¹, in place of M: the inverse of the factor that a Cholesky decomposition from the
   * last row up gives. A third of the work of an inverse and a decomposition after it.
   *
   * @param matrix - symmetric, [size, size], row by row; overwritten, its lower triangle with zeros
   * @returns whether the matrix was positive definite; if not, what is in it is of no use
   */
  inverseFactor(matrix: Float64Array, size: number): boolean;

  /** rows · matrix: [n, size] from [n, size] and [size, size]. */
  product(rows: Float64Array, matrix: Float64Array, size: number): Float64Array;

  /** Rows times (UᵀU), the inverse that {@link inverseFactor} has factored: rows · M⁻¹. In place. */
  timesInverse(rows: Float64Array, factor: Float64Array, size: number): void;

  /**
   * Gives every weight a level, row by row from the first input to the last; what a choice does to the layer's output is
   * made up for by the weights after it (optimal brain surgery by columns: Hassibi & Stork 1993; Frantar et al. 2022).
   *
   * @param targets - [rows, inputs]: the weights to come close to
   * @param factor - U with UᵀU the inverse of the columns' second moments, [inputs, inputs]
   * @param bits - what each level costs
   * @param penalty - by row: how much squared error of the output a bit is worth
   * @param symbols - gets the index of each weight's level; what has `FIXED` in it is given, and stays
   * @param coupling - [rows, rows], below its diagonal: what share of the error of an earlier row (a column here) a row
   *   makes up for. Default: rows are by themselves
   */
  quantise(
    shape: Rows,
    targets: Float64Array,
    factor: Float64Array,
    levels: Levels,
    bits: Float32Array,
    penalty: Float64Array,
    symbols: Uint16Array,
    coupling?: Float64Array,
  ): void;

  /**
   * Coordinate descent on the exact objective: gives single weights other levels as long as that pays, up to `sweeps`
   * times through every row; where rows are coupled, panel by panel of `DEPTH` inputs.
   *
   * @param targets - [rows, inputs]: the weights that would leave no error
   * @param moments - of the columns, [inputs, inputs]
   * @param coupling - [rows, rows], with ones on its diagonal: how much the slope of a row's error changes with the errors
   *   of every row. Default: rows are by themselves
   */
  descend(
    shape: Rows,
    targets: Float64Array,
    moments: Float64Array,
    levels: Levels,
    bits: Float32Array,
    penalty: Float64Array,
    symbols: Uint16Array,
    sweeps: number,
    coupling?: Float64Array,
  ): void;
}
