import { createRandom } from '../random.js';
import { boundOf, type Lifetime } from './lifetimes.js';

/** Memory with its place. */
interface Placed extends Lifetime {
  /** Bytes from the beginning. */
  readonly offset: number;
}

/** Where everything lies, in the order in which it was placed. */
export interface Placement {
  /** Bytes that hold all of it. */
  readonly peak: number;
  readonly buffers: readonly Placed[];
}

/** Comparisons of two buffers that a search for a better order may take: a second or so. */
const EFFORT = 1e8;
/** Orders without a better one after which a search gives up, for each buffer. */
const PATIENCE = 20;

/** Puts one after the other as low as there is room among those that are alive at the same time. */
export function firstFit(lifetimes: readonly Lifetime[]): Placement {
  const placed: Placed[] = [];
  let peak = 0;
  for (const lifetime of lifetimes) {
    const { first, last, bytes } = lifetime;
    let offset = 0;
    // `placed` is by offset, so that a gap is met before what lies behind it.
    for (const other of placed) {
      if (other.first > last || other.last < first) continue;
      if (other.offset - offset >= bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    peak = Math.max(peak, offset + bytes);
    insert(placed, { ...lifetime, offset });
  }
  return { peak, buffers: placed };
}

/** The largest first, which is how TensorFlow Lite plans its arena. */
export function greedyBySize(lifetimes: readonly Lifetime[]): Placement {
  return firstFit(bySize(lifetimes));
}

/**
 * The best placement that is found: greedy by size, and where that is above the bound, orders in which those that stand out come
 * earlier, or change places with others.
 */
export function placeBest(lifetimes: readonly Lifetime[], steps: number): Placement {
  const bound = boundOf(lifetimes, steps);
  let order = bySize(lifetimes);
  let best = firstFit(order);
  const random = createRandom(0);
  const tries = Math.min(PATIENCE * order.length, Math.floor(EFFORT / (1 + order.length ** 2)));
  for (let failed = 0; failed < tries && best.peak > bound; failed++) {
    const next = exchanged(order, best, random.below);
    const placement = firstFit(next);
    // A step sideways may lead on.
    if (placement.peak > best.peak) continue;
    if (placement.peak < best.peak) failed = -1;
    [order, best] = [next, placement];
  }
  return best;
}

/** The order with one of those that reach the peak put before another, or with two changed. */
function exchanged(
  order: readonly Lifetime[],
  { peak, buffers }: Placement,
  below: (limit: number) => number,
): Lifetime[] {
  const top = buffers.filter(({ offset, bytes }) => offset + bytes === peak);
  const chosen = top[below(top.length)];
  const next = order.slice();
  const from = next.findIndex(({ name }) => name === chosen.name);
  if (from === 0 || below(2) === 0) {
    const other = below(next.length);
    [next[from], next[other]] = [next[other], next[from]];
  } else {
    next.splice(below(from), 0, ...next.splice(from, 1));
  }
  return next;
}

function bySize(lifetimes: readonly Lifetime[]): Lifetime[] {
  return lifetimes.slice().sort((a, b) => b.bytes - a.bytes);
}

function insert(placed: Placed[], next: Placed): void {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle].offset > next.offset) high = middle;
    else low = middle + 1;
  }
  placed.splice(low, 0, next);
}
