import { bitsOf, dtypeOf } from '../../binary/dtype.js';
import { interleave } from '../../binary/planes.js';
import { naturalLength, naturalWidth, type WireTensor } from '../header.js';

/** The tensors of a header, and the skeleton in pieces, in which some of them stand. */
export interface Listing {
  readonly tensors: readonly WireTensor[];
  readonly skeleton: readonly Uint8Array[];
  /** For each tensor that stands in the skeleton: which of the pieces it is. */
  readonly pieces: readonly (number | undefined)[];
}

/** CBOR items of a tensor in the header: the map, its keys and values, the dimensions. */
export function itemsOf(tensor: WireTensor): number {
  return 1 + 2 * Object.keys(tensor).length + (tensor.d?.length ?? 0);
}

/**
 * Takes tensors off the list, the smallest of those that stand in the skeleton first: their bytes stay where they are, as
 * part of the skeleton around them, and the model is the same. A header may not say more than a container of its size
 * can pay for, and thousands of tensors of a few bytes are no reason to fill the container with zeros.
 *
 * @param limit - items that the tensors may have in the header
 * @returns a listing of so many items, or of all tensors that have sections, or are repeated, if these have more
 */
export function listWithin({ tensors, skeleton, pieces }: Listing, limit: number): Listing {
  const isRepeated = new Set(tensors.map(({ r }) => r));
  const candidates = [...tensors.keys()]
    .filter((index) => pieces[index] !== undefined && !isRepeated.has(index))
    .sort((a, b) => lengthOf(tensors[a]) - lengthOf(tensors[b]) || b - a);
  const dropped = new Set<number>();
  let items = tensors.reduce((sum, tensor) => sum + itemsOf(tensor), 0);
  for (const index of candidates) {
    if (items <= limit) break;
    items -= itemsOf(tensors[index]);
    dropped.add(index);
  }
  const plain = [...skeleton];
  const kept: WireTensor[] = [];
  const places: number[] = [];
  let file = 0;
  /** Skeleton since the last tensor of the file that is kept, without what stands right before the next one. */
  let gap = 0;
  for (const [index, tensor] of tensors.entries()) {
    const { f = 0, g, p, r } = tensor;
    if (f !== file) gap = 0;
    file = f;
    places.push(kept.length);
    if (dropped.has(index)) {
      gap += g + lengthOf(tensor);
      const piece = pieces[index] as number;
      if (p) plain[piece] = interleave(skeleton[piece], widthOf(tensor));
      continue;
    }
    kept.push({ ...tensor, g: gap + g, ...(r === undefined ? {} : { r: places[r] }) });
    gap = 0;
  }
  return { tensors: kept, skeleton: plain, pieces: pieces.filter((_, index) => !dropped.has(index)) };
}

function lengthOf({ y = 2, d = [], b }: WireTensor): number {
  return b ?? naturalLength(bitsOf(dtypeOf(y)), d);
}

function widthOf(tensor: WireTensor): number {
  return tensor.w ?? naturalWidth(bitsOf(dtypeOf(tensor.y ?? 2)), lengthOf(tensor));
}
