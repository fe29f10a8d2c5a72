import type { Report, TensorReport } from '../inspect/figures.js';
import type { FilePart } from './comparison.js';

/** Where a file's bytes are, by what they are for; together all of them. */
export function partsOf({ tensors, overhead }: Report): FilePart[] {
  const sum = (of: readonly TensorReport[]) => of.reduce((total, { bytes }) => total + bytes, 0);
  const weights = tensors.filter(({ role }) => role === 'weight');
  const values = Math.round(weights.reduce((total, tensor) => total + valueBytes(tensor), 0));
  const parts = [
    { name: 'weights', bytes: values },
    { name: 'indices', bytes: sum(weights) - values },
    { name: 'other tensors', bytes: sum(tensors) - sum(weights) },
    { name: 'codebooks', bytes: overhead.codebooks },
    { name: 'code tables', bytes: overhead.tables },
    { name: 'header', bytes: overhead.header + overhead.other },
    { name: 'skeleton', bytes: overhead.skeleton },
  ];
  return parts.filter(({ bytes }) => bytes > 0);
}

/** Bytes of the codes of the weights that are not zero; where nothing is shared, all of them. */
function valueBytes({ bytes, kept, codedWeightBits, codedIndexBits }: TensorReport): number {
  return codedWeightBits === null || codedIndexBits === 0 ? bytes : (codedWeightBits * kept) / 8;
}
