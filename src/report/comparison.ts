import type { Evaluation } from '../evaluate/evaluate.js';
import type { LossUnit } from '../evaluate/metric.js';
import type { Footprint } from '../footprint/footprint.js';
import type { Overhead, QuantizedTo, TensorReport } from '../inspect/figures.js';
import type { Row } from '../inspect/totals.js';
import type { Sensitivity } from '../sensitivity/options.js';

/**
 * Everything that is known of a compressed model beside its original: what `report` writes as HTML, Markdown or JSON.
 * Sizes are in bytes; `null` is "does not apply here" or "was not measured", in JSON also what is infinite.
 */
export interface Comparison {
  readonly original: ModelSize;
  readonly compressed: ModelSize & { readonly kind: 'fxq' | 'onnx' };
  /** `original.bytes / compressed.bytes`. */
  readonly ratio: number;
  /** Signal-to-noise ratio of all weights that both models have, in decibels: infinite where none has changed. */
  readonly snr: number | null;
  readonly accuracy: Accuracy | null;
  /** The tensors of the compressed model, as `inspect` gives them. */
  readonly tensors: readonly TensorReport[];
  readonly overhead: Overhead;
  /** The rows of the per-layer table: each weight tensor, the largest in the file first, then the other tensors as one. */
  readonly rows: readonly LayerRow[];
  readonly total: LayerRow;
  /** Where the compressed file's bytes are; together exactly `compressed.bytes`. */
  readonly parts: readonly FilePart[];
  /** The largest weight tensors from near by, and the names of those left out. */
  readonly layers: readonly LayerComparison[];
  readonly otherLayers: readonly string[];
  /** What general-purpose compression makes of the original. */
  readonly baselines: readonly Baseline[];
  readonly sensitivity: Sensitivity | null;
  readonly frontier: readonly FrontierPoint[];
  /** The memory of the original's activations, one sample; `null` where nothing was run. */
  readonly footprint: Footprint | null;
  /** What the original computes on the data, value by value, in that order; none where nothing was run. */
  readonly values: readonly ValueSpread[];
  /** What speaks against the figures, or the files. */
  readonly warnings: readonly string[];
  /** What stages have recorded in the compressed model, oldest first. */
  readonly stages: readonly string[];
  readonly provenance: Provenance | null;
}

/** A row of the per-layer table. */
export interface LayerRow extends Row {
  /** Signal-to-noise ratio of its weights in decibels, infinite where none has changed; `null` where they were not compared. */
  readonly snr: number | null;
}

/** A model, and what its files take. */
export interface ModelSize {
  /** As it was called. */
  readonly file: string;
  /** Of all its files. */
  readonly bytes: number;
}

/** How the two models answer on the same samples. */
export interface Accuracy {
  /** What they were run on. */
  readonly data: string;
  readonly original: Evaluation;
  /** `agreement` and the differences are against the original. */
  readonly compressed: Evaluation;
}

/** A part of a file, and what it takes. */
export interface FilePart {
  readonly name: string;
  readonly bytes: number;
}

/** A weight tensor from near by. */
export interface LayerComparison {
  readonly name: string;
  readonly dims: readonly number[];
  readonly weights: number;
  /** The number format that it was rounded to, and the signal-to-noise ratio of that in decibels; absent where it has none. */
  readonly format?: (QuantizedTo & { readonly snr: number }) | undefined;
  /** Of the original's weights. */
  readonly histogram: Histogram;
  /** Of the rounded weights, where a number format has given them more values than are listed below; else `null`. */
  readonly rounded: Histogram | null;
  /** The original's weights by powers of two, and what the number format reaches of them; `null` without one. */
  readonly spread: Spread;
  readonly reach: FormatRange | null;
  /** The values that the compressed weights share, zero left out, in order; `null` where they share none. */
  readonly centroids: readonly Centroid[] | null;
  /** Compressed weights that are zero. */
  readonly zeros: number;
  /** Where the weights are that were kept; `null` where hardly any was removed. */
  readonly densityMap: DensityMap | null;
}

/** Counts over equal intervals. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  /** Weights farther out than `from` and `to`: at most a thousandth on each side. */
  readonly below: number;
  readonly above: number;
}

/** Numbers by their powers of two: how many there are from 2^from on, from twice that on, and so forth. */
export interface Spread {
  readonly from: number;
  readonly counts: readonly number[];
  /** Exact zeros. */
  readonly zeros: number;
  /** Numbers too small for the counts, which go down by at most 20 powers. */
  readonly below: number;
}

/** A value between layers: its numbers, and the fixed-point format of 8 bits that holds them best. */
export interface ValueSpread {
  readonly name: string;
  /** The operator that makes it; `input` for what goes in. */
  readonly op: string;
  readonly low: number;
  readonly high: number;
  readonly spread: Spread;
  readonly format: string;
  readonly reach: FormatRange | null;
}

/** The least and the largest magnitude that a number format has, zero aside. */
export interface FormatRange {
  readonly low: number;
  readonly high: number;
}

/** A value and how many weights have it. */
export interface Centroid {
  readonly value: number;
  readonly weights: number;
}

/** A tensor as a matrix, its first dimension by all others, averaged to cells. */
export interface DensityMap {
  readonly rows: number;
  readonly columns: number;
  /** Share of each cell's weights that are not zero, 0 to 1, row by row. */
  readonly shares: readonly number[];
}

/** The original model made smaller by other means. */
export interface Baseline {
  readonly name: string;
  /** `null` where it was not measured. */
  readonly bytes: number | null;
  /** Why it was not measured. */
  readonly reason: string | null;
  /** Top-1 accuracy and agreement with the original of what is not lossless, where it was measured. */
  readonly top1: number | null;
  readonly agreement: number | null;
  /** Signal-to-noise ratio of its weights, in decibels; `null` where nothing is lost. */
  readonly snr: number | null;
}

/** A model that a search has tried. */
export interface FrontierPoint {
  /** Of its container. */
  readonly bytes: number;
  /** What it lost, and the ends that this is between on all such samples; these are `null` where the search did not tell them. */
  readonly loss: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** What losses are counted in. */
  readonly unit: LossUnit;
  /** The price of a bit that it was made with. */
  readonly lambda: number | null;
  readonly isChosen: boolean;
}

/** How a report and its models came about. */
export interface Provenance {
  /** The command that wrote the report. */
  readonly command: string;
  /** Versions by the program's name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly hashes: readonly FileHash[];
}

/** What a file can be recognised by. */
export interface FileHash {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}
