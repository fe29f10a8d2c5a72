import { Client } from './client.js';
import { element, html } from './dom.js';
import { answersView } from './views/answers.js';

/** The answers of the model before and after: run when asked for, and from then on after every change. */
export class Comparing {
  #client: Client | undefined;
  #inputs: File | undefined;
  #isWanted = false;
  #stop = new AbortController();

  /** @param subject - what there is to compare, once there is something */
  constructor(private readonly subject: () => Promise<{ original: Blob; container: Uint8Array } | undefined>) {
    element('compare').addEventListener('click', () => this.#want());
    const input = element<HTMLInputElement>('inputs');
    input.addEventListener('change', () => {
      [this.#inputs] = input.files ?? [];
      this.#want();
    });
  }

  /** Another model: nothing is wanted of it yet. */
  forget(): void {
    this.#stop.abort();
    [this.#isWanted, this.#inputs] = [false, undefined];
    element('answers').replaceChildren();
  }

  /** Something has changed. */
  async again(): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    if (!this.#isWanted) return;
    const into = element('answers');
    const bar = html('progress', { max: 1, 'aria-label': 'answers' });
    into.replaceChildren(bar);
    try {
      const subject = await this.subject();
      if (!subject || signal.aborted) return;
      this.#client ??= new Client(new Worker(new URL('./answers-worker.ts', import.meta.url), { type: 'module' }));
      const onProgress = (share: number) => {
        bar.value = share;
      };
      const answers = await this.#client.ask('compare', { ...subject, inputs: this.#inputs }, { signal, onProgress });
      into.replaceChildren(...answersView(answers));
    } catch (problem) {
      if (signal.aborted) return;
      into.replaceChildren(html('p', { class: 'problem' }, (problem as Error).message));
    }
  }

  #want(): void {
    this.#isWanted = true;
    this.again();
  }
}
