import type { Lifetime } from './lifetimes.js';

/**
 * The buffers that nnabla's converter lets values share (python/src/nnabla/utils/converter/nnablart): as many as are alive at
 * once, each as large as the value of its rank by size is at any step; then value after value takes the first free one that is
 * large enough, and where there is none, the first free one grows.
 *
 * @param lifetimes - in the order in which the values come up
 * @returns the buffers' sizes in bytes
 */
export function nnablaBuffers(lifetimes: readonly Lifetime[], steps: number): number[] {
  const sizes: number[] = [];
  for (let step = 0; step < steps; step++) {
    const alive = lifetimes.filter(({ first, last }) => first <= step && step <= last).map(({ bytes }) => bytes);
    alive.sort((a, b) => b - a);
    for (const [rank, bytes] of alive.entries()) sizes[rank] = Math.max(sizes[rank] ?? 0, bytes);
  }
  // The smallest that does is the first that does.
  sizes.reverse();
  const busy = sizes.map(() => -1);
  for (const { bytes, first, last } of lifetimes) {
    const free = (buffer: number) => busy[buffer] < first;
    const places = [...sizes.keys()].filter(free);
    const chosen = places.find((buffer) => sizes[buffer] >= bytes) ?? places[0];
    sizes[chosen] = Math.max(sizes[chosen], bytes);
    busy[chosen] = last;
  }
  return sizes;
}
