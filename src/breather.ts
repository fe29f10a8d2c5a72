/** Time between two breaths, ms: below what a user notices, and far above what a breath takes. */
const BREATH_MS = 20;

/** Nothing most of the time; every now and then what has to be waited for. */
export type Breathe = () => Promise<void> | undefined;

/** Lets timers, signals and other work have their turn, every now and then; for loops that never wait otherwise. */
export function breather(): Breathe {
  let last = performance.now();
  return () => {
    if (performance.now() - last < BREATH_MS) return undefined;
    return new Promise((resolve) => {
      // A message and no timer: of those a page that is not looked at has one a second.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        last = performance.now();
        resolve();
      };
      port2.postMessage(0);
    });
  };
}

/** Work in steps of a millisecond or so. Each is told whether other work may have had its turn before it. */
export type Steps<Result> = Generator<void, Result, boolean>;

/** Does work step by step, and breathes in between. */
export async function inTurns<Result>(steps: Steps<Result>, breathe: Breathe): Promise<Result> {
  for (let hasPaused = false; ; ) {
    const { done, value } = steps.next(hasPaused);
    if (done) return value;
    const breath = breathe();
    // Where there is none, nothing is waited for: that, too, would be somebody else's turn.
    if (breath) await breath;
    hasPaused = breath !== undefined;
  }
}

/** Does work in steps without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next(false);
    if (done) return value;
  }
}
