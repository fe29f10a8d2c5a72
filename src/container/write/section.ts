import { bitsOf } from '../../binary/dtype.js';
import { xxh32 } from '../../binary/xxh32.js';
import type { Tensor } from '../../model/model.js';
import { CHUNK, CODEBOOKS, LAYOUTS } from '../constants.js';
import { elements, naturalLength, naturalWidth, type WireTensor } from '../header.js';
import type { CodingOptions } from './coding.js';
import { planContexts } from './contexts.js';
import { planGap } from './gap.js';
import { onGrid } from './grid.js';
import { onGrids } from './grids.js';
import { inlineForm } from './inline.js';
import { planDense, planMask, planPacked, planPlanes, planVerbatim } from './layouts.js';
import { splitByDensity, splitLines } from './lines.js';
import type { Plan } from './plan.js';
import { asUnits, indexUnits } from './symbols.js';
import { planWaves } from './waves.js';

/** The layouts are tried from the fastest to decode to the slowest; a slower one has to save a hundredth. */
const WORTHWHILE = 0.99;

/** Classes of lines of what leaves zeros out cost a reader little. */
const SPLIT_WORTHWHILE = 0.995;

/** Decoding by what came before takes about twice as long: that has to save this share, and of a chunk that is the only one a third. */
const CONTEXTS_WORTHWHILE = 0.03;
const CONTEXTS_OF_ONE_CHUNK_WORTHWHILE = 0.01;

/** What a section adds to the header once that is squeezed: length, checksum, layout. */
const SECTION_FIELDS = 8;

/** Payloads of at most so many bytes take fewer in the skeleton than as a section, whatever they are. */
const TINY = 16;

/** The part of a header entry that says how the payload is coded. */
export type Coding = Omit<WireTensor, 'n' | 'y' | 'd' | 'f' | 'g'>;

/** A tensor as it goes into the container: its header entry, and its section or what stands of it in the skeleton. */
export type CodedTensor = { readonly entry: Coding } & (
  | { readonly section: Uint8Array; readonly inline?: never }
  | { readonly inline: Uint8Array; readonly section?: never }
);

/**
 * Codes a payload in the layout that makes it smallest. Works on bit patterns throughout, so it is lossless for every
 * value of every type.
 */
export function codeTensor(
  tensor: Pick<Tensor, 'dtype' | 'dims' | 'form' | 'length'>,
  payload: Uint8Array,
  { smallest = false }: CodingOptions = {},
): CodedTensor {
  const { dtype, dims, form, length } = tensor;
  const bits = bitsOf(dtype);
  // Varints are bytes of no fixed width, whatever they spell.
  const own = form === 'varint' ? 1 : naturalWidth(bits, length);
  const commonOf = (width: number) => ({
    ...(length === naturalLength(bits, dims) ? {} : { b: length }),
    ...(width === naturalWidth(bits, length) ? {} : { w: width }),
  });
  const inlineWithin = (width: number, limit: number): CodedTensor | undefined => {
    const inline = form === 'stretch' ? undefined : inlineForm(payload, width, limit);
    return inline && { entry: { ...commonOf(width), ...(inline.isPlanar ? { p: 1 } : {}) }, inline: inline.bytes };
  };
  const tiny = length <= TINY ? inlineWithin(own, Number.POSITIVE_INFINITY) : undefined;
  if (tiny) return tiny;
  const { plan: best, width } =
    form === 'stretch'
      ? planStretch(payload)
      : { plan: cheapest(payload, own, dtype === 'float32', dims, smallest ? 0 : CONTEXTS_WORTHWHILE), width: own };
  const common = commonOf(width);
  const inline = inlineWithin(width, best.bytes + SECTION_FIELDS);
  if (inline) return inline;
  const section = best.write();
  const { k, c, ...others } = best.fields;
  const fields = { ...(k ? { k } : {}), ...(c ? { c } : {}) };
  return {
    entry: { ...common, l: LAYOUTS.indexOf(best.layout), ...fields, ...others, s: section.length, x: xxh32(section) },
    section,
  };
}

