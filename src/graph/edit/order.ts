/** Which nodes have to stand before each node. */
export type Before<Node> = ReadonlyMap<Node, ReadonlySet<Node>>;

/** The pairs that stand the wrong way round: for a node, those after it that have to be before it. */
export function misplaced<Node>(nodes: readonly Node[], before: Before<Node>): Map<Node, Set<Node>> {
  const seen = new Set<Node>();
  const wrong = new Map<Node, Set<Node>>();
  for (const node of nodes) {
    const late = [...(before.get(node) ?? [])].filter((other) => !seen.has(other));
    if (late.length > 0) wrong.set(node, new Set(late));
    seen.add(node);
  }
  return wrong;
}

/**
 * Brings nodes into an order in which each comes after those that have to stand before it. The order that they have is
 * kept as far as may be: nodes are only drawn forward, to just before the first that needs them.
 *
 * @param onCycle - makes the error for a node that has to stand before itself
 */
export function sorted<Node>(nodes: readonly Node[], before: Before<Node>, onCycle: (node: Node) => Error): Node[] {
  const place = new Map(nodes.map((node, i) => [node, i]));
  const inOrder = (node: Node) =>
    [...(before.get(node) ?? [])].sort((one, other) => (place.get(one) ?? 0) - (place.get(other) ?? 0));
  const done = new Set<Node>();
  const open = new Set<Node>();
  // A stack of its own: a chain of nodes may be longer than calls can be nested.
  for (const first of nodes) {
    const stack = done.has(first) ? [] : [{ node: first, left: inOrder(first) }];
    if (stack.length > 0) open.add(first);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.left.shift();
      if (next === undefined) {
        done.add(top.node);
        open.delete(top.node);
        stack.pop();
      } else if (open.has(next)) {
        throw onCycle(next);
      } else if (!done.has(next)) {
        open.add(next);
        stack.push({ node: next, left: inOrder(next) });
      }
    }
  }
  return [...done];
}
