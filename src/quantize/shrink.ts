/** Which shares of a range are tried: so many coarse steps down to the least one, then finer ones on both sides of the best. */
export interface Shares {
  readonly least: number;
  readonly coarse: number;
  readonly fine: number;
}

/**
 * The share of a range, 0 to 1, at which the error is least: smaller ranges have smaller steps and cut more.
 *
 * @example
 * const share = bestShare((share) => errorOf(weights, make(share)), { least: 1 / 64, coarse: 32, fine: 8 });
 */
export function bestShare(errorAt: (share: number) => number, { least: end, coarse, fine }: Shares): number {
  const ratio = end ** (1 / coarse);
  let best = 1;
  let least = errorAt(1);
  const look = (share: number) => {
    const error = errorAt(share);
    if (error < least) [best, least] = [share, error];
  };
  for (let i = 1; i <= coarse; i++) look(ratio ** i);
  const middle = best;
  for (let i = 1 - fine; i < fine; i++) if (i !== 0) look(Math.min(1, middle * ratio ** (i / fine)));
  return best;
}
