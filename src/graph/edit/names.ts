/**
 * The names of a graph with all graphs inside of it, and which nodes use them. Names are taken as they are written;
 * whether two that look alike mean the same value is for the scopes to say.
 */
export class Names<Node> {
  readonly #readers = new Map<string, Set<Node>>();
  readonly #makers = new Map<string, Set<Node>>();
  readonly #taken = new Set<string>();

  readers(name: string): ReadonlySet<Node> {
    return this.#readers.get(name) ?? new Set();
  }

  makers(name: string): ReadonlySet<Node> {
    return this.#makers.get(name) ?? new Set();
  }

  /** Notes that a name is in use. It stays taken when it goes out of use, so that no other value gets it by chance. */
  take(name: string): void {
    this.#taken.add(name);
  }

  /** Whether anything has, or has had, this name. */
  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  /** A name that nobody uses yet: `wanted` itself where it is free. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let i = 1; name === '' || this.#taken.has(name); i++) name = `${wanted}_${i}`;
    this.take(name);
    return name;
  }

  attach(node: Node, name: string, inputs: readonly string[], outputs: readonly string[]): void {
    this.take(name);
    for (const input of inputs) link(this.#readers, input, node, this.#taken);
    for (const output of outputs) link(this.#makers, output, node, this.#taken);
  }

  detach(node: Node, inputs: readonly string[], outputs: readonly string[]): void {
    for (const input of inputs) this.#readers.get(input)?.delete(node);
    for (const output of outputs) this.#makers.get(output)?.delete(node);
  }

  /** Forgets who uses which name; names stay taken. */
  clear(): void {
    this.#readers.clear();
    this.#makers.clear();
  }
}

function link<Node>(index: Map<string, Set<Node>>, name: string, node: Node, taken: Set<string>): void {
  if (name === '') return;
  taken.add(name);
  const nodes = index.get(name);
  if (nodes) nodes.add(node);
  else index.set(name, new Set([node]));
}
