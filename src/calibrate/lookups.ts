import type { Layer } from '../graph/layers.js';
import type { Moments, RowCosts } from './job.js';

/** What errors of rows cost that are looked up. */
export interface LookupCosts {
  /** Of errors of two elements of a row, as their product, of all lookups together: [inputs, inputs]. */
  readonly products: Float64Array;
  /** How often each row is looked up, as a share of all. */
  readonly shares: Float64Array;
}

/** Lookups that every row counts for beside those that were seen: a word that no input held may come up in others. */
const UNSEEN = 0.5;

/** How often rows are looked up, as shares of which none is nothing. */
export function lookupShares(counts: Float64Array): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0) + UNSEEN * counts.length;
  return counts.map((count) => (count + UNSEEN) / total);
}

/**
 * The moments and costs of a layer whose rows are looked up, perhaps beside products with them, as in a table of embeddings
 * that gives the scores of words, too. An error e of row v costs s_v·e·H·eᵀ by products and φ_v·e·Γ·eᵀ by lookups. Rows have
 * one matrix in common, H + Γ / Σs, and each the cost that makes up for it on average.
 *
 * @param moments - of products, which may be overwritten; of a table that is only looked up they are not read
 */
export function withLookups(
  { isLookup, inputs }: Layer,
  moments: Moments,
  rowCosts: RowCosts | undefined,
  lookups: LookupCosts | undefined,
): { moments: Moments; rowCosts: RowCosts | undefined } {
  if (!lookups) return { moments, rowCosts };
  const { products, shares } = lookups;
  const border = inputs + 1;
  const trace = (of: (j: number) => number) =>
    Array.from({ length: inputs }, (_, j) => of(j)).reduce((a, b) => a + b, 0);
  if (isLookup) {
    const own = new Float64Array(border * border);
    own[border * border - 1] = 1;
    for (let i = 0; i < inputs; i++) own.set(products.subarray(i * inputs, (i + 1) * inputs), i * border);
    return { moments: { ...moments, own, cross: undefined }, rowCosts: { squares: shares, products: undefined } };
  }
  const total = rowCosts?.squares.reduce((a, b) => a + b, 0) ?? 0;
  if (!rowCosts || !(total > 0)) return { moments, rowCosts };
  const { own, cross } = moments;
  const count = own[border * border - 1];
  const multiplied = trace((j) => own[j * border + j] / count);
  const lookedUp = trace((j) => products[j * inputs + j]);
  for (const sums of cross ? [own, cross] : [own]) {
    const weight = sums[border * border - 1] / total;
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < inputs; j++) sums[i * border + j] += weight * products[i * inputs + j];
    }
  }
  const all = multiplied + lookedUp / total;
  const squares = rowCosts.squares.map((cost, row) => (cost * multiplied + shares[row] * lookedUp) / all);
  return { moments, rowCosts: { squares, products: undefined } };
}
