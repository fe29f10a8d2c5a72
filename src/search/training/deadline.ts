import { FxqError } from '../../errors.js';

/** Why a search ended that has more to try. */
export const TIME_IS_OVER = 'the time is over';

/** The longest that a timer of JavaScript can be set to, ms. */
const LONGEST = 2 ** 31 - 1;

/**
 * What work gives, or nothing where it does not end within so many milliseconds: then its signal fires, as it does when the one
 * fires that is given, of which the work's own error tells.
 *
 * @param ms - from now on; infinite: there is no end to it
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  const timer = ms < LONGEST ? setTimeout(() => controller.abort(TIME_IS_OVER), Math.max(0, ms)) : undefined;
  try {
    return await work(controller.signal);
  } catch (error) {
    const isOver = error instanceof FxqError && error.code === 'ABORTED' && error.cause === TIME_IS_OVER;
    // It may be the time of what this is part of that is over.
    if (!isOver || signal?.aborted) throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
