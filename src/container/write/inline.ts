import { encodeKernels, squeeze } from '../../kernels/encode/index.js';
import { estimate, hasLongRepeats, repeated } from './forecast.js';

/** Payloads up to this size may stay in the skeleton, if less is made of them there than by any layout. */
const MAX_INLINE = 1 << 20;

/** What a payload larger than {@link SMALL} has to save to stay in the skeleton. */
const LARGE_WORTHWHILE = 0.9;

/** Larger payloads than this are looked at more closely, if they repeat themselves. */
const SMALL = 1 << 15;

/** Of which layouts make less than this share of a large payload are good enough for it. */
const INCOMPRESSIBLE = 0.5;

/** The share of a large payload that has to stand in it a second time. */
const REPEATED = 0.2;

/** Bytes up to which a payload of single bytes is squeezed to see what it takes. */
const SHORT = 1 << 17;

/** Of a word that stands before the head's coder makes about so much, of any other about all. */
const SHARE_OF_REPEATED = 0.45;

/** Bytes of a large payload by which its form is chosen. */
const SAMPLE_BYTES = 1 << 13;

/** Bytes from which the difference between what the head's coder is thought to take and what it takes tells, and its share at most. */
const MIN_SQUEEZED = 1 << 11;
const CLOSE = 0.05;

/** Bytes that it takes less where others of the kind stand before it. */
const LEARNT = 32;

/** A payload as it would stand in the skeleton. */
export interface InlineForm {
  readonly isPlanar: boolean;
  readonly bytes: Uint8Array;
}

/**
 * The form in which a payload stays in the skeleton, if it takes at most `limit` bytes there. Small tables do, and
 * large ones that repeat in ways that a code of single weights cannot see, such as Fourier bases.
 */
export function inlineForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  if (payload.length > MAX_INLINE) return undefined;
  return payload.length > SMALL ? largeForm(payload, width, limit) : smallForm(payload, width, limit);
}

function smallForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  const about = estimate(payload, width, 1);
  // Of bytes a code of single ones makes about as much: then it is worth knowing what the coder does make.
  const isClose = width === 1 && payload.length >= MIN_SQUEEZED && Math.abs(about - limit) < CLOSE * limit;
  const plain = isClose ? squeeze(payload).length - LEARNT : about;
  if (width > 1) {
    const bytes = encodeKernels().toPlanes(payload, width);
    const planar = estimate(bytes, 1, width);
    if (planar < plain) return planar <= limit ? { isPlanar: true, bytes } : undefined;
  }
  return plain <= limit ? { isPlanar: false, bytes: payload } : undefined;
}

/** Whether a payload is one of those that the head's coder may make least of, so that any change to its values costs bytes. */
export function repeatsItself(payload: Uint8Array, width: number): boolean {
  return payload.length <= MAX_INLINE && payload.length > SMALL && repeated(payload, width) >= REPEATED;
}

/** The skeleton has to be there before the first weight: what is large must be worth the wait, and is not looked at in vain. */
function largeForm(payload: Uint8Array, width: number, limit: number): InlineForm | undefined {
  if (limit < payload.length * INCOMPRESSIBLE && !hasLongRepeats(payload, width)) return undefined;
  const share = repeated(payload, width);
  // Bytes repeat themselves in less than words, and a short look does not see it.
  if (share < REPEATED && (width > 1 || payload.length > SHORT)) return undefined;
  const start = ((payload.length - SAMPLE_BYTES) >> 1) & ~7;
  const sample = payload.subarray(start, start + SAMPLE_BYTES);
  const isPlanar = width > 1 && squeeze(encodeKernels().toPlanes(sample, width)).length < squeeze(sample).length;
  const bytes = isPlanar ? encodeKernels().toPlanes(payload, width) : payload;
  const most = LARGE_WORTHWHILE * limit;
  const about = payload.length * (1 - share * (1 - SHARE_OF_REPEATED));
  return about <= most || squeeze(bytes).length <= most ? { isPlanar, bytes } : undefined;
}
