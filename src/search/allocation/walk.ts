import type { Clock, Goal } from '../goal.js';
import type { Frontier, Setting } from './frontier.js';
import type { BudgetPoint } from './trials.js';

/** A setting of the whole model that was tried. */
export interface Tried {
  readonly setting: Setting;
  readonly point: BudgetPoint;
}

/** Most settings that one walk tries. */
export const MOST_TRIED = 8;

/** The first step away from where the goal was thought to be; each further one is twice as long. */
const STRIDE = 1.06;

/** A walk ends where the settings on both sides of the goal are this near in size. */
const NARROW = 0.005;

/**
 * Walks along a frontier to where the goal is, by bisection: size rises along it, and loss falls but for chance.
 *
 * @param attempt - tries a setting for real
 * @param near - where the goal is thought to be, in bytes of the layers: it is looked for there first, then farther away
 */
export async function walk(
  frontier: Frontier,
  goal: Goal,
  attempt: (setting: Setting) => Promise<Tried>,
  clock: Clock,
  near?: number,
): Promise<void> {
  const last = frontier.length - 1;
  let low = -1;
  let high = frontier.length;
  const bytesAt = (index: number) => frontier.bytes(Math.min(last, Math.max(0, index)));
  let stride = STRIDE;
  let next = nearestTo(frontier, near ?? Math.sqrt(bytesAt(low) * bytesAt(high)), low, high);
  for (let tries = 0; tries < MOST_TRIED && high - low > 1; tries++) {
    if (tries > 0 && clock.isOver()) break;
    const { point } = await attempt(frontier.setting(next));
    // More bytes than are needed for the loss, or than there may be.
    const isAbove = goal.limit === undefined ? point.bytes > goal.targetSize : point.judgement.high <= goal.limit;
    if (isAbove) high = next;
    else low = next;
    const isBracketed = low >= 0 && high <= last;
    if (isBracketed && bytesAt(high) - bytesAt(low) < NARROW * bytesAt(low)) break;
    let aim = Math.sqrt(bytesAt(low) * bytesAt(high));
    // What the file has beside its layers is known by now.
    if (goal.limit === undefined) aim = bytesAt(next) + goal.targetSize - point.bytes;
    else if (near !== undefined && !isBracketed) {
      aim = bytesAt(next) * (isAbove ? 1 / stride : stride);
      stride *= stride;
    }
    next = nearestTo(frontier, aim, low, high);
  }
}

/** The place between two others whose bytes are nearest to a size, in proportion. */
function nearestTo(frontier: Frontier, bytes: number, low: number, high: number): number {
  let best = low + 1;
  for (let at = low + 2; at < high; at++) {
    if (Math.abs(Math.log(frontier.bytes(at) / bytes)) < Math.abs(Math.log(frontier.bytes(best) / bytes))) best = at;
  }
  return best;
}
