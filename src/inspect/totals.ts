import type { QuantizedTo, TensorReport } from './figures.js';
import { rawBytes } from './measure.js';

/** One tensor, or several together, as a row of the table. `null` is "does not apply". */
export interface Row {
  readonly label: string;
  readonly weights: number;
  readonly density: number;
  /** Distinct values besides zero of a single tensor; infinite when there are too many to share. */
  readonly clusters: number | null;
  /** The number format of a single tensor; absent where no stage has recorded one. */
  readonly format?: QuantizedTo | undefined;
  /** Bits per kept weight: before and after Huffman coding. */
  readonly weightBits: readonly [raw: number | null, coded: number | null];
  readonly indexBits: readonly [raw: number | null, coded: number | null];
  readonly ratio: readonly [raw: number | null, coded: number | null];
  /** Bytes that the tensors take in the file, codebook and tables among them. */
  readonly bytes: number;
}

/**
 * Tensors as one row. Bits are means over the kept weights, ratios those of the summed bytes. What stays in the skeleton
 * has no size of its own, and so no part in bits and ratios; what repeats another tensor counts in ratios, for no bytes.
 */
export function toRow(label: string, tensors: readonly TensorReport[]): Row {
  const sum = (of: readonly TensorReport[], value: (tensor: TensorReport) => number) =>
    of.reduce((total, tensor) => total + value(tensor), 0);
  const sized = tensors.filter(({ ratio }) => ratio !== null);
  const kept = sum(sized, (tensor) => tensor.kept);
  const mean = (value: (tensor: TensorReport) => number | null) =>
    kept === 0 || sized.some((tensor) => value(tensor) === null)
      ? null
      : sum(sized, (tensor) => (value(tensor) ?? 0) * tensor.kept) / kept;
  const weights = sum(tensors, (tensor) => tensor.weights);
  const repeated = tensors.filter(({ sharedWith }) => sharedWith !== null);
  const payload = sum([...sized, ...repeated], (tensor) => tensor.payloadBytes);
  const bytes = sum(sized, sizeOf);
  const raw = sum(sized, rawBytes);
  const isCoded = sized.some(({ layout }) => layout !== null);
  return {
    label,
    weights,
    density: weights === 0 ? 1 : sum(tensors, (tensor) => tensor.kept) / weights,
    ...(tensors.length === 1 && tensors[0].format && { format: tensors[0].format }),
    clusters: tensors.length === 1 ? (tensors[0].clusters ?? Number.POSITIVE_INFINITY) : null,
    weightBits: [mean((tensor) => tensor.weightBits), mean((tensor) => tensor.codedWeightBits)],
    indexBits: [mean((tensor) => tensor.indexBits), mean((tensor) => tensor.codedIndexBits)],
    ratio: isCoded ? [raw === 0 ? null : payload / raw, bytes === 0 ? null : payload / bytes] : [null, null],
    bytes,
  };
}

/** Everything that a tensor takes in the file. */
export function sizeOf({ bytes, codebookBytes, tableBytes }: TensorReport): number {
  return bytes + codebookBytes + tableBytes;
}
