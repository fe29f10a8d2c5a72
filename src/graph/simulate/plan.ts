import type { DType } from '../../binary/dtype.js';
import type { ValueRounding } from '../../quantize/values.js';
import type { Site } from './sites.js';

/** Which values of a model are rounded, and for whom. */
export interface RoundingPlan {
  /** How values are rounded that layers take in: by the names of the values. */
  readonly values: ReadonlyMap<string, ValueRounding>;
  /** The layers that take them in. Values without any are rounded for everybody who reads them. */
  readonly sites: readonly Site[];
  /** Floats of other widths than 32 bits: rounding these values takes a Cast there and back. */
  readonly casts: ReadonlyMap<string, DType>;
}

/** Who reads a value rounded: sites as `node input`, by value; `undefined` for everybody. */
export function readersOf({ values, sites }: RoundingPlan): Map<string, ReadonlySet<string> | undefined> {
  return new Map(
    Array.from(values.keys(), (value) => {
      const own = sites.filter((site) => site.value === value).map(({ index, input }) => siteKey(index, input));
      return [value, own.length > 0 ? new Set(own) : undefined];
    }),
  );
}

/** What a site is found by. */
export function siteKey(index: number, input: number): string {
  return `${index} ${input}`;
}
