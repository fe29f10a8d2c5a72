import { LAYOUTS, type Layout } from '../../../src/container/constants.js';
import type { TensorEntry } from '../../../src/container/header.js';
import { decodeSection } from '../../../src/container/read/index.js';
import { planGap } from '../../../src/container/write/gap.js';
import { planDense, planMask, planPacked, planPlanes } from '../../../src/container/write/layouts.js';
import { asUnits, indexUnits } from '../../../src/container/write/symbols.js';
import { FxqError } from '../../../src/errors.js';
import type { Kernels } from '../../../src/kernels/decode/kernels.js';
import type { Random } from '../../support/random.js';

/** The layouts that kernels decode. */
export const CODED = LAYOUTS.filter((layout) => !['inline', 'verbatim', 'waves'].includes(layout));

export interface Coded {
  readonly tensor: TensorEntry;
  readonly section: Uint8Array;
  readonly payload: Uint8Array;
}

/** A payload of `units` units of at most `values` values, of which the share `density` is not zero. */
export function payloadOf(random: Random, units: number, width: number, values: number, density: number): Uint8Array {
  const book = Array.from({ length: values }, () => random.uint32() | 1);
  const out = new Uint8Array(units * width);
  const view = asUnits(out, width);
  // The product of two makes small indices the more frequent ones, so that codes differ in length.
  for (let i = 0; i < units; i++) {
    if (random.float() < density) view[i] = book[Math.floor(random.float() * random.float() * values)];
  }
  return out;
}

/** Codes a payload in this layout, whether or not it is the best one; `undefined` where the layout cannot. */
export function code(layout: Layout, payload: Uint8Array, width: number): Coded | undefined {
  const indexed = indexUnits(asUnits(payload, width));
  if (layout !== 'planes' && indexed === undefined) return undefined;
  const plan = {
    packed: () => indexed && planPacked(indexed, false),
    dense: () => indexed && planDense(indexed, false),
    gap: () => indexed && planGap(indexed, false),
    mask: () => indexed && planMask(indexed, false),
    planes: () => planPlanes(payload, width),
    inline: () => undefined,
    verbatim: () => undefined,
    waves: () => undefined,
  }[layout]();
  if (plan === undefined) return undefined;
  const section = plan.write();
  const { k = 0, q = 4 } = plan.fields;
  const tensor: TensorEntry = {
    name: layout,
    dtype: 'float32',
    dims: [payload.length / width],
    file: 0,
    offset: 0,
    length: payload.length,
    width,
    units: payload.length / width,
    layout,
    codebookSize: k,
    codebookKind: 'native',
    gapBits: q,
    lines: { classes: 1, count: 1, inner: 1 },
    contexts: { classes: 1, distance: 0 },
    inlineAt: 0,
    isPlanar: false,
    owner: 0,
    section: { offset: 0, length: section.length, checksum: 0 },
  };
  return { tensor, section, payload };
}

/** What decoding does: the bytes, or the message of the typed error. Anything else that is thrown is a failure. */
export function outcome({ tensor }: Coded, section: Uint8Array, kernels: Kernels): Uint8Array | string {
  const out = new Uint8Array(tensor.length);
  try {
    decodeSection(tensor, section, out, kernels);
    return out;
  } catch (error) {
    if (error instanceof FxqError && error.code === 'CONTAINER_MALFORMED') return error.message;
    throw error;
  }
}