/** Stretches are coded for time: by byte planes if that saves a fifth, and with a closer look if it saves half. */
const BY_PLANES = 0.8;
const SPARSE = 0.5;

/** Bytes of a stretch by which all of it is judged. */
const SAMPLE_BYTES = 1 << 14;

/** How to code bytes that no tensor claims, in about the time that reading them takes. */
function planStretch(payload: Uint8Array): { plan: Plan; width: number } {
  const start = (Math.max(0, payload.length - SAMPLE_BYTES) >> 1) & ~7;
  const sample = payload.slice(start, start + SAMPLE_BYTES);
  const [{ width, share }] = [1, 2, 4, 8]
    .filter((width) => sample.length % width === 0 && payload.length % width === 0)
    .map((width) => ({ width, share: (planPlanes(sample, width)?.bytes ?? 0) / sample.length }))
    .sort((a, b) => a.share - b.share);
  if (share < SPARSE) {
    const unit = payload.length % 4 === 0 ? 4 : 1;
    return { plan: cheapest(payload, unit, false, []), width: unit };
  }
  const plan = share < BY_PLANES ? planPlanes(payload, width) : undefined;
  return plan ? { plan, width } : { plan: planVerbatim(payload), width: 1 };
}

/** @param least - the share of the bytes that codes by what came before have to save */
function cheapest(
  payload: Uint8Array,
  width: number,
  isFloat: boolean,
  dims: readonly number[],
  least = CONTEXTS_WORTHWHILE,
): Plan {
  const plans: (Plan | undefined)[] = [];
  const units = width === 8 ? undefined : asUnits(payload, width);
  const listed = units && indexUnits(units);
  const hasDims = elements(dims) === units?.length;
  const grid = isFloat && units instanceof Uint32Array ? onGrid(units, listed) : undefined;
  const byLine =
    isFloat && hasDims && units instanceof Uint32Array ? onGrids(units, dims, grid?.grid?.steps[0]) : undefined;
  const waves = isFloat && hasDims && units instanceof Uint32Array ? planWaves(units, dims) : undefined;
  if (waves) plans.push(waves);
  const indexed = grid ?? listed;
  for (const form of [indexed, byLine]) {
    if (form) plans.push(...[planPacked, planDense, planGap, planMask].map((plan) => plan(form, isFloat)));
  }
  const split = indexed && hasDims ? splitLines(indexed, dims) : undefined;
  if (indexed && split) plans.push(...[planDense, planGap, planMask].map((plan) => plan(indexed, isFloat, split)));
  // More values than a codebook holds, or bytes, where the planes are the cheaper codebook.
  if (!indexed || width === 1) plans.push(planPlanes(payload, width));
  const better = (one: Plan, other: Plan | undefined) => (other && other.bytes < one.bytes * WORTHWHILE ? other : one);
  let best = plans.reduce<Plan>(better, planVerbatim(payload));
  const isSparse = best.layout === 'gap' || best.layout === 'mask';
  if (indexed && hasDims && isSparse && best.fields.c !== CODEBOOKS.indexOf('grids')) {
    const whole = best.bytes;
    const splits = splitByDensity(indexed, dims);
    const bySplit = splits.flatMap((split) => [planGap, planMask].map((plan) => plan(indexed, isFloat, split)));
    for (const plan of bySplit) if (plan && plan.bytes < Math.min(best.bytes, whole * SPLIT_WORTHWHILE)) best = plan;
  }
  // What leaves zeros out leaves little to tell.
  const form = best.fields.c === CODEBOOKS.indexOf('grids') ? byLine : indexed;
  if (!form || isSparse) return best;
  const share = form.symbols.length <= CHUNK ? Math.min(least, CONTEXTS_OF_ONE_CHUNK_WORTHWHILE) : least;
  const byContexts = planContexts(form, isFloat, dims, share);
  return byContexts && byContexts.bytes < best.bytes * (1 - share) ? byContexts : best;
}
