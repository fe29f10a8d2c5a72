import type { Asks, Name, Reply, Request } from './protocol.js';

interface Waiting {
  resolve(answer: unknown): void;
  reject(problem: Error): void;
  onProgress: ((share: number) => void) | undefined;
}

/** A worker that is asked questions. */
export class Client {
  readonly #waiting = new Map<number, Waiting>();
  readonly #worker: Worker;
  #last = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#hear(data);
    worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message || 'the worker could not be loaded'));
      this.#waiting.clear();
    };
  }

  /** Asks; what an aborted question would have answered is an `AbortError`. */
  ask<N extends Name>(
    name: N,
    ask: Asks[N]['ask'],
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (share: number) => void } = {},
  ): Promise<Asks[N]['answer']> {
    const id = ++this.#last;
    this.#worker.postMessage({ id, name, ask } satisfies Request);
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => {
        if (!this.#waiting.delete(id)) return;
        this.#worker.postMessage({ id } satisfies Request);
        reject(new DOMException('stopped', 'AbortError'));
      });
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, onProgress });
    });
  }

  end(): void {
    this.#worker.terminate();
  }

  #hear({ id, share, answer, problem }: Reply): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (share !== undefined) {
      waiting.onProgress?.(share);
      return;
    }
    this.#waiting.delete(id);
    if (problem) waiting.reject(new Error(problem.message));
    else waiting.resolve(answer);
  }
}
