/** What was changed, so that it can be taken back: every change notes how. */
export class Journal {
  readonly #steps: (() => void)[] = [];

  /** How many changes there were: a mark to come back to. */
  get length(): number {
    return this.#steps.length;
  }

  note(revert: () => void): void {
    this.#steps.push(revert);
  }

  /** Takes back every change since a mark, the last one first. */
  undo(mark: number): void {
    while (this.#steps.length > mark) this.#steps.pop()?.();
  }
}
