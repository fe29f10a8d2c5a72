const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that leaves something behind when it is killed: Ctrl-C then fires its signal instead, so that it can clean
 * up. Outside of it Ctrl-C ends the program at once.
 *
 * Signals arrive between two turns of the event loop: the work has to wait for something now and then.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Stays in place until the end: a shell and npm may send the same signal one after the other.
  const stop = (name: NodeJS.Signals) => controller.abort(name);
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}
