import { fieldOf, messageOf } from '../../src/guards.js';
import type { Asks, Name, Reply, Request } from './protocol.js';

/** Milliseconds between two shares of progress: more would only keep the page busy. */
const TELL_MS = 100;

/** What a worker can answer. */
export type Services<Names extends Name> = {
  [N in Names]: (
    ask: Asks[N]['ask'],
    how: { signal: AbortSignal; onProgress: (share: number) => void },
  ) => Promise<Asks[N]['answer']> | Asks[N]['answer'];
};

/** Answers questions, in this worker; those of an earlier page that nobody waits for any more are stopped. */
export function serve<Names extends Name>(services: Services<Names>): void {
  const running = new Map<number, AbortController>();
  const say = (reply: Reply) => self.postMessage(reply);
  self.onmessage = async ({ data: { id, name, ask } }: MessageEvent<Request>) => {
    if (!name) return running.get(id)?.abort();
    const stop = new AbortController();
    running.set(id, stop);
    try {
      const service = services[name as Names] as (ask: unknown, how: object) => unknown;
      let told = 0;
      const onProgress = (share: number) => {
        const now = performance.now();
        if (now < told + TELL_MS) return;
        told = now;
        say({ id, share });
      };
      say({ id, answer: await service(ask, { signal: stop.signal, onProgress }) });
    } catch (problem) {
      say({ id, problem: { message: messageOf(problem), isAborted: fieldOf(problem, 'code') === 'ABORTED' } });
    } finally {
      running.delete(id);
    }
  };
}
