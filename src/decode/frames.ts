/** Milliseconds that a page shows one picture. */
const FRAME_MS = 16;

/** Says whether it is time to tell something, at most once a frame. */
export function oncePerFrame(): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now < last + FRAME_MS) return false;
    last = now;
    return true;
  };
}
