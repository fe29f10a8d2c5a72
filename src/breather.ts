/** Time between two breaths, ms: below what a user notices, and far above what a breath takes. */
const BREATH_MS = 20;

/** Lets timers, signals and other work have their turn, every now and then; for loops that never wait otherwise. */
export function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < BREATH_MS) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
