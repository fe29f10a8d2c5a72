import { bitsOf, type DType } from '../binary/dtype.js';
import { hasCodebook, indexBits } from '../container/constants.js';
import type { TensorEntry } from '../container/header.js';
import type { Tensor } from '../model/model.js';
import { codedBits } from './coded-bits.js';
import { countValues, type Values } from './elements.js';
import type { TensorReport } from './figures.js';
import { readParts } from './section-parts.js';

type Figures = Omit<TensorReport, 'name' | 'role' | 'op' | 'dims' | 'dtype' | 'weights'>;

/** The figures of a tensor in an ONNX file, where nothing is coded. */
export function measurePayload(tensor: Pick<Tensor, 'dtype' | 'form' | 'count'>, payload: Uint8Array): Figures {
  const { dtype, form, count } = tensor;
  const values = countValues(payload, dtype, form, count);
  return {
    ...common(values, count),
    layout: null,
    sharedWith: null,
    weightBits: sharedBits(values, dtype, count),
    indexBits: 0,
    codedWeightBits: null,
    codedIndexBits: null,
    bytes: payload.length,
    payloadBytes: payload.length,
    codebookBytes: 0,
    tableBytes: 0,
    ratio: 1,
  };
}

/**
 * The figures of a tensor in a container.
 *
 * @param section - its section of the container, as far as codebook and tables go; empty for layout inline
 * @param payload - what the section decodes to
 * @param sharedWith - the tensor that the section is counted for, if it is not this one
 */
export function measureSection(
  entry: TensorEntry,
  tensor: Pick<Tensor, 'form' | 'count'>,
  section: Uint8Array,
  payload: Uint8Array,
  sharedWith: string | null = null,
): Figures {
  const { dtype, layout } = entry;
  const { form, count } = tensor;
  const values = countValues(payload, dtype, form, count);
  const { kept } = values;
  const base = { ...common(values, count), layout, sharedWith, payloadBytes: payload.length };
  if (layout === 'inline' || sharedWith !== null) {
    const none = {
      codedWeightBits: null,
      codedIndexBits: null,
      bytes: 0,
      codebookBytes: 0,
      tableBytes: 0,
      ratio: null,
    };
    return { ...base, ...none, weightBits: sharedBits(values, dtype, count), indexBits: 0 };
  }
  const parts = readParts(entry, section);
  const size = entry.section.length;
  const bytes = size - parts.codebookBytes - parts.tableBytes;
  const sizes = {
    bytes,
    codebookBytes: parts.codebookBytes,
    tableBytes: parts.tableBytes,
    ratio: size === 0 ? null : payload.length / size,
  };
  if (!hasCodebook(layout)) {
    const codedWeightBits = count === 0 ? 0 : (8 * size) / count;
    return {
      ...base,
      ...sizes,
      // Waves have no weights in the file, whose bits could be counted before they are coded.
      weightBits: layout === 'waves' ? codedWeightBits : typeBits(dtype, payload, count),
      indexBits: 0,
      codedWeightBits,
      codedIndexBits: 0,
    };
  }
  const { units, valueBits, positionBits } = codedBits(entry, payload, parts);
  return {
    ...base,
    ...sizes,
    // A unit is an element, except for types of less than a byte and for varints.
    weightBits: count === 0 ? 0 : (indexBits(parts.used) * units) / count,
    indexBits: kept === 0 ? 0 : positionBits / kept,
    codedWeightBits: kept === 0 ? 0 : valueBits / kept,
    codedIndexBits: kept === 0 ? 0 : (8 * bytes - valueBits) / kept,
  };
}

/** Bytes that a tensor takes before Huffman coding: indices, positions and the codebook, without code tables. */
export function rawBytes(tensor: TensorReport): number {
  const { layout, weights, kept, weightBits, indexBits: positions, codebookBytes } = tensor;
  // Where zero is a value like any other, it takes an index like any other.
  const isSparse = layout === 'gap' || layout === 'mask';
  return ((isSparse ? kept : weights) * weightBits + kept * positions) / 8 + codebookBytes;
}

function common({ kept, distinct }: Values, count: number): Pick<Figures, 'kept' | 'density' | 'clusters'> {
  return { kept, density: count === 0 ? 1 : kept / count, clusters: distinct ?? null };
}

/** Bits of an index if sharing values pays for the list of them, else those of the type. */
function sharedBits({ kept, distinct }: Values, dtype: DType, count: number): number {
  const bits = bitsOf(dtype) ?? 8;
  if (distinct === undefined || count === 0) return bits;
  const index = indexBits(distinct);
  return kept * index + distinct * bits < kept * bits ? index : bits;
}

function typeBits(dtype: DType, payload: Uint8Array, count: number): number {
  return bitsOf(dtype) ?? (count === 0 ? 8 : (8 * payload.length) / count);
}
